"""What an adapter offers: connect, run one statement under a deadline, cancel it from outside, close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from exporter.collector import CollectError, Deadline

Value = str | int | float | None
"""What is bound to a parameter. Statements name them `:after`, `:limit`; adapters translate them."""
Parameter = Value | Sequence[Value]
"""A list is for `IN (:ids)`; an adapter spells it out, or passes it as an array."""
Statement = tuple[str, Mapping[str, Parameter]]
"""A statement and its parameters."""

MAX_ROWS = 100_000
"""Rows of one answer: more are no metrics, and the memory of a sidecar is small."""


def too_many_rows() -> CollectError:
    """The error for an answer with more than MAX_ROWS rows."""
    return CollectError("limit", f"the answer has more than {MAX_ROWS:,} rows; aggregate in the statement")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a server says of itself; None where our role may not see it, or there is no such thing.

    Connections are those of the whole server. Times are seconds; a replica that does not replicate at all is
    infinitely far behind.
    """

    connections: int | None = None
    connections_max: int | None = None
    long_queries: int | None = None
    longest_query_seconds: float | None = None
    replication_lag_seconds: float | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of one statement, whole: column names and rows as the driver gives them."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Connection(Protocol):
    """One open, read-only, autocommitting connection, used by one thread at a time."""

    def run(self, sql: str, parameters: Mapping[str, Parameter], deadline: Deadline) -> Result:
        """Run exactly one reading statement; it has ended, in the database too, by the deadline.

        Raises CollectError: "timeout", "query" (refused or wrong), "data", "limit" or "connect". After an
        error the connection must not be used again.
        """
        ...

    def run_all(self, statements: Sequence[Statement], deadline: Deadline, seconds: float) -> list[Result]:
        """Run them in this order, each as by `run` and within `seconds`; sent at once where that can be.

        Each sees what had been committed when it began.
        """
        ...

    def prepare(self, sql: str, parameters: Mapping[str, Parameter], deadline: Deadline) -> None:
        """Let the database understand a statement without running it; raises as `run` does."""
        ...

    def cancel(self) -> None:
        """End the statement that another thread runs; it then raises CollectError there."""
        ...

    def usable(self) -> bool:
        """Whether the connection still leads to what its URL names; asked before it is used again."""
        ...

    def close(self) -> None:
        """Close; never raises."""
        ...


class Dialect(Protocol):
    """How to reach one configured database."""

    @property
    def name(self) -> str:
        """The dialect that a profile's SQL is written in: sqlite, mysql or postgresql."""
        ...

    @property
    def location(self) -> str:
        """Where the database is, without secrets: for messages and to tell one database from another."""
        ...

    @property
    def light_statement(self) -> str:
        """Touches the database and is done at once: is it there, and how fast does it answer?"""
        ...

    @property
    def retry_after(self) -> float:
        """Seconds in which a failed connection is not tried again; 0 where trying costs nothing."""
        ...

    def connect(self, deadline: Deadline) -> Connection:
        """A new connection; raises CollectError ("connect", "auth", "timeout" or "data")."""
        ...

    def figures(self, connection: Connection, deadline: Deadline, long_query_seconds: float) -> Figures:
        """What the server says of itself; raises CollectError, never for what the role may not see."""
        ...

    def writing_rights(self, connection: Connection, deadline: Deadline) -> Sequence[str]:
        """Rights of our role that go beyond reading, in the database's words; empty when there are none."""
        ...


def one_by_one(
    connection: Connection, statements: Sequence[Statement], deadline: Deadline, seconds: float
) -> list[Result]:
    """`run_all` of a connection that takes one statement at a time."""
    return [connection.run(sql, parameters, deadline.within(seconds)) for sql, parameters in statements]
