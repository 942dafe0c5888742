"""Rows that are followed by state, with values as a server gives them: PostgreSQL's times are numerics."""

from __future__ import annotations

from pathlib import Path

from exporter.collector import Deadline
from exporter.collectors.books import book_for
from exporter.collectors.facts import Facts
from exporter.collectors.memory import Memory
from exporter.collectors.rows import Query
from exporter.collectors.submissions import EventCollector
from exporter.databases import open_pool
from exporter.databases.address import Access
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


def follower(schema: Schema, folder: Path, name: str, block: Block) -> EventCollector:
    """As it is after a start."""
    password = folder / "password"
    password.write_text(PASSWORDS["reader"])
    facts = Facts()
    return EventCollector(
        name=name,
        query=Query(name, block),
        book=book_for(name, frozenset(block.feeds)),
        pool=open_pool("grader", schema.url(), access=Access(password_file=str(password))),
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
