"""The saved state is a cache: replaced whole, never trusted blindly, and never needed."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.collectors.submissions import EventCollector
from exporter.counting import Position
from exporter.pending import Pending
from exporter.state import StateFile, StateLost, position_from_json, position_to_json, to_ranges
from tests.unit.exporter.jobs import Clock, Jobs, count, follower


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "grader.db")


def started(jobs: Jobs) -> EventCollector:
    return follower(jobs.path, jobs.path.with_name("state.json"), Clock())


def test_a_restart_goes_on_where_the_last_process_was(jobs: Jobs) -> None:
    first = started(jobs)
    count(first)
    jobs.submit_many(3, "accepted")
    unfinished = jobs.submit()
    assert count(first) == (4, 3)
    jobs.set(unfinished, "accepted")
    jobs.submit("accepted")
    second = started(jobs)
    assert count(second) == (5, 5)
    assert second.facts.rebuilds == 0


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "no json",
        "[]",
        '{"format": 1}',
        '{"format": 1, "source": "jobs", "state": {}}',
        '{"format": 1, "source": "jobs", "state": {"tally": {"counters": 3}}}',
        '{"format": 1, "source": "jobs", "state": {"place": {"watermark": "x"}, '
        '"tally": {"counters": {}, "histograms": {}}}}',
        '{"format": 2, "source": "jobs", "state": {}}',
        '{"format": 1, "source": "another database", "state": {}}',
    ],
)
def test_a_damaged_file_is_a_first_start_never_a_double_count(
    jobs: Jobs, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    jobs.submit_many(3, "accepted")
    jobs.path.with_name("state.json").write_text(damage)
    collector = started(jobs)
    with caplog.at_level(logging.WARNING):
        assert count(collector) == (0, 0)
    assert collector.facts.rebuilds == 1
    assert "counting begins at the newest row" in caplog.text
    jobs.submit("accepted")
    assert count(started(jobs)) == (1, 1)


def test_a_lost_file_is_said_in_metric_and_log(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    collector = started(jobs)
    with caplog.at_level(logging.WARNING):
        count(collector)
    assert collector.facts.rebuilds == 1
    assert "no saved state at" in caplog.text


def test_a_folder_that_is_not_there_costs_the_memory_not_the_metrics(
    jobs: Jobs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collector = follower(jobs.path, tmp_path / "missing" / "state.json", Clock())
    count(collector)
    jobs.submit("accepted")
    with caplog.at_level(logging.WARNING):
        assert count(collector) == (1, 1)
        jobs.submit("accepted")
        assert count(collector) == (2, 2)
    assert caplog.text.count("cannot be written") == 1, "said once, not at each scrape"


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = StateFile(tmp_path / "state.json", "jobs")
    file.save({"n": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.save({"n": 2})
    assert file.load() == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_nothing_is_written_when_nothing_happened(jobs: Jobs) -> None:
    collector = started(jobs)
    path = jobs.path.with_name("state.json")
    count(collector)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    count(collector)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_ids_of_rows_that_do_not_count_are_saved_now_and_then(jobs: Jobs) -> None:
    """Writing the file is dear, and from the older place on nothing is found that was told already."""
    collector, path = started(jobs), jobs.path.with_name("state.json")
    jobs.submit("accepted")
    count(collector)
    before = path.read_bytes()
    saved = set()
    for _ in range(30):
        for _ in range(100):
            jobs.submit("accepted", hidden=True)
        assert count(collector) == (0, 0)
        saved.add(path.read_bytes())
    assert before in saved
    assert 3 <= len(saved) <= 5
    jobs.submit("accepted")
    assert count(started(jobs)) == (1, 1)


def test_removed_rows_are_saved_though_nothing_counts(jobs: Jobs) -> None:
    """Else rows that take their ids while the sidecar is away would be taken for those that were told."""
    collector = started(jobs)
    count(collector)
    for _ in range(3):
        jobs.submit("accepted")
    assert count(collector) == (3, 3)
    jobs.delete([2, 3])
    assert count(collector) == (3, 3)
    jobs.insert(2, "accepted")
    jobs.insert(3, "accepted")
    assert count(started(jobs)) == (5, 5)


def test_a_missing_file_is_told_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StateLost, match="no saved state"):
        StateFile(tmp_path / "none.json", "jobs").load()
    with pytest.raises(StateLost, match="cannot be read: Is a directory"):
        StateFile(tmp_path, "jobs").load()


IDS = st.integers(0, 10**18)


@given(
    st.builds(
        Position,
        watermark=IDS,
        marks=st.lists(st.tuples(st.floats(0, 2e9), IDS), max_size=3),
        seen=st.sets(st.integers(0, 60), max_size=50),
        pending=st.builds(Pending, st.dictionaries(IDS, st.floats(0, 2e9), max_size=5), st.integers(0, 9)),
    )
)
def test_a_position_survives_its_file(position: Position) -> None:
    assert position_from_json(json.loads(json.dumps(position_to_json(position)))) == position


def test_unbroken_ids_are_saved_as_ranges() -> None:
    assert to_ranges({5, 1, 2, 3, 9}) == [[1, 3], [5, 5], [9, 9]]
    assert to_ranges(set()) == []
