"""The demo grader's model, machine and backups: there from the start, and quiet."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from gradewatch.demo import predictions
from gradewatch.demo.machine import CORES, Machine
from gradewatch.demo.predictions import Predictions
from gradewatch.demo.stack import watched
from gradewatch.demo.store import Store
from gradewatch.demo.workload import DAY, HOUR, Clock
from policy.load import load_policy
from typedyaml.units import Duration

START = 1_000_000_000.0
POLICY = load_policy("auto-grader").value


class Log:
    """A prediction log whose time a test moves."""

    def __init__(self, path: Path, speed: float) -> None:
        self.store = Store(path)
        self.speed = speed
        self.now = START
        self.model = Predictions(self.store, Clock(START, speed), Random("model"))
        self.reader = sqlite3.connect(path)

    def live(self, seconds: float) -> None:
        end = self.now + seconds / self.speed
        while self.now < end:
            self.now += 60 / self.speed
            self.model.step(self.now)

    def one(self, sql: str) -> float:
        return self.reader.execute(sql).fetchone()[0] or 0


@pytest.fixture(params=[1.0, 30.0], ids=["real time", "30 times faster"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "grader.db", request.param)
    yield log
    log.reader.close()
    log.store.close()


def test_a_new_demo_has_what_a_decision_needs(log: Log) -> None:
    """A window of rows, a reference, and enough labels of predictions that are a day old."""
    assert log.one("SELECT COUNT(*) FROM training_rows") == predictions.TRAINING_ROWS
    assert log.one(f"SELECT COUNT(*) FROM predictions WHERE created_at > {START - DAY}") > 500
    old = f"prediction_id IN (SELECT id FROM predictions WHERE created_at < {START - DAY})"
    assert log.one(f"SELECT COUNT(*) FROM audits WHERE {old}") > 200
    assert log.one("SELECT MAX(created_at) FROM predictions") <= START


def test_the_model_is_as_good_as_the_policy_wants(log: Log) -> None:
    right = "SELECT AVG((score >= 0.5) = label) FROM audits JOIN predictions p ON p.id = prediction_id"
    below = POLICY.alerts["ModelAccuracyLow"].below
    assert isinstance(below, float)
    assert log.one(right) > below + 0.03


def test_predictions_go_on_in_the_demos_time(log: Log) -> None:
    before = log.one("SELECT COUNT(*) FROM predictions")
    log.live(6 * HOUR)
    came = log.one("SELECT COUNT(*) FROM predictions") - before
    assert came == pytest.approx(predictions.PREDICTIONS / 4, rel=0.25)
    assert log.one("SELECT MAX(created_at) FROM predictions") <= log.now


def test_a_second_start_goes_on_with_the_log(log: Log) -> None:
    rows = log.one("SELECT COUNT(*) FROM predictions")
    Predictions(log.store, Clock(log.now, log.speed), Random(2))
    assert log.one("SELECT COUNT(*) FROM predictions") == rows


def test_while_the_database_is_away_nothing_is_predicted(log: Log) -> None:
    log.store.take_away()
    log.live(HOUR)
    log.store.bring_back()
    assert log.one(f"SELECT COUNT(*) FROM predictions WHERE created_at > {START}") == 0


def test_a_backup_is_a_whole_database(log: Log, tmp_path: Path) -> None:
    target = tmp_path / "grader-1.db"
    log.store.back_up(target)
    with sqlite3.connect(target) as copy:
        rows = copy.execute("SELECT COUNT(*) FROM training_rows").fetchone()[0]
    copy.close()
    assert rows == predictions.TRAINING_ROWS
    assert [path.name for path in tmp_path.glob("*grader-1*")] == ["grader-1.db"]


def test_a_machine_is_as_busy_as_its_workers_also_when_it_is_looked_at_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.time()
    machine = Machine(now)

    def seconds(mode: str) -> float:
        return sum(
            machine.registry.get_sample_value("node_cpu_seconds_total", {"cpu": str(core), "mode": mode}) or 0
            for core in range(CORES)
        )

    machine.step(busy_workers=4, wave=1.0, graded=0)
    monkeypatch.setattr("time.time", lambda: now + 100)
    machine.refresh()
    share = 1 - seconds("idle") / (100 * CORES)
    assert 0.4 < share < 0.6
    assert seconds("user") + seconds("system") == pytest.approx(share * 100 * CORES)
    above = POLICY.alerts["HighCPUUsage"].above
    assert isinstance(above, float)
    assert share < above


@pytest.mark.parametrize("speed", [1.0, 12.0, 60.0])
def test_ages_by_the_sidecars_own_clock_keep_their_limit(speed: float) -> None:
    """The sidecar looks at a model once a minute in fast time too."""
    for name in ("ModelDriftStale", "ModelLogStalled"):
        usual, found = POLICY.alerts[name].above, watched(POLICY, speed)[name].above
        assert isinstance(usual, Duration)
        assert isinstance(found, Duration)
        assert found.seconds / speed == usual.seconds
