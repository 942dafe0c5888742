"""A few kept connections to one database, and what became of the attempts to connect."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from exporter.collector import CollectError, Deadline, Reason
from exporter.databases.connection import Connection, Dialect, Figures, Parameter, Result, Statement

MAX_CONNECTIONS = 2
"""A sidecar must not crowd out the grader; more collectors than this wait for one another. The default."""

CANCEL_SECONDS = 1.5
"""How long `cancel` waits for databases that do not answer."""


class Session:
    """A connection lent for one collection."""

    def __init__(
        self, dialect: Dialect, connection: Connection, deadline: Deadline, statement_timeout: float
    ) -> None:
        self._dialect = dialect
        self._connection = connection
        self._deadline = deadline
        self._statement_timeout = statement_timeout

    def run(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> Result:
        """Run one statement within what is left of the deadline, at most the statement timeout."""
        return self._connection.run(sql, parameters or {}, self._limit())

    def run_all(self, statements: Sequence[Statement]) -> list[Result]:
        """Run several, each as by `run`, in this order; none may need another's answer.

        Where the database can, they share one way there and back.
        """
        return self._connection.run_all(statements, self._deadline, self._statement_timeout)

    def prepare(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> None:
        """Let the database understand a statement without running it; raises CollectError as `run` does."""
        self._connection.prepare(sql, parameters or {}, self._limit())

    def figures(self, long_query_seconds: float) -> Figures:
        """What the server says of itself, as far as our role may see it."""
        return self._dialect.figures(self._connection, self._limit(), long_query_seconds)

    def writing_rights(self) -> Sequence[str]:
        """Rights of our role that go beyond reading."""
        return self._dialect.writing_rights(self._connection, self._limit())

    def _limit(self) -> Deadline:
        return self._deadline.within(self._statement_timeout)


class Pool:
    """A few connections to one database; one that saw an error is not used again."""

    def __init__(
        self,
        name: str,
        dialect: Dialect,
        statement_timeout: float = 2.0,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self.name = name
        self.dialect = dialect
        self._statement_timeout = statement_timeout
        self._free = threading.BoundedSemaphore(max_connections)
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._closed = False
        self._failure: tuple[float, CollectError] | None = None
        self._connect_errors: Counter[Reason] = Counter()

    def connect_errors(self) -> dict[Reason, int]:
        """Attempts to connect that failed since the start, by reason."""
        with self._lock:
            return dict(self._connect_errors)

    @contextmanager
    def session(self, deadline: Deadline, statement_timeout: float | None = None) -> Iterator[Session]:
        """Lend a connection; raises CollectError when there is none to be had by the deadline.

        `statement_timeout` in seconds stands in place of the pool's.
        """
        timeout = self._statement_timeout if statement_timeout is None else statement_timeout
        if not self._free.acquire(timeout=deadline.remaining()):
            raise CollectError("timeout", f"database {self.name}: all connections are busy")
        try:
            connection = self._take(deadline)
            healthy = False
            try:
                yield Session(self.dialect, connection, deadline, timeout)
                healthy = True
            finally:
                self._give_back(connection, healthy)
        finally:
            self._free.release()

    def cancel(self) -> None:
        """End every statement that runs now; their collections fail with reason "timeout"."""
        with self._lock:
            running = list(self._busy)
        # Each asks over a connection of its own, and a hung server lets it wait.
        threads = [threading.Thread(target=connection.cancel, daemon=True) for connection in running]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(CANCEL_SECONDS)

    def close(self) -> None:
        """Close what is idle. Connections in use are closed by those who use them."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
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
            keep = healthy and not self._closed
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()
