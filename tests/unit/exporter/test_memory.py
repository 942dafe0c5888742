"""A follower's saved state: what is lost is told once, what was kept comes back."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from exporter.collectors.facts import Facts
from exporter.collectors.memory import Memory
from exporter.state import StateFile


def memory(folder: Path) -> Memory:
    return Memory("rows", Facts(), StateFile(folder / "rows.json", "source"))


def test_a_loss_is_told_and_counted_once_though_the_database_stays_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remembered = memory(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert [remembered.recall(dict) for _ in range(5)] == [None] * 5
    assert len([record for record in caplog.records if record.name.startswith("exporter")]) == 1
    assert remembered.facts.rebuilds == 1


def test_a_file_that_breaks_later_is_another_loss(tmp_path: Path) -> None:
    remembered = memory(tmp_path)
    remembered.recall(dict)
    (tmp_path / "rows.json").write_text("{")
    remembered.recall(dict)
    assert remembered.facts.rebuilds == 2


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    memory(tmp_path).keep({"place": 7})
    again = memory(tmp_path)
    assert again.recall(dict) == {"place": 7}
    assert again.facts.rebuilds == 0
