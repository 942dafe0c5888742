"""`--check-config --connect`: the configuration held against the databases that it names."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from exporter.config.whole import Config
from exporter.databases import open_pool
from exporter.databases.examine import examine
from exporter.profiles import bind, load_profile
from exporter.query_sets import load_query_set
from typedyaml.faults import Fault
from typedyaml.load import Document

Statement = tuple[Document[Any], tuple[str | int, ...], str]
"""A statement, and the document and place where it stands."""


def check_connected(document: Document[Config]) -> int:
    """Print what each database says; 0 when all is well, 1 without a connection, 2 for a wrong statement.

    A role that may write is a warning: the sidecar does not, but somebody with its password could.
    """
    outcome = 0
    for name, database in document.value.databases.items():
        statements = {str(index): found for index, found in enumerate(_statements(document, name))}
        pool = open_pool(
            name, database.url, statement_timeout=database.timeout.seconds, access=database.access
        )
        found = examine(pool, {key: sql for key, (_, _, sql) in statements.items()})
        pool.close()
        if found.error:
            _tell(document.fault(("databases", name), f"{found.error.reason}: {found.error.message}"))
            outcome = max(outcome, 1)
            continue
        for key, error in found.faults.items():
            where, place, _ = statements[key]
            _tell(where.fault(place, f"{error.reason}: {error.message}"))
            outcome = 2
        if found.rights:
            message = f"warning: the role may do more than read: {', '.join(found.rights)}"
            _tell(document.fault(("databases", name), message))
        count = f"{len(statements) - len(found.faults)} of {len(statements)}"
        print(f"{name}: {pool.dialect.location} answers; {count} statements are understood")
    return outcome


def _statements(document: Document[Config], database: str) -> Iterator[Statement]:
    """Every statement that is asked of a database: of profiles, query sets and the configuration."""
    config = document.value
    for grader in config.graders:
        if grader.database == database:
            found = load_profile(grader.profile)
            profile = bind(found.value, config.databases[database].dialect, grader.options)
            if profile.now:
                yield found, ("now",), profile.now
            yield from _asked(found, profile.queries)
    for use in config.query_sets:
        if use.database == database:
            queries = load_query_set(use.set)
            yield from _asked(queries, queries.value.queries)
    own = {name: query for name, query in config.queries.items() if query.database == database}
    yield from _asked(document, own)
    for name, backup in config.backups.items():
        if backup.database == database and backup.sql is not None:
            yield document, ("backups", name, "sql"), backup.sql
    for index, queue in enumerate(config.queues):
        if queue.database == database and queue.sql is not None:
            yield document, ("queues", index, "sql"), queue.sql


def _asked(document: Document[Any], queries: Mapping[str, Any]) -> Iterator[Statement]:
    for name, query in queries.items():
        yield document, ("queries", name, "sql"), query.sql
        if query.newest:
            yield document, ("queries", name, "newest"), query.newest


def _tell(fault: Fault) -> None:
    print(fault, file=sys.stderr)
