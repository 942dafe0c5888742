"""The nbgrader profile beside a real nbgrader: its numbers are those of what was done, one by one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.collector import CollectError, Deadline
from exporter.collectors import build
from exporter.config.whole import load_config
from tests.servers.nbgrader import plan
from tests.servers.nbgrader.plan import Handin

pytestmark = pytest.mark.slow

Numbers = dict[tuple[str, tuple[str, ...]], float]
OUTCOMES = {
    "right": "accepted",
    "wrong": "rejected",
    "half": "partial",
    "crash": "internal_error",
    "endless": "rejected",  # nbgrader interrupts the cell, which scores 0
}


def configuration(
    course: Path, folder: Path, *, course_folder: bool = True, exchange: bool = True, **more: Any
) -> Path:
    grader: dict[str, Any] = {"profile": "nbgrader", "database": "gradebook", "min_users": 1, **more}
    if course_folder:
        grader["course"] = str(course / "course")
    if exchange:
        grader["exchange"] = str(course / "exchange/course101")
    path = folder / "sidecar.yaml"
    url = f"sqlite://{course}/course/gradebook.db"
    settings = {
        "databases": {"gradebook": {"url": url}},
        "graders": [grader],
        "state_dir": str(folder),
        "listen": ["127.0.0.1:0"],
    }
    path.write_text(json.dumps(settings))  # JSON is YAML
    return path


def once(path: Path) -> Numbers:
    """What `python -m exporter --once` prints."""
    command = [sys.executable, "-m", "exporter", "--config", str(path), "--once"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(done.stdout)
        for sample in family.samples
    }


def of(numbers: Numbers, name: str) -> dict[str, float]:
    """The series of a family that are not 0, by the value of their only label."""
    return {labels[0]: value for (family, labels), value in numbers.items() if family == name and value}


def current(handins: Iterable[Handin]) -> list[Handin]:
    """What the gradebook holds: the last collected attempt of each student's assignment, once graded."""
    last = {(h.student, h.assignment): h for h in handins if h.collected and h.graded}
    return list(last.values())


def test_once_prints_what_was_done(graded: Path, tmp_path: Path) -> None:
    """Each number is counted from the plan, none from the gradebook."""
    numbers = once(configuration(graded, tmp_path))
    rows = current(plan.FIRST_ROUND)
    students = Counter((h.student, h.assignment) for h in plan.FIRST_ROUND)
    extended = plan.EXTENSION[:2]
    late = sum(h.hours > 0 and (h.student, h.assignment) != extended for h in rows)

    assert of(numbers, "grader_submissions_total") == {
        "first": len(students),
        "resubmission": len(plan.FIRST_ROUND) - len(students),
    }
    assert of(numbers, "grader_gradings_total") == Counter(OUTCOMES[h.kind] for h in rows)
    assert of(numbers, "grader_grading_failures_total") == {"grade": 1}
    assert of(numbers, "grader_deadline_submissions_total") == {"late": late, "on_time": len(rows) - late}
    assert of(numbers, "grader_grade_comparisons_total") == {"different": 1}, (
        "the machine gave 2 of 2, a person 0"
    )
    assert numbers["grader_grade_difference_ratio_sum", ()] == 1.0
    # A text of each first assignment waits for a person, but for the one that has its score; the cells that
    # the crash left without one wait as well.
    texts = sum(h.assignment == "hw1" for h in rows) - 1
    assert numbers["grader_manual_grading_pending", ()] == texts + len(("test_sum", "test_none"))
    assert numbers["grader_queue_depth", ("waiting", "grading")] == 2, "one not autograded, one not collected"
    crashed = sum(h.kind == "crash" for h in rows)
    assert numbers["grader_turnaround_seconds_count", ("observed",)] == len(rows) - crashed
    assert numbers["grader_database_up", ("gradebook",)] == 1
    assert of(numbers, "grader_files_up") == {"course": 1, "exchange": 1}


def test_submissions_and_gradings_by_assignment(graded: Path, tmp_path: Path) -> None:
    """Submissions from the exchange's folders, gradings from the gradebook."""
    numbers = once(configuration(graded, tmp_path, labels={"assignment": ["*"]}))
    handed_in = Counter(h.assignment for h in plan.FIRST_ROUND)
    rows = Counter((OUTCOMES[h.kind], h.assignment) for h in current(plan.FIRST_ROUND))
    found: Counter[str] = Counter()
    for (name, labels), value in numbers.items():
        if name == "grader_submissions_total":
            found[labels[1]] += int(value)
    assert +found == handed_in
    gradings = {
        key[1]: value for key, value in numbers.items() if key[0] == "grader_gradings_total" and value
    }
    assert gradings == rows


def test_without_the_exchange_the_gradebook_tells_the_submissions(graded: Path, tmp_path: Path) -> None:
    """Only the current attempt of each is known then; nothing can be said about what waits."""
    numbers = once(configuration(graded, tmp_path, course_folder=False, exchange=False))
    rows = current(plan.FIRST_ROUND)
    assert of(numbers, "grader_submissions_total") == {"first": len(rows)}
    assert of(numbers, "grader_grading_failures_total") == {"grade": 1}
    assert not [name for name, _ in numbers if name.startswith("grader_queue_depth")]


def test_a_running_sidecar_counts_what_happens_from_then_on(
    graded: Path, tmp_path: Path, play: Callable[[Path, str], None]
) -> None:
    """No history at its start; afterwards one resubmission, graded while it watches, and nothing else."""
    course = tmp_path / "course101"
    shutil.copytree(graded, course)
    config = load_config(configuration(course, tmp_path)).value

    def started() -> Callable[[float], Numbers]:
        """A process, and what it says at a time; it settles only what it watches itself."""
        collectors, now = build(config, state_dir=tmp_path), [0.0]
        for collector in collectors:
            if hasattr(collector, "clock"):
                collector.clock = lambda: now[0]

        def collect(at: float) -> Numbers:
            now[0] = at
            families = [family for c in collectors for family in c.collect(Deadline.after(10))]
            return {(s.name, tuple(s.labels.values())): s.value for f in families for s in f.samples}

        return collect

    before = started()(1_000_000.0)
    assert of(before, "grader_submissions_total") == of(before, "grader_gradings_total") == {}

    play(course, "second")
    second = started()  # another process, that knows what the first one saved
    during = second(1_000_001.0)
    assert of(during, "grader_submissions_total") == {"resubmission": 1}
    assert of(during, "grader_gradings_total") == {}, "the scores may still be changing"
    after = second(1_000_062.0)
    assert of(after, "grader_gradings_total") == {"accepted": 1}
    assert of(after, "grader_deadline_submissions_total") == {"late": 1}
    assert of(after, "grader_submissions_total") == {"resubmission": 1}
    assert after["grader_turnaround_seconds_count", ("observed",)] == 1
    much_later = started()(2_000_000.0)
    counted = [key for key in after if key[0].startswith("grader_") and key[0].endswith("_total")]
    unchanged = [key for key in counted if "query" not in key[0]]
    assert {key: much_later[key] for key in unchanged} == {key: after[key] for key in unchanged}


def test_no_name_of_a_student_leaves_the_gradebook(graded: Path, tmp_path: Path) -> None:
    config = load_config(configuration(graded, tmp_path)).value
    text = "".join(
        str(family.samples)
        for c in build(config, state_dir=tmp_path)
        for family in c.collect(Deadline.after(10))
    )
    text += "".join(path.read_text() for path in tmp_path.glob("*.json"))
    assert not [student for student in {h.student for h in plan.FIRST_ROUND} if student in text]


def test_an_exchange_that_is_gone_leaves_the_gradebook_s_metrics(graded: Path, tmp_path: Path) -> None:
    course = tmp_path / "course101"
    shutil.copytree(graded, course)
    config = load_config(configuration(course, tmp_path)).value
    os.rename(course / "exchange", course / "moved")
    by_name = {collector.name: collector for collector in build(config, once=True)}
    with pytest.raises(CollectError, match=r"exchange .*: No such file or directory"):
        list(by_name["files"].collect(Deadline.after(10)))
    assert list(by_name["submissions"].collect(Deadline.after(10)))
    facts = {family.name: family.rows for family in by_name["profile"].collect(Deadline.after(1))}
    assert ("exchange", 0) in facts["grader_files_up"]
