"""A collection's cost follows what is new: no statement walks through a table that grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from exporter.profiles.profile import AFTER, parameters
from tests.servers.graders.life import Db, Job
from tests.servers.graders.site import Site

pytestmark = pytest.mark.slow
ROWS = 3000
VALUES = {
    "after": ROWS - 50,
    "limit": 1000,
    "span": 100,
    "lookback": 3600,
    "window": 3600,
    "now": 1_700_000_000,
}


def fill(site: Site, db: Db) -> None:
    """Enough rows for a planner to prefer its indexes, and statistics for it."""
    codes = sorted(site.system.codes)
    for number in range(1, 120):
        job = Job(user=number, task=number % 30, number=number, code=codes[number % len(codes)])
        site.system.arrive(db, job)
        site.system.start(db, job)
        site.system.finish(db, job)
    for table in site.system.large:
        while site.run(f"SELECT COUNT(*) FROM {table}")[0][0] < ROWS:
            _double(site, table)
    for table in site.system.large:
        site.run(f"ANALYZE TABLE {table}" if site.dialect == "mysql" else f"ANALYZE {table}")


UNIQUE = {"instance_question_id": "NULL", "problem_id": "id + 1000000", "questionattemptid": "id + 1000000"}
"""Columns whose copies must differ, and what the copies have instead."""


def _double(site: Site, table: str) -> None:
    if site.dialect == "mysql":
        rows = site.run(f"SHOW COLUMNS FROM {table}")
        columns = [str(row[0]) for row in rows if "auto_increment" not in str(row[5])]
    else:
        sql = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
        rows = site.run(f"{sql} AND table_name = '{table}' AND column_default IS NULL")
        columns = [str(row[0]) for row in rows]
    quote = "`" if site.dialect == "mysql" else '"'
    listed = ", ".join(f"{quote}{column}{quote}" for column in columns)
    shown = ", ".join(UNIQUE.get(column, f"{quote}{column}{quote}") for column in columns)
    if site.run(f"SELECT COUNT(*) FROM {table}")[0][0] == 0:
        site.run(f"INSERT INTO {table} ({quote}{columns[0]}{quote}) VALUES (1)")
    site.run(f"INSERT INTO {table} ({listed}) SELECT {shown} FROM {table}")


def whole_scans(site: Site, sql: str) -> Iterator[str]:
    """Tables that a statement reads from one end to the other."""
    for name in parameters(sql):
        sql = sql.replace(f":{name}", str(VALUES[name]))
    if site.dialect == "postgresql":
        plan = json.loads(json.dumps(site.run(f"EXPLAIN (FORMAT JSON) {sql}")[0][0]))
        yield from _scanned(plan[0]["Plan"])
    else:
        for row in site.run(f"EXPLAIN {sql}"):
            # id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra
            if row[3] in ("ALL", "index") and not str(row[2]).startswith("<"):
                yield str(row[2])


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield str(node["Relation Name"])
    if "Index Scan" in node["Node Type"] and not node.get("Index Cond") and "Index Name" in node:
        yield f"{node.get('Relation Name')} by {node['Index Name']}"
    for child in node.get("Plans", ()):
        yield from _scanned(child)


def test_every_statement_on_a_large_table_uses_a_range_of_an_index(site: Site) -> None:
    """As it is, as it follows unfinished rows, and the newest id."""
    with site.connection() as db:
        fill(site, db)
    profile = site.profile
    walks = {}
    for name, block in profile.queries.items():
        if block.every:
            continue  # read whole and seldom, and the profile says so
        forms = {"": block.sql}
        if block.follow == "watermark":
            forms |= {"pending": block.sql.replace(AFTER, "IN (1, 2, 3)"), "newest": block.newest or ""}
        for form, sql in forms.items():
            # A partial index that holds just what is counted is read whole, and a LIMIT ends the rest.
            known = {*profile.small, *_aliases(sql, profile.small), *_by_partial_index(block.index)}
            found = [table for table in whole_scans(site, sql) if table not in known]
            if found:
                walks[f"{name} {form}".strip()] = found
    assert not walks


def _aliases(sql: str, tables: tuple[str, ...]) -> Iterator[str]:
    """What small tables are called in a statement."""
    words = sql.replace("(", " ").replace(")", " ").split()
    for table, alias in pairwise(words):
        if table in tables:
            yield alias


def _by_partial_index(index: tuple[str, ...]) -> Iterator[str]:
    for name in index:
        if name.endswith("requires_manual_grading_idx"):
            yield f"instance_questions by {name}"


def test_the_named_indexes_carry_their_statements(site: Site) -> None:
    with site.connection() as db:
        fill(site, db)
    for name, block in site.profile.queries.items():
        sql = block.sql
        for parameter in parameters(sql):
            sql = sql.replace(f":{parameter}", str(VALUES[parameter]))
        plan = str(site.run(f"EXPLAIN {'(FORMAT JSON) ' * (site.dialect == 'postgresql')}{sql}"))
        missing = [index for index in block.index if index not in plan]
        assert not missing, f"{name}: {plan}"
