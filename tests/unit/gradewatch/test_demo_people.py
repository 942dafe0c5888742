"""People around the demo grader: every figure about them is there, and nothing is out of what is promised."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from exporter.catalogue import FAMILIES
from exporter.collectors import build
from exporter.config.whole import load_config
from exporter.flight import Limits
from exporter.sidecar import Sidecar
from gradewatch.demo import people_life
from gradewatch.demo.people import People
from gradewatch.demo.store import Store
from gradewatch.demo.workload import DAY, HOUR, Clock

SUBJECTS = ("grader_users_", "grader_security_", "grader_feedback_", "grader_support_", "grader_education_")
SUBJECTS += ("grader_compliance_", "grader_incident")


class Portal:
    """People whose time a test moves; it ends about now, because statements ask SQLite what time it is."""

    def __init__(self, path: Path, speed: float, lived: float) -> None:
        self.store = Store(path)
        self.now = time.time() - lived / speed
        self.speed = speed
        self.people = People(self.store, Clock(self.now, speed), Random(-1))
        self.reader = sqlite3.connect(path)

    def live(self, seconds: float) -> None:
        """So many simulated seconds."""
        end = self.now + seconds / self.speed
        while self.now < end:
            self.now = min(end, self.now + 60)
            self.people.step(self.now)

    def one(self, sql: str, *values: object) -> float:
        return self.reader.execute(sql, values).fetchone()[0]


@pytest.fixture(params=[1.0, 30.0], ids=["real time", "30 times faster"])
def portal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Portal]:
    portal = Portal(tmp_path / "grader.db", request.param, 12 * HOUR)
    portal.live(12 * HOUR)
    yield portal
    portal.reader.close()
    portal.store.close()


def test_the_sidecar_gets_every_figure(portal: Portal, tmp_path: Path) -> None:
    """Those of education need submissions, which people alone do not make."""
    path = tmp_path / "sidecar.yaml"
    path.write_text(
        f"databases: {{grader: {{url: 'sqlite://{tmp_path}/grader.db'}}}}\n"
        "query_sets: [{set: demo, database: grader}]\n",
        encoding="utf-8",
    )
    sidecar = Sidecar(build(load_config(path).value, once=True), Limits(timeout=30))
    there = {part.head.name for part in sidecar.scrape() if part.lines}
    assert not [o.message for o in sidecar.status.outcomes if not o.success]
    expected = {f.base_name for name, f in FAMILIES.items() if name.startswith(SUBJECTS)}
    assert expected - there == {"grader_education_grade_improvement_ratio"}


def test_nothing_is_written_before_its_time(portal: Portal) -> None:
    for table, column in (
        ("sessions", "ended_at"),
        ("tickets", "answered_at"),
        ("tickets", "resolved_at"),
        ("feedback", "answered_at"),
        ("incidents", "resolved_at"),
        ("phi_accesses", "reviewed_at"),
        ("scans", "at"),
    ):
        assert portal.one(f"SELECT COALESCE(MAX({column}), 0) FROM {table}") <= portal.now, (
            f"{table}.{column}"
        )


@pytest.mark.parametrize(
    ("urgency", "answer", "solution"),
    [("critical", 1, 4), ("high", 4, 24), ("medium", 8, 72), ("low", 24, 168)],
)
def test_the_help_desk_keeps_its_agreement(
    portal: Portal, urgency: str, answer: float, solution: float
) -> None:
    """Hours of the help desk's agreement, in the demo's time."""
    for column, hours in (("answered_at", answer), ("resolved_at", solution)):
        longest = portal.one(
            f"SELECT COALESCE(MAX(COALESCE({column}, ?) - created_at), 0) FROM tickets WHERE urgency = ?",
            portal.now,
            urgency,
        )
        assert longest * portal.speed <= hours * HOUR


def test_a_demo_that_is_started_again_goes_on(tmp_path: Path) -> None:
    first = Portal(tmp_path / "grader.db", 1.0, 2 * HOUR)
    first.live(HOUR)
    sessions = first.one("SELECT COUNT(*) FROM sessions")
    first.store.close()
    again = Portal(tmp_path / "grader.db", 1.0, 0)
    assert again.one("SELECT COUNT(*) FROM sessions") == sessions
    assert again.one("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL") == 0
    again.store.close()


def test_every_window_has_somebody(portal: Portal) -> None:
    for days in (1, 7, 30, 60):
        active = portal.one(
            "SELECT COUNT(DISTINCT user_id) FROM sessions WHERE started_at > ?", portal.now - days * DAY
        )
        assert 5 <= active <= people_life.USERS
