"""`--check-config --connect`: the configuration held against the databases that it names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from exporter.config.whole import Config
from exporter.databases import open_pool
from exporter.databases.examine import examine
from exporter.profiles import load_profile
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
    """Every statement that is asked of a database, those of its grader's profile first."""
    for grader in document.value.graders:
        if grader.database == database:
            profile = load_profile(grader.profile)
            if profile.value.now:
                yield profile, ("now",), profile.value.now
            for name, block in profile.value.queries.items():
                yield profile, ("queries", name, "sql"), block.sql
                if block.newest:
                    yield profile, ("queries", name, "newest"), block.newest
    for name, query in document.value.queries.items():
        if query.database == database:
            yield document, ("queries", name, "sql"), query.sql
            if query.newest:
                yield document, ("queries", name, "newest"), query.newest


def _tell(fault: Fault) -> None:
    print(fault, file=sys.stderr)
