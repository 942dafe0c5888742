"""`query_sets:` ready statements for a portal or a help desk, named instead of written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exporter.config import queries
from exporter.config.names import Name, unreadable
from exporter.config.queries import Query
from typedyaml.faults import Fault, Faults, unknown
from typedyaml.load import Document


@dataclass(frozen=True, slots=True)
class QuerySetUse:
    """A shipped set (`moodle`, `zammad` …) or the path of one's own, and the database that it reads."""

    set: str
    database: Name


def all_queries(config: Any) -> dict[str, Query]:
    """The queries of the sets, named <set>_<query>, and the configuration's own, which take their place.

    Raises Faults for a set that cannot be read.
    """
    found: dict[str, Query] = {}
    for use in config.query_sets:
        found |= _of_set(use)
    own: dict[str, Query] = config.queries
    return found | own


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section, and with the sets that it names."""
    config, seen = document.value, set()
    for index, use in enumerate(config.query_sets):
        place = ("query_sets", index)
        if use.set in seen:
            yield document.fault((*place, "set"), f'"{use.set}" is used twice')
        seen.add(use.set)
        if use.database not in config.databases and ("databases", use.database) not in document.positions:
            message = unknown("database", use.database, config.databases)
            yield document.fault((*place, "database"), message)
        yield from _set_faults(document, index)


def _set_faults(document: Document[Any], index: int) -> Iterator[Fault]:
    from exporter.query_sets.load import load_query_set, query_set_names

    use, place = document.value.query_sets[index], ("query_sets", index)
    if use.set.endswith(".yaml"):
        if why := unreadable(use.set):
            yield document.fault((*place, "set"), f"{use.set} cannot be read: {why}")
            return
    elif use.set not in query_set_names():
        yield document.fault((*place, "set"), unknown("query set", use.set, query_set_names()))
        return
    try:
        found = load_query_set(use.set)
    except Faults as error:
        yield from error.faults
        return
    database = document.value.databases.get(use.database)
    if database is not None and database.dialect != found.value.dialect:
        message = (
            f"query set {found.value.set} is written for {found.value.dialect}, this is {database.dialect}"
        )
        yield document.fault((*place, "database"), message)
    if database is None:
        return
    # The set's own faults stand in its own file, which is laid out as the configuration is.
    asked = {name: dataclasses.replace(q, database=use.database) for name, q in found.value.queries.items()}
    whole = dataclasses.replace(document.value, queries=asked)
    yield from queries.faults(Document(whole, found.path, found.positions))


def _of_set(use: QuerySetUse) -> dict[str, Query]:
    from exporter.query_sets.load import load_query_set

    found = load_query_set(use.set).value
    return {
        f"{found.set}_{name}": dataclasses.replace(query, database=use.database)
        for name, query in found.queries.items()
    }
