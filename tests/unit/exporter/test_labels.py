"""Counters by assignment: what becomes a series, what it begins with, what a restart and a reload keep."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.collector import Deadline
from exporter.collectors import build
from exporter.collectors.submissions import EventCollector
from exporter.config.whole import Config, load_config
from exporter.exposition import Format, page
from exporter.sidecar import make_sidecar
from typedyaml.faults import Faults

PROFILE = """\
profile: own
title: Own
dialects: [sqlite]
verified: {release: "1"}
queries:
  rows:
    feeds: [submissions_total, gradings_total, turnaround_seconds]
    follow: watermark
    newest: SELECT MAX(id) FROM jobs
    columns: [id, outcome, turnaround_seconds]
    sql: SELECT id, outcome, 1 AS turnaround_seconds FROM jobs WHERE id > :after ORDER BY id LIMIT :limit
labels:
  values: SELECT name AS assignment FROM tasks ORDER BY id DESC LIMIT :limit
  of:
    assignment: {rows: (SELECT t.name FROM jobs j JOIN tasks t ON t.id = j.task WHERE j.id = q.id)}
"""


class Grader:
    """A table of jobs and one of tasks, and the configuration that reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "own.yaml").write_text(PROFILE)
        (folder / "state").mkdir()
        self.db = sqlite3.connect(folder / "grader.db", isolation_level=None)
        self.db.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, task INTEGER, outcome TEXT)")
        self.db.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, name TEXT)")

    def task(self, name: str | None) -> int:
        return self.db.execute("INSERT INTO tasks (name) VALUES (?)", (name,)).lastrowid or 0

    def submit(self, task: int, outcome: str = "accepted") -> None:
        self.db.execute("INSERT INTO jobs (task, outcome) VALUES (?, ?)", (task, outcome))

    def config(self, labels: str = 'labels: {assignment: ["*"]}', more: str = "") -> Config:
        path = self.folder / "sidecar.yaml"
        path.write_text(
            f"databases: {{grader: {{url: 'sqlite://{self.folder}/grader.db'}}}}\n"
            f"graders:\n- profile: {self.folder}/own.yaml\n  database: grader\n  {labels}\n"
            f"state_dir: {self.folder}/state\n{more}"
        )
        return load_config(path).value

    def started(self, labels: str = 'labels: {assignment: ["*"]}', more: str = "") -> EventCollector:
        """The collector as it is after a start of the sidecar."""
        collectors = build(self.config(labels, more))
        return next(c for c in collectors if isinstance(c, EventCollector))


Series = dict[tuple[object, ...], float]


def submissions(collector: EventCollector) -> Series:
    """First attempts by the values of the labels that were added."""
    families = {family.family.name: family for family in collector.collect(Deadline.after(30))}
    rows = families["grader_submissions_total"].rows
    return {tuple(row[1:-1]): row[-1] for row in rows if row[0] == "first"}


@pytest.fixture
def grader(tmp_path: Path) -> Grader:
    return Grader(tmp_path)


def test_known_values_begin_at_0_and_count_from_there(grader: Grader) -> None:
    first = grader.task("hw1")
    collector = grader.started()
    assert submissions(collector) == {("hw1",): 0}
    second = grader.task("hw2")
    assert submissions(collector) == {("hw1",): 0, ("hw2",): 0}, "before anybody hands in"
    grader.submit(first)
    grader.submit(second)
    grader.submit(second)
    assert submissions(collector) == {("hw1",): 1, ("hw2",): 2}


def test_a_value_that_fits_no_pattern_is_other_and_so_is_none(grader: Grader) -> None:
    collector = grader.started("labels: {assignment: ['hw*', exam]}")
    submissions(collector)
    for name in ("hw1", "hw2", "exam", "Exam", "secret", None, ""):
        grader.submit(grader.task(name))
    grader.submit(99)
    assert submissions(collector) == {("hw1",): 1, ("hw2",): 1, ("exam",): 1, ("other",): 5}


def test_after_the_first_values_all_are_other_and_nothing_is_lost(grader: Grader) -> None:
    collector = grader.started(more="collection: {max_label_values: 3}")
    submissions(collector)
    for number in range(10):
        grader.submit(grader.task(f"hw{number}"))
    found = submissions(collector)
    assert len(found) == 4
    assert found["other",] == 7
    assert sum(found.values()) == 10


def test_only_counters_carry_the_label(grader: Grader) -> None:
    collector = grader.started()
    labels = {family.name: family.labels for family in collector.families()}
    assert labels["grader_gradings_total"] == ("outcome", "assignment")
    assert labels["grader_turnaround_seconds"] == ("basis",)


def test_a_restart_goes_on_with_the_same_series(grader: Grader) -> None:
    more = "collection: {max_label_values: 1}"
    task, collector = grader.task("hw1"), grader.started(more=more)
    submissions(collector)
    grader.submit(task)
    assert submissions(collector) == {("hw1",): 1}
    grader.submit(task)
    grader.task("hw2")  # the newest value, which came too late to be among the first
    assert submissions(grader.started(more=more)) == {("hw1",): 2, ("other",): 0}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("min_users: 5", 'labels: {assignment: ["*"]}', {("hw1",): 0}),
        ('labels: {assignment: ["*"]}', "min_users: 5", {(): 0}),
        ('labels: {assignment: ["*"]}', "labels: {assignment: [hw1]}", {("hw1",): 1}),
    ],
    ids=["on", "off", "other patterns"],
)
def test_another_set_of_labels_begins_anew(grader: Grader, before: str, after: str, expected: Series) -> None:
    """Series with other labels are other series; patterns alone change no series that fits."""
    task, old = grader.task("hw1"), grader.started(before)
    submissions(old)
    grader.submit(task)
    assert sum(submissions(old).values()) == 1
    new = grader.started(after)
    new.inherit(old)
    assert submissions(new) == expected


def test_the_page_tells_when_values_were_too_many(grader: Grader) -> None:
    config = grader.config(more="collection: {max_label_values: 2}")
    for number in range(5):
        grader.task(f"hw{number}")
    sidecar = make_sidecar(config)
    sidecar.begin()
    for number in range(5):
        grader.submit(number + 1)
    text = page(sidecar.scrape(), Format.TEXT).decode()
    assert 'grader_submissions_total{attempt="first",assignment="other"} 3.0\n' in text
    assert 'grader_exporter_label_values_dropped{family="grader_submissions_total"} 1\n' in text


FAULTS: dict[str, tuple[Callable[[str], str], str]] = {
    "unknown block": (
        lambda text: text.replace("assignment: {rows:", "assignment: {backlog:"),
        'unknown block "backlog"',
    ),
    "a block left out": (
        lambda text: text.replace("assignment: {rows:", "assignment: {backlog:"),
        'block "rows" has no expression for assignment',
    ),
    "unknown label": (lambda text: text.replace("    assignment:", "    student:"), "student"),
    "unknown parameter": (lambda text: text.replace("DESC LIMIT :limit\n  of", "LIMIT :most\n  of"), ":most"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_in_a_profile_is_named(grader: Grader, case: str) -> None:
    change, says = FAULTS[case]
    (grader.folder / "own.yaml").write_text(change(PROFILE))
    with pytest.raises(Faults) as caught:
        grader.config()
    assert any(says in str(fault) for fault in caught.value.faults), caught.value.faults


def test_a_label_that_the_profile_does_not_offer_is_refused(grader: Grader) -> None:
    with pytest.raises(Faults) as caught:
        grader.config('labels: {course: ["*"]}')
    (fault,) = caught.value.faults
    assert 'sidecar.yaml:5:12: unknown label "course"; allowed: assignment' in str(fault)
