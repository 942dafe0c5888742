"""nbgrader's folders: strange names, missing folders, and what a run in progress looks like."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.collector import CollectError, Deadline
from exporter.collectors import nbgrader_folders
from exporter.collectors.breakdown import Breakdown
from exporter.collectors.facts import Facts
from exporter.collectors.files import FilesCollector
from exporter.collectors.memory import Memory
from exporter.collectors.nbgrader_folders import attempts, parse_time
from exporter.databases import open_pool
from exporter.profiles.blocks import FILE_FEEDS
from exporter.state import StateFile
from tests.unit.exporter.jobs import Clock

NOON = 1_772_452_800.0  # 2026-03-02 12:00 UTC


class Course:
    """A course's folders and the table of what nbgrader's database knows."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = Clock(NOON)
        for name in ("exchange/inbound", "course"):
            (root / name).mkdir(parents=True)
        self.db = sqlite3.connect(root / "gradebook.db", isolation_level=None)
        self.db.execute("CREATE TABLE known (student, assignment)")

    def submit(self, student: str, assignment: str, time: str = "2026-03-02 11:00:00.000000 UTC") -> None:
        (self.root / "exchange/inbound" / f"{student}+{assignment}+{time}+r4nd0m").mkdir()

    def collected(self, student: str, assignment: str, time: str = "2026-03-02 11:00:00.000000 UTC") -> None:
        self.folder("submitted", student, assignment, time)

    def autograded(self, student: str, assignment: str, time: str = "2026-03-02 11:00:00.000000 UTC") -> None:
        self.begun(student, assignment)
        os.utime(self.folder("autograded", student, assignment, time), (NOON, NOON))

    def begun(self, student: str, assignment: str) -> None:
        self.db.execute("INSERT INTO known VALUES (?, ?)", (student, assignment))

    def folder(self, kind: str, student: str, assignment: str, time: str) -> Path:
        folder = self.root / "course" / kind / student / assignment
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "timestamp.txt").write_text(time + "\n")
        return folder

    def collector(self, once: bool = False, breakdown: Breakdown | None = None) -> FilesCollector:
        facts = Facts()
        state = None if once else StateFile(self.root / "state.json", "files")
        return FilesCollector(
            names="SELECT student, assignment FROM known",
            feeds=frozenset(FILE_FEEDS["nbgrader"]),
            pool=open_pool("gradebook", f"sqlite://{self.root}/gradebook.db"),
            facts=facts,
            memory=Memory("files", facts, state),
            course=self.root / "course",
            exchange=self.root / "exchange",
            breakdown=breakdown,
            once=once,
            clock=self.clock,
        )


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path)


def read(collector: FilesCollector) -> dict[str, float]:
    return {
        " ".join((s.name.removeprefix("grader_"), *s.labels.values())): s.value
        for family in collector.collect(Deadline.after(10))
        for s in family.samples
    }


def test_a_course_that_has_just_begun_is_all_zero(course: Course) -> None:
    found = read(course.collector())
    assert found["queue_depth waiting grading"] == found["queue_oldest_age_seconds waiting grading"] == 0
    assert {value for name, value in found.items()} == {0}


def test_attempts_and_failures_are_counted_by_assignment(course: Course) -> None:
    values = "SELECT DISTINCT assignment FROM known"
    collector = course.collector(breakdown=Breakdown({"assignment": ("hw*",)}, values, 50))
    course.begun("s0", "hw1")
    assert read(collector)["submissions_total first hw1"] == 0
    for assignment in ("hw1", "hw2", "exam"):
        course.submit("s1", assignment)
        course.collected("s1", assignment)
    course.begun("s1", "hw2")
    read(collector)
    course.clock.now += 700
    found = read(collector)
    kept = {name: value for name, value in found.items() if name.startswith("submissions_total first")}
    assert kept == {f"submissions_total first {name}": 1 for name in ("hw1", "hw2", "other")}
    assert found["grading_failures_total grade hw2"] == 1
    again = read(course.collector(breakdown=Breakdown({"assignment": ("hw*",)}, values, 50)))
    assert again["submissions_total first hw2"] == 1


@pytest.mark.parametrize("student", ["s01", "a+b", "Ünïcödé", "x y"])
def test_a_name_may_hold_a_plus_sign(course: Course, student: str) -> None:
    course.submit(student, "hw1")
    (attempt,) = attempts(course.root / "exchange", Deadline.after(1))
    assert attempt.key == (student, "hw1")
    assert attempt.at == NOON - 3600


def test_what_is_no_submission_is_left_alone(course: Course) -> None:
    for name in ("notes", ".hidden+hw1+2026-03-02 11:00:00.0 UTC+x", "a+b"):
        (course.root / "exchange/inbound" / name).mkdir()
    (course.root / "exchange/inbound/a+hw1+2026-03-02 11:00:00.0 UTC+file").write_text("")
    assert attempts(course.root / "exchange", Deadline.after(1)) == []


def test_a_submission_waits_until_it_is_graded(course: Course) -> None:
    collector = course.collector()
    steps: list[tuple[Callable[[], None], int]] = [
        (lambda: course.submit("s", "hw1"), 1),
        (lambda: course.collected("s", "hw1"), 1),
        (lambda: course.autograded("s", "hw1"), 0),
        (lambda: course.submit("s", "hw1", "2026-03-02 11:30:00.000000 UTC"), 1),
        (lambda: course.collected("s", "hw1", "2026-03-02 11:30:00.000000 UTC"), 1),
        (lambda: course.autograded("s", "hw1", "2026-03-02 11:30:00.000000 UTC"), 0),
    ]
    read(collector)
    for step, waiting in steps:
        step()
        found = read(collector)
        assert found["queue_depth waiting grading"] == waiting
        assert found["queue_oldest_age_seconds waiting grading"] in (0, 1800, 3600)
    assert found["submissions_total first"] == found["submissions_total resubmission"] == 1
    assert found["turnaround_seconds_count observed"] == 2
    assert found["turnaround_seconds_sum observed"] == 3600 + 1800


def test_a_grading_has_failed_when_its_folder_stays_away(course: Course) -> None:
    """nbgrader removes the folder of a crashed grading and keeps its row; one in progress looks the same."""
    collector = course.collector()
    read(collector)
    course.collected("s", "hw1")
    course.begun("s", "hw1")
    failures = []
    for seconds in (0, 300, 299, 1, 5000):
        course.clock.now += seconds
        failures.append(read(course.collector())["grading_failures_total grade"])
    assert failures == [0, 0, 0, 1, 1], "after ten minutes, across restarts, and once"


def test_a_grading_in_progress_is_no_failure(course: Course) -> None:
    collector = course.collector()
    course.collected("s", "hw1")
    read(collector)
    course.begun("s", "hw1")
    read(collector)
    course.autograded("s", "hw1")
    course.clock.now += 5000
    found = read(collector)
    assert found["grading_failures_total grade"] == 0
    assert found["turnaround_seconds_count observed"] == 1


def test_attempts_that_were_purged_and_come_back_do_not_count_again(course: Course) -> None:
    collector = course.collector()
    read(collector)
    course.submit("s", "hw1")
    assert read(collector)["submissions_total first"] == 1
    folder = next((course.root / "exchange/inbound").iterdir())
    folder.rmdir()
    read(collector)
    folder.mkdir()
    assert read(course.collector())["submissions_total first"] == 1


def test_once_counts_what_is_there(course: Course) -> None:
    for time in ("11:00:00", "11:10:00", "11:20:00"):
        course.submit("s", "hw1", f"2026-03-02 {time}.000000 UTC")
    course.collected("t", "hw1")
    course.begun("t", "hw1")
    found = read(course.collector(once=True))
    assert (found["submissions_total first"], found["submissions_total resubmission"]) == (1, 2)
    assert found["grading_failures_total grade"] == 1


def test_a_folder_that_is_gone_is_down_and_up_again_when_it_is_back(course: Course) -> None:
    collector = course.collector()
    (course.root / "exchange").rename(course.root / "moved")
    with pytest.raises(CollectError, match=r"exchange .*: No such file or directory") as caught:
        read(collector)
    assert caught.value.reason == "connect"
    assert collector.facts.files_up == {"exchange": False}
    (course.root / "moved").rename(course.root / "exchange")
    read(collector)
    assert collector.facts.files_up == {"exchange": True, "course": True}


def test_nothing_that_a_student_makes_hides_the_submissions_of_others(course: Course) -> None:
    """A link to nowhere, a name of another encoding, a pipe and other odd times in place of a time."""
    course.submit("ann", "hw1")
    inbound = course.root / "exchange/inbound"
    (inbound / "link+hw1+2026-03-02 11:00:00.0 UTC+x").symlink_to("x" * 300)
    os.mkdir(os.fsencode(inbound) + b"/b\xf6b+hw1+2026-03-02 11:00:00.0 UTC+x")
    course.collected("cyd", "hw1", "2026-03-02 11:00:00.0 +9999")
    course.collected("eve", "hw1", "2026-03-02 11:00:00.0 UTC" + " " * 200)
    pipe = course.folder("submitted", "dan", "hw1", "") / "timestamp.txt"
    pipe.unlink()
    os.mkfifo(pipe)
    read(collector := course.collector())
    assert read(collector)["queue_depth waiting grading"] == 5


def test_a_folder_that_goes_while_they_are_read_is_no_trouble(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Collecting a submission again removes the folder before."""
    for student in ("ann", "bob"):
        course.collected(student, "hw1")
    real = nbgrader_folders._timestamp

    def go(folder: Path) -> float | None:
        if folder.parent.name == "ann":
            shutil.rmtree(folder)
        return real(folder)

    monkeypatch.setattr(nbgrader_folders, "_timestamp", go)
    assert read(course.collector())["queue_depth waiting grading"] == 1


def test_reading_many_folders_ends_at_the_deadline(course: Course) -> None:
    course.submit("s", "hw1")
    with pytest.raises(CollectError, match="the deadline passed"):
        list(course.collector().collect(Deadline.after(-1)))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-03-02 12:00:00.000000 UTC", NOON),
        ("2026-03-02 13:00:00.000000 +0100", NOON),
        ("2026-03-02 07:00:00.500000 -05:00", NOON + 0.5),
        ("2026-03-02 13:00:00.000000 CET", None),
        ("2026-03-02 13:00:00.000000 +9999", None),
        ("2026-03-02 13:00:00.000000 +²²²²", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_read_in_their_zone(text: str, seconds: float | None) -> None:
    assert parse_time(text) == seconds
