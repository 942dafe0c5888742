"""The demo grader behaves: quiet at rest, and each fault is one that the policy's alert can see."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from gradewatch.demo import engine, site, workload
from gradewatch.demo.engine import Engine
from gradewatch.demo.site import Traffic
from gradewatch.demo.store import Store
from gradewatch.demo.workload import Clock
from policy.load import load_policy

MORNING = 1_000_080_000.0 - 1_000_080_000 % 86_400  # midnight, so that a run meets a whole day
ALERTS = load_policy("auto-grader").value.alerts


class Demo:
    """An engine whose time a test moves."""

    def __init__(self, path: Path, speed: float = 1.0, seed: int = 1) -> None:
        self.speed = speed
        self.store = Store(path)
        self.now = MORNING
        self.engine = Engine(self.store, Clock(MORNING, speed), Random(seed))
        self.reader = sqlite3.connect(path)

    def run(self, seconds: float, step: float = 10.0) -> Iterator[None]:
        """Let simulated seconds pass; yields after each step."""
        end = self.now + seconds / self.speed
        while self.now < end:
            self.now += step / self.speed
            self.engine.step(self.now)
            yield

    def one(self, sql: str) -> float:
        return self.reader.execute(sql).fetchone()[0] or 0

    def waiting(self) -> float:
        return self.one("SELECT COUNT(*) FROM submissions WHERE finished_at IS NULL AND started_at IS NULL")

    def oldest(self) -> float:
        """Age of the oldest waiting submission in simulated seconds."""
        since = self.one(
            "SELECT MIN(submitted_at) FROM submissions WHERE finished_at IS NULL AND started_at IS NULL"
        )
        return (self.now - since) * self.speed if since else 0.0

    def graded(self) -> float:
        return self.one("SELECT COUNT(*) FROM submissions WHERE finished_at IS NOT NULL")


def limit(alert: str) -> float:
    """The threshold in the policy; seconds for a duration."""
    above = ALERTS[alert].above
    assert above is not None
    return above if isinstance(above, float) else above.seconds


def seconds(alert: str, *names: str) -> float:
    """The sum of an alert's durations."""
    return sum(getattr(ALERTS[alert], name).seconds for name in names)


@pytest.mark.slow
@pytest.mark.parametrize(("speed", "seed"), [(1.0, 1), (60.0, 2)])
def test_three_days_at_rest_come_nowhere_near_a_threshold(tmp_path: Path, speed: float, seed: int) -> None:
    demo = Demo(tmp_path / "g.db", speed, seed)
    most, oldest = 0.0, 0.0
    for _ in demo.run(3 * workload.DAY, step=60):
        most, oldest = max(most, demo.waiting()), max(oldest, demo.oldest())
    assert most < limit("GradingBacklog") / 4
    assert oldest < limit("GradingQueueStalled") / 4
    assert demo.graded() > 20_000
    failures = demo.one("SELECT COUNT(*) FROM submissions WHERE outcome = 'internal_error'") / demo.graded()
    assert 0 < failures < limit("GradingFailures") / 10


@pytest.mark.slow
def test_a_day_has_a_rhythm(tmp_path: Path) -> None:
    """More in the afternoon than at night, first attempts and later ones, late ones, every common outcome."""
    demo = Demo(tmp_path / "g.db")
    for _ in demo.run(4 * workload.DAY, step=60):
        pass
    hour = "CAST(submitted_at AS INTEGER) / 3600 % 24"
    night = demo.one(f"SELECT COUNT(*) FROM submissions WHERE {hour} BETWEEN 3 AND 5")
    afternoon = demo.one(f"SELECT COUNT(*) FROM submissions WHERE {hour} BETWEEN 15 AND 17")
    assert afternoon > 2.5 * night > 0
    late = demo.one(
        "SELECT AVG(submitted_at > due_at) FROM submissions JOIN assignments a ON a.id = assignment_id"
    )
    assert 0.01 < late < 0.2
    assert 0.2 < demo.one("SELECT AVG(attempt = 1) FROM submissions") < 0.9
    assert demo.one("SELECT COUNT(DISTINCT outcome) FROM submissions") >= 8
    assert demo.one("SELECT COUNT(*) FROM manual_grades") > 100
    assert demo.one("SELECT COUNT(*) FROM submissions WHERE needs_review") > 0


@pytest.mark.parametrize("speed", [1.0, 30.0])
def test_a_stuck_grader_grades_nothing_until_it_is_repaired(tmp_path: Path, speed: float) -> None:
    demo = Demo(tmp_path / "g.db", speed)
    for _ in demo.run(workload.DAY / 2, step=60):
        pass
    demo.engine.stuck = True
    graded = demo.graded()
    for _ in demo.run(seconds("GradingStopped", "window", "for_") * 2):
        pass
    assert demo.graded() == graded
    assert demo.waiting() > 0
    assert demo.oldest() > limit("GradingQueueStalled") + ALERTS["GradingQueueStalled"].for_.seconds
    beat = demo.one("SELECT MIN(heartbeat_at + 6 * heartbeat_seconds) FROM workers")
    assert beat < demo.now, "and the workers look stale"
    demo.engine.repair()
    for _ in demo.run(600):
        pass
    assert demo.waiting() < 10


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_a_flood_is_a_backlog_for_as_long_as_it_lasts_but_no_stall(tmp_path: Path, speed: float) -> None:
    demo = Demo(tmp_path / "g.db", speed)
    for _ in demo.run(workload.DAY / 2, step=60):
        pass
    demo.engine.flood_now(demo.now)
    for _ in demo.run(2 * 3600):
        assert demo.waiting() > limit("GradingBacklog")
        assert demo.oldest() < limit("GradingQueueStalled")
    demo.engine.repair()
    for _ in demo.run(300):
        pass
    assert demo.waiting() < limit("GradingBacklog") / 4


def test_a_database_that_is_away_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    demo = Demo(path)
    for _ in demo.run(3600):
        pass
    rows = demo.one("SELECT COUNT(*) FROM submissions")
    demo.store.take_away()
    assert not path.exists()
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for _ in demo.run(600):
        pass
    demo.store.bring_back()
    demo.reader = sqlite3.connect(path)
    assert demo.one("SELECT COUNT(*) FROM submissions") == rows
    for _ in demo.run(600):
        pass
    assert demo.one("SELECT COUNT(*) FROM submissions") > rows


def test_a_grader_that_died_while_its_database_was_away_finds_it_again(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    demo = Demo(path)
    for _ in demo.run(3600):
        pass
    rows = demo.one("SELECT COUNT(*) FROM submissions")
    demo.store.take_away()
    again = Demo(path)
    assert again.one("SELECT COUNT(*) FROM submissions") == rows


def test_what_was_in_work_at_the_end_is_graded_after_the_next_start(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "g.db")
    for _ in demo.run(workload.DAY / 2, step=7):
        pass
    demo.engine.stuck = True
    for _ in demo.run(300):
        pass
    demo.store.close()
    again = Demo(tmp_path / "g.db")
    again.now = demo.now
    again.engine.change_clock(Clock(demo.now))
    for _ in again.run(900):
        pass
    assert again.one("SELECT COUNT(*) FROM submissions WHERE finished_at IS NULL") < 10


def statuses(traffic: Traffic) -> tuple[float, float]:
    """(all, 5xx) requests so far."""
    get = traffic.registry.get_sample_value
    found = {
        status: sum(get("http_requests_total", {"method": m, "status": status}) or 0 for m in ("GET", "POST"))
        for status in ("200", "404", "500")
    }
    return sum(found.values()), found["500"]


@pytest.mark.parametrize("speed", [1.0, 30.0, 60.0])
@pytest.mark.parametrize("hour", [4, 16])
def test_every_window_has_enough_requests_to_judge_errors(speed: float, hour: int) -> None:
    """Also at four in the morning, and when the window of five minutes is five seconds."""
    start = MORNING + hour * 3600
    alert = ALERTS["HighErrorRate"]
    assert alert.window
    assert alert.minimum
    window = max(2.0, alert.window.seconds / speed)  # four scrapes of half a second at least
    traffic = Traffic(Clock(start, speed), Random(3))
    before = (0.0, 0.0)
    for share, expected in ((workload.RESTING_ERRORS, False), (site.BURST_ERRORS, True)):
        for _ in range(20):
            start += window / 20
            traffic.step(start, share)
        now = statuses(traffic)
        requests, errors = now[0] - before[0], now[1] - before[1]
        assert requests >= alert.minimum
        assert (errors / requests > limit("HighErrorRate")) == expected
        before = now


def test_answers_are_fast() -> None:
    random = Random(5)
    times = sorted(workload.response_seconds(random) for _ in range(10_000))
    assert times[9_500] < limit("SlowResponseTime") / 4


@pytest.mark.parametrize("mean", [0.0, 0.3, 8.0, 200.0])
def test_arrivals_have_the_mean_they_should(mean: float) -> None:
    random = Random(9)
    found = sum(workload.poisson(random, mean) for _ in range(4000)) / 4000
    assert found == pytest.approx(mean, rel=0.1, abs=0.01)


def test_courses_take_turns_with_their_deadlines() -> None:
    deadlines = [workload.next_deadline(course, MORNING) for course in range(len(workload.COURSES))]
    assert len(set(deadlines)) == len(workload.COURSES)
    assert all(MORNING <= deadline <= MORNING + workload.DEADLINE_EVERY for deadline in deadlines)


def test_a_clock_of_another_speed_moves_the_deadlines_that_are_ahead(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "g.db")
    for _ in demo.run(60):
        pass
    latest = demo.one("SELECT MAX(due_at) FROM assignments")
    demo.engine.change_clock(Clock(demo.now, 60))
    assert demo.one("SELECT MAX(due_at) FROM assignments") == pytest.approx(
        demo.now + (latest - demo.now) / 60
    )


def test_the_flood_fits_between_the_two_thresholds() -> None:
    """Whoever raises a threshold in the policy must raise the flood."""
    assert limit("GradingBacklog") < engine.FLOOD_LEVEL < engine.FLOOD
