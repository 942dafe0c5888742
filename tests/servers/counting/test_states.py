"""Values as a server gives them: PostgreSQL's times are numerics, differences of times are intervals."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.collector import Deadline
from exporter.collectors.books import book_for
from exporter.collectors.facts import Facts
from exporter.collectors.memory import Memory
from exporter.collectors.rows import Query
from exporter.collectors.state_blocks import StateCollector
from exporter.collectors.submissions import EventCollector
from exporter.databases import open_pool
from exporter.databases.address import Access
from exporter.databases.pool import Pool
from exporter.profiles import Block
from exporter.state import StateFile
from tests.servers.database_servers import PASSWORDS, Schema

WORKS = Block(
    feeds=("submissions_total",),
    columns=("id", "submitted_at", "outcome"),
    sql="SELECT name AS id, extract(epoch FROM at) AS submitted_at, outcome FROM works",
    follow="state",
)
DISTANCES = Block(
    feeds=("grade_comparisons_total",),
    columns=("id", "difference"),
    sql="SELECT name AS id, distance AS difference FROM works",
    follow="state",
)


def pool_of(schema: Schema, folder: Path) -> Pool:
    password = folder / "password"
    password.write_text(PASSWORDS["reader"])
    return open_pool("grader", schema.url(), access=Access(password_file=str(password)))


def follower(schema: Schema, folder: Path, name: str, block: Block) -> EventCollector:
    """As it is after a start."""
    facts = Facts()
    return EventCollector(
        name=name,
        query=Query(name, block),
        book=book_for(name, frozenset(block.feeds)),
        pool=pool_of(schema, folder),
        facts=facts,
        memory=Memory(name, facts, StateFile(folder / f"{name}.json", "works")),
    )


def counted(collector: EventCollector) -> dict[str, float]:
    """By the only label; nothing that is 0."""
    (family,) = collector.collect(Deadline.after(5))
    return {str(row[0]): float(row[1]) for row in family.rows if row[1]}


def test_numerics_are_kept_over_a_restart(postgresql_schema: Schema, tmp_path: Path) -> None:
    def restarted() -> tuple[dict[str, float], dict[str, float]]:
        collectors = [
            follower(postgresql_schema, tmp_path, "rows", WORKS),
            follower(postgresql_schema, tmp_path, "agreement", DISTANCES),
        ]
        try:
            works, distances = (counted(collector) for collector in collectors)
            return works, distances
        finally:
            for collector in collectors:
                collector.pool.close()

    postgresql_schema.run(
        "CREATE TABLE works (name TEXT PRIMARY KEY, at TIMESTAMPTZ, outcome TEXT, distance NUMERIC)",
        "INSERT INTO works VALUES ('ann', '2026-01-31 12:00:00.123457', 'accepted', 0.1)",
    )
    assert restarted() == ({}, {})
    postgresql_schema.run("INSERT INTO works VALUES ('bob', '2026-02-01 08:00:00.000003', 'graded', 0.7)")
    for _ in range(2):
        assert restarted() == ({"first": 1}, {"different": 1})
    postgresql_schema.run("UPDATE works SET at = at + interval '1 second', distance = 0 WHERE name = 'ann'")
    assert restarted() == ({"first": 1, "resubmission": 1}, {"different": 1, "equal": 1})


def test_a_distance_that_is_no_number_compares_nothing(postgresql_schema: Schema, tmp_path: Path) -> None:
    postgresql_schema.run("CREATE TABLE works (name TEXT, distance DOUBLE PRECISION)")
    collector = follower(postgresql_schema, tmp_path, "agreement", DISTANCES)
    assert counted(collector) == {}
    postgresql_schema.run("INSERT INTO works VALUES ('ann', 'NaN'), ('bob', 0.05)")
    for _ in range(3):
        assert counted(collector) == {"close": 1}
    collector.pool.close()


@pytest.mark.parametrize(
    ("dialect", "age"),
    [
        ("postgresql", "interval '2 days 1 second'"),
        ("mariadb", "TIMEDIFF('2026-01-03 00:00:01', '2026-01-01 00:00:00')"),
    ],
)
def test_an_age_may_be_an_interval(
    request: pytest.FixtureRequest, tmp_path: Path, dialect: str, age: str
) -> None:
    schema: Schema = request.getfixturevalue(f"{dialect}_schema")
    block = Block(
        feeds=("queue_depth", "queue_oldest_age_seconds"),
        columns=("depth", "oldest_age_seconds"),
        states=("waiting",),
        sql=f"SELECT 1 AS depth, {age} AS oldest_age_seconds",
    )
    pool = pool_of(schema, tmp_path)
    collector = StateCollector("backlog", {"backlog": Query("backlog", block)}, block.feeds, pool, Facts())
    depth, oldest = collector.collect(Deadline.after(5))
    assert list(depth.rows) == [("waiting", "grading", 1)]
    assert list(oldest.rows) == [("waiting", "grading", 2 * 86_400 + 1)]
    pool.close()
