"""The query set for Zammad on a real PostgreSQL, with a workload that keeps its own tally."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.database_servers import Schema
from tests.servers.watching import Watched

TABLES = Path(__file__).with_name("zammad.sql").read_text(encoding="utf-8")
NEW, OPEN, REMINDER, CLOSED, MERGED = 1, 2, 3, 4, 5
HOUR = 3600


@pytest.fixture
def zammad(postgresql_schema: Schema) -> Schema:
    postgresql_schema.run(TABLES)
    return postgresql_schema


@pytest.fixture
def watched(zammad: Schema, tmp_path: Path, password_file: Callable[[], Path]) -> Watched:
    return Watched(
        tmp_path,
        f"databases: {{desk: {{url: '{zammad.url()}', password_file: {password_file()}}}}}\n"
        "query_sets: [{set: zammad, database: desk}]\n",
    )


def ticket(
    zammad: Schema,
    priority: int,
    state: int,
    hours: float,
    answered: float | None = None,
    closed: float | None = None,
) -> None:
    """One created so many hours ago, answered and closed so many hours after that."""
    now = "(now() AT TIME ZONE 'UTC')"
    created = f"{now} - interval '{hours} hours'"

    def after(value: float | None) -> str:
        return "NULL" if value is None else f"{created} + interval '{value} hours'"

    columns = "priority_id, state_id, number, title, first_response_at, close_at, created_at, updated_at"
    title = "Anna cannot sign in"
    values = f"{priority}, {state}, '1', '{title}', {after(answered)}, {after(closed)}, {created}, {now}"
    zammad.run(f"INSERT INTO tickets ({columns}) VALUES ({values})")


def test_tickets(zammad: Schema, watched: Watched) -> None:
    ticket(zammad, 4, NEW, 0.5)
    ticket(zammad, 3, OPEN, 5, answered=1)
    ticket(zammad, 3, OPEN, 2)
    ticket(zammad, 2, REMINDER, 30, answered=3)
    ticket(zammad, 1, CLOSED, 200, answered=20, closed=100)
    ticket(zammad, 2, CLOSED, 100, answered=5, closed=50)
    ticket(zammad, 2, MERGED, 400)
    page = watched.figures()

    assert page["support_tickets{state=open,urgency=critical}"] == 1
    assert page["support_tickets{state=open,urgency=high}"] == 2
    assert page["support_tickets{state=waiting,urgency=medium}"] == 1
    assert page["support_tickets{state=resolved,urgency=medium}"] == 1
    assert page["support_tickets{state=resolved,urgency=low}"] == 1
    assert page["support_tickets{state=open,urgency=low}"] == 0
    assert sum(value for key, value in page.items() if key.startswith("support_tickets{")) == 6, (
        "merged ones are gone"
    )

    oldest = "support_oldest_{}_seconds{{urgency={}}}".format
    assert page[oldest("unanswered", "critical")] == pytest.approx(0.5 * HOUR, abs=60)
    assert page[oldest("unanswered", "high")] == pytest.approx(2 * HOUR, abs=60)
    assert page[oldest("unresolved", "high")] == pytest.approx(5 * HOUR, abs=60)
    assert page[oldest("unanswered", "medium")] == 0
    assert page[oldest("unresolved", "medium")] == pytest.approx(30 * HOUR, abs=60)
    assert page[oldest("unresolved", "low")] == 0

    assert page["support_tickets_created_total{urgency=high}"] == 2
    assert page["support_tickets_created_total{urgency=medium}"] == 3
    assert page["support_first_response_seconds_count{urgency=medium}"] == 2
    assert page["support_first_response_seconds_bucket{le=14400.0,urgency=medium}"] == 1
    assert page["support_first_response_seconds_sum{urgency=medium}"] == pytest.approx(8 * HOUR)
    assert page["support_resolution_seconds_count{urgency=low}"] == 1
    assert page["support_resolution_seconds_bucket{le=604800.0,urgency=low}"] == 1
    assert page["support_resolution_seconds_bucket{le=259200.0,urgency=low}"] == 0


def test_no_title_and_no_number_gets_out(zammad: Schema, watched: Watched) -> None:
    ticket(zammad, 2, OPEN, 1)
    assert "Anna" not in str(watched.page())
