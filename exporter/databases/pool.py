"""A few kept connections to one database, and what became of the attempts to connect."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from exporter.collector import CollectError, Deadline, Reason
from exporter.databases.connection import Connection, Dialect, Result, Value

MAX_CONNECTIONS = 2
"""A sidecar must not crowd out the grader; more collectors than this wait for one another."""


class Session:
    """A connection lent for one collection."""

    def __init__(self, connection: Connection, deadline: Deadline, statement_timeout: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._statement_timeout = statement_timeout

    def run(self, sql: str, parameters: Mapping[str, Value] | None = None) -> Result:
        """Run one statement within what is left of the deadline, at most the statement timeout."""
        limit = Deadline(min(self._deadline.at, time.monotonic() + self._statement_timeout))
        return self._connection.run(sql, parameters or {}, limit)


class Pool:
    """At most MAX_CONNECTIONS connections to one database; one that saw an error is not used again."""

    def __init__(self, name: str, dialect: Dialect, statement_timeout: float = 2.0) -> None:
        self.name = name
        self.dialect = dialect
        self._statement_timeout = statement_timeout
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._failure: tuple[float, CollectError] | None = None
        self._connect_errors: Counter[Reason] = Counter()

    def connect_errors(self) -> dict[Reason, int]:
        """Attempts to connect that failed since the start, by reason."""
        with self._lock:
            return dict(self._connect_errors)

    @contextmanager
    def session(self, deadline: Deadline) -> Iterator[Session]:
        """Lend a connection; raises CollectError when there is none to be had by the deadline."""
        if not self._free.acquire(timeout=deadline.remaining()):
            raise CollectError("timeout", f"database {self.name}: all connections are busy")
        try:
            connection = self._take(deadline)
            healthy = False
            try:
                yield Session(connection, deadline, self._statement_timeout)
                healthy = True
            finally:
                self._give_back(connection, healthy)
        finally:
            self._free.release()

    def size_bytes(self, deadline: Deadline) -> int | None:
        """Size of the database in bytes, or None where it cannot be seen."""
        with self.session(deadline) as session:
            return self.dialect.size_bytes(session._connection, deadline)

    def cancel(self) -> None:
        """End every statement that runs now; their collections fail with reason "timeout"."""
        with self._lock:
            running = list(self._busy)
        for connection in running:
            connection.cancel()

    def close(self) -> None:
        """Close what is idle. Connections in use are closed by those who use them."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self, deadline: Deadline) -> Connection:
        # One at a time: a thread that took all of them would make the others open more.
        while (connection := self._kept()) is not None and not connection.usable():
            connection.close()
        connection = connection or self._connect(deadline)
        with self._lock:
            self._busy.add(connection)
        return connection

    def _kept(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connect(self, deadline: Deadline) -> Connection:
        """Connect, unless that failed a moment ago: a dead server must not cost each collector its time."""
        with self._lock:
            failure = self._failure
        if failure and time.monotonic() < failure[0]:
            raise CollectError(failure[1].reason, failure[1].message)
        try:
            connection = self.dialect.connect(deadline)
        except CollectError as error:
            with self._lock:
                self._connect_errors[error.reason] += 1
                self._failure = (time.monotonic() + self.dialect.retry_after, error)
            raise
        with self._lock:
            self._failure = None
        return connection

    def _give_back(self, connection: Connection, healthy: bool) -> None:
        with self._lock:
            self._busy.discard(connection)
            if healthy:
                self._idle.append(connection)
        if not healthy:
            connection.close()
