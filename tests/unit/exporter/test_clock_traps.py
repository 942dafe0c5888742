"""Somebody sets the clock while the sidecar is not running: nothing is lost, given up or told early."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter import counting
from exporter.collector import Deadline
from exporter.pending import OLDEST
from exporter.profiles import Block
from exporter.steady import steady_time
from tests.unit.exporter.jobs import Clock, Jobs, count, follower
from typedyaml.units import Duration

JUMPS = pytest.mark.parametrize("jump", [30 * 86_400.0, -30 * 86_400.0], ids=["forward", "back"])


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "grader.db")


@JUMPS
def test_an_unfinished_row_is_still_followed(jobs: Jobs, jump: float) -> None:
    clock, state = Clock(), jobs.path.with_name("state.json")
    first = follower(jobs.path, state, clock)
    count(first)
    waiting = jobs.submit()
    assert count(first) == (1, 0)
    again = follower(jobs.path, state, Clock(clock.now + jump))
    assert count(again) == (1, 0)
    jobs.submit_many(counting.OVERLAP_IDS + 5, "accepted")
    count(again)
    jobs.set(waiting, "accepted")
    assert count(again) == (counting.OVERLAP_IDS + 6,) * 2
    assert again.memory.facts.blocks["rows"].dropped == 0


@JUMPS
def test_a_transaction_that_commits_late_is_still_found(
    jobs: Jobs, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "OVERLAP_IDS", 3)
    clock, state = Clock(), jobs.path.with_name("state.json")
    first = follower(jobs.path, state, clock)
    count(first)
    late = jobs.next_id()
    jobs.submit_many(20, "accepted")
    assert count(first) == (20, 20)
    again = follower(jobs.path, state, Clock(clock.now + jump))
    assert count(again) == (20, 20)
    jobs.insert(late, "accepted")
    assert count(again) == (21, 21)


def test_a_row_is_given_up_after_its_time_however_the_clock_was_set(jobs: Jobs) -> None:
    """Time that passed while the sidecar ran counts, and only that."""
    clock, state = Clock(), jobs.path.with_name("state.json")
    collector = follower(jobs.path, state, clock)
    count(collector)
    jobs.submit()
    count(collector)
    clock.now += OLDEST - 10
    jobs.submit("accepted")
    count(collector)
    clock = Clock(5.0)
    collector = follower(jobs.path, state, clock)
    assert collector.facts.rebuilds == 0
    count(collector)
    assert collector.facts.blocks["rows"].pending == 1
    clock.now += 20
    count(collector)
    assert collector.facts.blocks["rows"].pending == 0
    assert collector.facts.blocks["rows"].dropped == 1


def test_an_outcome_settles_by_time_that_has_passed(jobs: Jobs) -> None:
    block = Block(
        feeds=("gradings_total",),
        columns=("id", "outcome"),
        sql="SELECT id, outcome FROM jobs",
        follow="state",
        settle={"default": Duration(60)},
    )
    clock, state = Clock(), jobs.path.with_name("state.json")

    def gradings(collector: object) -> float:
        families = collector.collect(Deadline.after(5))  # type: ignore[attr-defined]
        return sum(row[-1] for family in families for row in family.rows)

    collector = follower(jobs.path, state, clock, block)
    gradings(collector)
    jobs.submit("partial")
    assert gradings(collector) == 0
    clock = Clock(clock.now + 30 * 86_400)
    collector = follower(jobs.path, state, clock, block)
    assert gradings(collector) == 0, "a month on the clock is not a minute of the world"
    clock.now += 61
    assert gradings(collector) == 1


def test_the_clock_of_a_running_sidecar_does_not_follow_the_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    before = steady_time()
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert 0 <= steady_time() - before < 60
