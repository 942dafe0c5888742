"""Database health: does each configured database answer us, how fast, and how is its server?"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collector import CollectError, Deadline, Row, RowFamily
from exporter.databases.connection import Figures
from exporter.databases.pool import Pool

LONG_QUERY_SECONDS = 30.0
_MARGIN = 0.2
"""Seconds of the deadline that are kept for telling which databases did not answer."""

_FIGURES: tuple[tuple[Family, str], ...] = (
    (catalogue.GRADER_DATABASE_SIZE_BYTES, "size_bytes"),
    (catalogue.GRADER_DATABASE_CONNECTIONS, "connections"),
    (catalogue.GRADER_DATABASE_CONNECTIONS_MAX, "connections_max"),
    (catalogue.GRADER_DATABASE_LONG_QUERIES, "long_queries"),
    (catalogue.GRADER_DATABASE_LONGEST_QUERY_SECONDS, "longest_query_seconds"),
    (catalogue.GRADER_DATABASE_REPLICATION_LAG_SECONDS, "replication_lag_seconds"),
)


@dataclass(slots=True)
class _Inquiry:
    """One database being asked, in a thread of its own: a hung one must not keep the others waiting."""

    pool: Pool
    long_query_seconds: float
    up: bool = False
    seconds: float | None = None
    figures: Figures = field(default_factory=Figures)
    ended: threading.Event = field(default_factory=threading.Event)

    def start(self, deadline: Deadline) -> None:
        name = f"ask-{self.pool.name}"
        threading.Thread(target=self._ask, args=(deadline,), name=name, daemon=True).start()

    def _ask(self, deadline: Deadline) -> None:
        """A light statement, its time with connecting where no connection was kept; then the figures."""
        try:
            started = time.monotonic()
            with self.pool.session(deadline) as session:
                session.run(self.pool.dialect.light_statement)
                self.seconds = time.monotonic() - started
                self.up = True
                self.figures = session.figures(self.long_query_seconds)
        except (CollectError, OSError):
            pass  # `up` says it, or the figures are absent: a database that is away is a fact, not a failure
        finally:
            self.ended.set()


@dataclass(slots=True)
class DatabaseCollector:
    """Asks all databases at once. One that is away is a fact to export, not a failure.

    `long_queries` gives for a database the seconds after which a statement counts as long.
    """

    pools: tuple[Pool, ...]
    long_queries: Mapping[str, float] = field(default_factory=dict)
    name: str = "database"
    _asked: dict[str, _Inquiry] = field(default_factory=dict, init=False)

    def families(self) -> Sequence[Family]:
        """Health of databases."""
        return (
            catalogue.GRADER_DATABASE_UP,
            catalogue.GRADER_DATABASE_QUERY_DURATION_SECONDS,
            *(family for family, _ in _FIGURES),
            catalogue.GRADER_DATABASE_CONNECT_ERRORS_TOTAL,
        )

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """One row a database; what is not known of it, because it is down or the role may not, is absent."""
        answers = self._ask_all(Deadline(deadline.at - min(_MARGIN, deadline.remaining() / 4)))
        ups = [(name, int(answer is not None and answer.up)) for name, answer in answers.items()]
        known = {name: answer for name, answer in answers.items() if answer is not None and answer.up}
        times = [(name, answer.seconds) for name, answer in known.items()]
        return [
            RowFamily(catalogue.GRADER_DATABASE_UP, ups),
            RowFamily(catalogue.GRADER_DATABASE_QUERY_DURATION_SECONDS, times),
            *(RowFamily(family, _figures(known, attribute)) for family, attribute in _FIGURES),
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

    def _ask_all(self, deadline: Deadline) -> dict[str, _Inquiry | None]:
        """What each database said by the deadline, None for one that said nothing.

        One that has not come back from an earlier time is not asked again meanwhile, and what it says then is
        too old to count.
        """
        fresh = {pool.name: self._begin(pool, deadline) for pool in self.pools}
        return {name: _answer(asked, deadline) for name, asked in fresh.items()}

    def _begin(self, pool: Pool, deadline: Deadline) -> _Inquiry | None:
        """A new inquiry, None while an earlier one is under way."""
        if (before := self._asked.get(pool.name)) is not None and not before.ended.is_set():
            return None
        inquiry = _Inquiry(pool, self.long_queries.get(pool.name, LONG_QUERY_SECONDS))
        inquiry.start(deadline)  # before it is noted: where no thread can be had there is nothing to wait for
        self._asked[pool.name] = inquiry
        return inquiry

    def _connect_errors(self) -> Iterable[tuple[str, str, int]]:
        reasons = catalogue.GRADER_DATABASE_CONNECT_ERRORS_TOTAL.values["reason"]
        for pool in self.pools:
            counted = {str(reason): n for reason, n in pool.connect_errors().items()}
            for reason in reasons:
                yield pool.name, reason, counted.get(reason, 0)


def _answer(asked: _Inquiry | None, deadline: Deadline) -> _Inquiry | None:
    return asked if asked is not None and asked.ended.wait(deadline.remaining()) else None


def _figures(known: Mapping[str, _Inquiry], attribute: str) -> list[Row]:
    values = ((name, getattr(answer.figures, attribute)) for name, answer in known.items())
    return [row for row in values if row[1] is not None]
