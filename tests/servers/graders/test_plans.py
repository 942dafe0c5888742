"""A collection's cost follows what is new: no statement walks through a table that grows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from exporter.profiles.grants import read_from
from exporter.profiles.profile import AFTER, parameters
from tests.servers.graders.site import Site

pytestmark = pytest.mark.slow
ROWS = 20_000
VALUES = {
    "after": ROWS - 50,
    "limit": 1000,
    "span": 20,
    "lookback": 3600,
    "window": 3600,
    "now": 1_700_000_000,
}


def explained(site: Site, sql: str) -> list[tuple[Any, ...]]:
    """A plan as the sidecar gets it: through the views, where there are any."""
    if site.dialect == "mysql":
        place = read_from(site.profile, site.dialect, site.place)
        return site.schema.server.run(f"EXPLAIN {sql}", database=place)
    return site.run(f"SET search_path = {site.place.views}, public", f"EXPLAIN {sql}")


def whole_scans(site: Site, sql: str) -> Iterator[str]:
    """Tables that a statement reads from one end to the other."""
    for name in parameters(sql):
        sql = sql.replace(f":{name}", str(VALUES[name]))
    if site.dialect == "postgresql":
        yield from _scanned(explained(site, f"(FORMAT JSON) {sql}")[0][0][0]["Plan"])
    else:
        for row in explained(site, sql):
            # id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra
            # A derived table that reads an index in its order is ended by its own LIMIT.
            ordered = row[1] == "DERIVED" and row[3] == "index" and not row[9]
            limited = ordered and f"LIMIT {VALUES['span']}" in sql
            if row[3] in ("ALL", "index") and not limited and not str(row[2]).startswith("<"):
                yield str(row[2])


def _scanned(node: dict[str, Any], *, limited: bool = False) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield str(node["Relation Name"])
    if "Index Scan" in node["Node Type"] and not node.get("Index Cond") and not limited:
        yield f"{node.get('Relation Name', '')} by {node['Index Name']}"
    for child in node.get("Plans", ()):
        # An index that is read in its order, with a limit right above it, is left after so many rows.
        yield from _scanned(child, limited=node["Node Type"] == "Limit")


def named_indexes_are_used(site: Site) -> None:
    for name, block in site.profile.queries.items():
        sql = block.sql
        for parameter in parameters(sql):
            sql = sql.replace(f":{parameter}", str(VALUES[parameter]))
        plan = str(explained(site, f"{'(FORMAT JSON) ' * (site.dialect == 'postgresql')}{sql}"))
        missing = [index for index in block.index if index not in plan]
        assert not missing, f"{name}: {plan}"


def test_every_statement_on_a_large_table_uses_a_range_of_an_index(site: Site) -> None:
    """As it is, as it follows unfinished rows, and the newest id."""
    site.fill(ROWS)
    named_indexes_are_used(site)
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
            yield f" by {name}"
