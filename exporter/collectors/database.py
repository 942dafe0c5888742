"""Database health: does each configured database answer us, how fast, how large is it?"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collector import CollectError, Deadline, RowFamily
from exporter.databases.pool import Pool


@dataclass(frozen=True, slots=True)
class _Health:
    up: bool
    seconds: float | None = None
    size: int | None = None


@dataclass(slots=True)
class DatabaseCollector:
    """Asks each database a light statement. A database that is away is a fact to export, not a failure."""

    pools: tuple[Pool, ...]
    name: str = "database"

    def families(self) -> Sequence[Family]:
        """Health of databases."""
        return (
            catalogue.GRADER_DATABASE_UP,
            catalogue.GRADER_DATABASE_QUERY_DURATION_SECONDS,
            catalogue.GRADER_DATABASE_SIZE_BYTES,
            catalogue.GRADER_DATABASE_CONNECT_ERRORS_TOTAL,
        )

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """One row a database; duration in seconds and size in bytes are absent while it is down."""
        health = {pool.name: _ask(pool, deadline) for pool in self.pools}
        rows = health.items()
        return [
            RowFamily(catalogue.GRADER_DATABASE_UP, [(name, int(h.up)) for name, h in rows]),
            RowFamily(
                catalogue.GRADER_DATABASE_QUERY_DURATION_SECONDS, [(name, h.seconds) for name, h in rows]
            ),
            RowFamily(catalogue.GRADER_DATABASE_SIZE_BYTES, [(name, h.size) for name, h in rows]),
            RowFamily(catalogue.GRADER_DATABASE_CONNECT_ERRORS_TOTAL, list(self._connect_errors())),
        ]

    def cancel(self) -> None:
        """End every statement that runs in any of the databases, whoever asked for it."""
        for pool in self.pools:
            pool.cancel()

    def close(self) -> None:
        """Close the connections that are idle."""
        for pool in self.pools:
            pool.close()

    def _connect_errors(self) -> Iterable[tuple[str, str, int]]:
        reasons = catalogue.GRADER_DATABASE_CONNECT_ERRORS_TOTAL.values["reason"]
        for pool in self.pools:
            counted = {str(reason): n for reason, n in pool.connect_errors().items()}
            for reason in reasons:
                yield pool.name, reason, counted.get(reason, 0)


def _ask(pool: Pool, deadline: Deadline) -> _Health:
    """One light statement; the time includes connecting where no connection was kept."""
    try:
        started = time.monotonic()
        with pool.session(deadline) as session:
            session.run(pool.dialect.light_statement)
        seconds = time.monotonic() - started
    except CollectError:
        return _Health(up=False)
    size = None
    with contextlib.suppress(CollectError, OSError):
        size = pool.size_bytes(deadline)
    return _Health(up=True, seconds=seconds, size=size)
