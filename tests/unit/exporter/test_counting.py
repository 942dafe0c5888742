"""Counting by watermark: what happens at the edges of a table, of time and of memory."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest

from exporter import pending
from exporter.collector import CollectError, Deadline
from exporter.collectors.submissions import EventCollector
from exporter.counting import OVERLAP_IDS
from tests.unit.exporter.jobs import ROWS, Clock, Jobs, count, follower


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "grader.db")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def collector(jobs: Jobs, tmp_path: Path, clock: Clock) -> EventCollector:
    return follower(jobs.path, tmp_path / "state.json", clock)


def test_a_first_start_counts_no_history_but_what_was_unfinished_is_followed(
    jobs: Jobs, collector: EventCollector
) -> None:
    jobs.submit_many(3 * OVERLAP_IDS, "accepted")
    unfinished = jobs.submit()
    assert count(collector) == (0, 0)
    jobs.set(unfinished, "accepted")
    assert count(collector) == (0, 1)


def test_a_first_start_beside_an_empty_table_counts_the_first_row(
    jobs: Jobs, collector: EventCollector
) -> None:
    assert count(collector) == (0, 0)
    jobs.submit("accepted")
    assert count(collector) == (1, 1)


def test_every_outcome_of_the_catalogue_is_there_at_zero_before_anything_happens(
    jobs: Jobs, collector: EventCollector
) -> None:
    families = {family.family.name: family.rows for family in collector.collect(Deadline.after(10))}
    assert families["grader_submissions_total"] == [("first", 0), ("resubmission", 0)]
    assert len(families["grader_gradings_total"]) == 13


def test_an_unknown_outcome_counts_as_other_and_what_no_machine_graded_does_not_count(
    jobs: Jobs, collector: EventCollector
) -> None:
    count(collector)
    for outcome in ("quantum_flux", "overridden", "manual_only", "not_sent", ""):
        jobs.submit(outcome)
    rows = {family.family.name: dict(family.rows) for family in collector.collect(Deadline.after(10))}
    assert rows["grader_gradings_total"]["other"] == 3
    assert sum(rows["grader_gradings_total"].values()) == 3


def test_once_counts_the_whole_table_and_writes_no_state(jobs: Jobs, tmp_path: Path) -> None:
    jobs.submit_many(50, "accepted")
    jobs.submit()
    once = follower(jobs.path, None, Clock(), once=True)
    assert count(once) == (51, 50)
    assert not list(tmp_path.glob("*.json"))


def test_once_says_so_when_time_was_too_short(
    jobs: Jobs, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.collectors.following.RESERVE", 2.0)  # no time at all for a second batch
    jobs.submit_many(50, "accepted")
    with caplog.at_level(logging.WARNING):
        assert count(follower(jobs.path, None, Clock(), once=True)) == (0, 0)
    assert "the first 0 rows are counted" in caplog.text


def test_a_long_backlog_is_caught_up_in_several_collections(
    jobs: Jobs, collector: EventCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collection whose time is short ends with what it has, and the next one goes on from there."""
    count(collector)
    jobs.submit_many(30, "accepted")
    monkeypatch.setattr("exporter.collectors.following.RESERVE", 2.0)
    found = [count(collector)[0] for _ in range(6)]
    assert found == [7, 14, 21, 28, 30, 30]


def test_a_hidden_tail_is_not_scanned_again(jobs: Jobs, collector: EventCollector) -> None:
    """Rows that the statement filters out move the watermark all the same."""
    count(collector)
    for _ in range(20):
        jobs.submit("accepted", hidden=True)
    assert count(collector) == (0, 0)
    assert collector.facts.blocks["rows"].watermark == 20


def test_a_rejudge_inside_the_overlap_is_no_new_submission(jobs: Jobs, collector: EventCollector) -> None:
    count(collector)
    job = jobs.submit("rejected")
    assert count(collector) == (1, 1)
    jobs.set(job, None)
    assert count(collector) == (1, 1)
    jobs.set(job, "accepted")
    assert count(collector) == (1, 1)


def test_a_vanished_row_leaves_the_pending_set_uncounted(jobs: Jobs, collector: EventCollector) -> None:
    count(collector)
    job = jobs.submit()
    count(collector)
    assert collector.facts.blocks["rows"].pending == 1
    jobs.delete([job])
    assert count(collector) == (1, 0)
    assert collector.facts.blocks["rows"].pending == 0


def test_an_id_that_is_given_out_again_is_a_new_submission(jobs: Jobs, collector: EventCollector) -> None:
    """SQLite gives the highest id again after its row was deleted."""
    count(collector)
    jobs.submit_many(5, "accepted")
    assert count(collector) == (5, 5)
    jobs.delete([4, 5])
    assert count(collector) == (5, 5)
    jobs.insert(4, "rejected")
    assert count(collector) == (6, 6)


def test_rows_removed_at_the_end_hide_no_late_one(jobs: Jobs, collector: EventCollector) -> None:
    count(collector)
    for job in (1, 2, 4, 5):
        jobs.insert(job, "accepted")
    count(collector)
    jobs.delete([5])
    jobs.insert(3, "accepted")  # committed late, in the same moment
    assert count(collector) == (5, 5)


def test_an_older_table_is_a_first_start_that_keeps_what_was_counted(
    jobs: Jobs, collector: EventCollector, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    count(collector)
    jobs.submit_many(4 * OVERLAP_IDS, "accepted")
    assert count(collector) == (4000, 4000)
    clock.now += 200
    count(collector)
    clock.now += 200
    count(collector)
    before = collector.facts.rebuilds
    jobs.delete(range(501, 4001))
    with caplog.at_level(logging.WARNING):
        assert count(collector) == (4000, 4000)
    assert "an older table" in caplog.text
    assert collector.facts.rebuilds == before + 1
    jobs.insert(501, "accepted")
    assert count(collector) == (4001, 4001)


def test_a_truncated_table_counts_from_its_new_beginning(jobs: Jobs, collector: EventCollector) -> None:
    count(collector)
    jobs.submit_many(10, "accepted")
    count(collector)
    before = collector.facts.rebuilds
    jobs.delete(range(1, 11))
    count(collector)
    assert collector.facts.rebuilds == before + 1
    jobs.insert(1, "accepted")
    assert count(collector) == (11, 11)


@pytest.mark.parametrize(
    ("bound", "value"),
    [("MOST", 2), ("OLDEST", 3600.0)],
    ids=["by number: the oldest go", "by age"],
)
def test_rows_that_never_finish_are_given_up_and_counted(
    jobs: Jobs,
    collector: EventCollector,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    value: float,
) -> None:
    monkeypatch.setattr(pending.Pending.keep_bounds, "__defaults__", _bounds(bound, value))
    count(collector)
    jobs.submit_many(3)
    count(collector)
    clock.now += 3601
    jobs.submit_many(2)
    count(collector)
    facts = collector.facts.blocks["rows"]
    assert (facts.pending, facts.dropped) == (2, 3)
    jobs.set(1, "accepted")  # given up: it does not count any more
    jobs.set(5, "accepted")
    assert count(collector) == (5, 1)


def _bounds(bound: str, value: float) -> tuple[float, float]:
    return (value, pending.OLDEST) if bound == "MOST" else (pending.MOST, value)


def test_the_cost_follows_the_new_rows_not_the_table(jobs: Jobs, collector: EventCollector) -> None:
    jobs.submit_many(5 * OVERLAP_IDS, "accepted")
    count(collector)
    count(collector)
    facts = collector.facts.blocks["rows"]
    assert facts.rows == 0, "the overlap is known, and only ids that were not seen are asked for"
    jobs.submit_many(10, "accepted")
    count(collector)
    assert facts.rows == 10


@pytest.mark.parametrize("missing", [3, 700], ids=["few gaps", "many gaps"])
def test_late_rows_are_found_in_the_gaps_of_the_overlap(
    jobs: Jobs, collector: EventCollector, missing: int
) -> None:
    """A few are asked for by id; of many the overlap is read as a whole."""
    count(collector)
    late = [jobs.next_id() for _ in range(missing)]
    jobs.submit_many(50, "accepted")
    assert count(collector) == (50, 50)
    for job in late[::2]:
        jobs.insert(job, "accepted")
    found = 50 + len(late[::2])
    assert count(collector) == (found, found)
    for job in late[1::2]:
        jobs.insert(job, None)
    assert count(collector) == (50 + missing, found)


@pytest.mark.parametrize(
    ("sql", "reason", "says"),
    [
        (
            "SELECT id, outcome FROM jobs WHERE id > :after ORDER BY id DESC LIMIT :limit",
            "query",
            "do not rise",
        ),
        ("SELECT id FROM jobs WHERE id > :after ORDER BY id LIMIT :limit", "query", 'no column "outcome"'),
        (
            "SELECT 'x' || id AS id, outcome FROM jobs WHERE id > :after ORDER BY id LIMIT :limit",
            "data",
            "not a whole number",
        ),
    ],
    ids=["ids that fall", "a missing column", "ids that are text"],
)
def test_an_answer_that_cannot_be_followed_is_refused(
    jobs: Jobs, tmp_path: Path, sql: str, reason: str, says: str
) -> None:
    block = dataclasses.replace(ROWS, sql=sql)
    collector = follower(jobs.path, tmp_path / "state.json", Clock(), block)
    jobs.submit_many(3, "accepted")
    with pytest.raises(CollectError, match=says) as caught:
        count(collector)
    assert caught.value.reason == reason


def test_a_purge_of_the_newest_rows_counts_no_old_one_again(
    jobs: Jobs, collector: EventCollector, clock: Clock
) -> None:
    """The overlap then reaches down to rows whose ids were forgotten."""
    assert count(collector) == (0, 0)
    jobs.submit_many(2 * OVERLAP_IDS, "accepted")
    for _ in range(3):
        assert count(collector) == (2 * OVERLAP_IDS, 2 * OVERLAP_IDS)
        clock.now += 121
    jobs.delete({2 * OVERLAP_IDS, 2 * OVERLAP_IDS - 1})
    assert count(collector) == (2 * OVERLAP_IDS, 2 * OVERLAP_IDS)
