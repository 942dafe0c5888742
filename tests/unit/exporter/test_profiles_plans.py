"""The cost of a scrape follows what is new: no statement of the demo profile walks through a large table."""

from __future__ import annotations

import sqlite3

import pytest

from exporter.profiles import load_profile
from exporter.profiles.profile import AFTER, parameters
from gradewatch.demo.store import Store

PROFILE = load_profile("demo").value
SMALL = {"workers", "(subquery-1)", "(subquery-2)"}
STATEMENTS = {
    **{name: block.sql for name, block in PROFILE.queries.items()},
    **{f"{name}, newest": block.newest for name, block in PROFILE.queries.items() if block.newest},
    **{
        f"{name}, pending": block.sql.replace(AFTER, "IN (:id_0, :id_1)")
        for name, block in PROFILE.queries.items()
        if block.follow == "watermark"
    },
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """The demo's tables with enough rows for the planner to prefer its indexes, and its statistics."""
    path = tmp_path_factory.mktemp("plans") / "grader.db"
    Store(path).close()
    db = sqlite3.connect(path)
    db.executemany("INSERT INTO assignments VALUES (?, 1, 0, 100)", [(n,) for n in range(1, 31)])
    columns = "assignment_id, student_id, attempt, submitted_at, finished_at"
    db.executemany(
        f"INSERT INTO submissions ({columns}) VALUES (?, ?, 1, ?, ?)",
        [(n % 30 + 1, n % 400, n, n) for n in range(20_000)],
    )
    db.commit()
    db.execute("ANALYZE")
    return db


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_uses_an_index(database: sqlite3.Connection, name: str) -> None:
    sql = STATEMENTS[name]
    values = dict.fromkeys(parameters(sql), 19_000)
    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    walks = [
        step
        for step in plan
        if step.startswith("SCAN ") and "INDEX" not in step and step.split()[1] not in SMALL
    ]
    assert not walks, plan
