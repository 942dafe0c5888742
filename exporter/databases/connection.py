"""What an adapter offers: connect, run one statement under a deadline, cancel it from outside, close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from exporter.collector import Deadline

Value = str | int | float | None
"""A statement's parameter. Statements name them `:after`, `:limit`; adapters translate for their driver."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of one statement, whole: column names and rows as the driver gives them."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Connection(Protocol):
    """One open, read-only, autocommitting connection, used by one thread at a time."""

    def run(self, sql: str, parameters: Mapping[str, Value], deadline: Deadline) -> Result:
        """Run exactly one reading statement; it has ended, in the database too, by the deadline.

        Raises CollectError: "timeout", "query" (refused or wrong), "data" or "connect". After an error the
        connection must not be used again.
        """
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

    def size_bytes(self, connection: Connection, deadline: Deadline) -> int | None:
        """Size of the database in bytes, or None where our role may not see it."""
        ...
