"""Statements to PostgreSQL sent at once and answered in turn: one way there and back, however many they are.

Each has a read-only transaction of its own, with a time limit, that is rolled back: no lock and no snapshot
is held longer than for that statement. libpq's pipeline goes by the extended protocol, whose messages hold
one statement only; after an error the server skips what is left of a pipeline.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import capabilities
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from exporter.collector import CollectError
from exporter.databases.connection import MAX_ROWS, Parameter, Result, too_many_rows
from exporter.databases.postgresql_prepared import Prepared

Bound = tuple[bytes, Sequence[Parameter]]
"""A statement whose parameters are written `$1`, and their values."""

_BATCH = 1000 if capabilities.has_stream_chunked() else 1
"""Rows that come at a time: an answer without end must not fill the memory before it is noticed."""
_BEGIN = b"BEGIN READ ONLY"
_NEXT = b"ROLLBACK AND CHAIN"
"""The next transaction is read-only as this one is."""
_PART = (ExecStatus.TUPLES_CHUNK, ExecStatus.SINGLE_TUPLE)
_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.PIPELINE_SYNC, *_PART)


class Pipeline:
    """The pipeline of one connection. Methods raise psycopg.Error, and ValueError for values of a row.

    `answer` is called once for each statement of `send`, then `end`.
    """

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.runs = False
        """Whether the server may still have something to do."""
        self._pgconn = raw.pgconn
        self._values = Transformer(raw)
        self._prepared = Prepared()
        self._commands: deque[int] = deque()
        """For each statement to be answered, the commands that go before it."""
        self._arrives, self._moves = select.poll(), select.poll()
        self._arrives.register(raw.fileno(), select.POLLIN)
        self._moves.register(raw.fileno(), select.POLLIN | select.POLLOUT)

    def send(self, statements: Sequence[Bound], milliseconds: int) -> None:
        """Send them all, each limited to so many milliseconds."""
        dumped = [(text, *self._dumped(values)) for text, values in statements]
        limit = b"SET LOCAL statement_timeout = %d" % milliseconds
        self._give_up(self._prepared.expired())
        pgconn = self._pgconn
        pgconn.enter_pipeline_mode()
        self.runs = True
        self._commands.clear()
        start = _BEGIN
        for text, values, types, formats in dumped:
            pgconn.send_query_params(start, None)
            pgconn.send_query_params(limit, None)
            name, new = self._prepared.name(text, types)
            if new and name:
                pgconn.send_prepare(name, text, types)
            if name:
                pgconn.send_query_prepared(name, values, formats)
            else:
                pgconn.send_query_params(text, values, types, formats)
            self._commands.append(3 if new else 2)
            start = _NEXT
        pgconn.send_query_params(b"ROLLBACK", None)
        pgconn.pipeline_sync()
        while pgconn.flush():
            if any(event & ~select.POLLOUT for _, event in self._moves.poll()):
                pgconn.consume_input()

    def answer(self) -> Result:
        """The next statement's answer; CollectError("limit") when it has too many rows."""
        for _ in range(self._commands.popleft()):
            self._done()
        if _BATCH > 1:
            self._pgconn.set_chunked_rows_mode(_BATCH)
        else:
            self._pgconn.set_single_row_mode()
        rows: list[tuple[Any, ...]] = []
        columns: tuple[str, ...] | None = None
        while (result := self._result()) is not None:
            if columns is None:
                columns = tuple((result.fname(i) or b"").decode() for i in range(result.nfields))
            if result.status == ExecStatus.COMMAND_OK:
                raise CollectError("query", "refused: a statement that has no answer")
            self._values.set_pgresult(result, set_loaders=not rows)
            rows += self._values.load_rows(0, result.ntuples, tuple)
            if len(rows) > MAX_ROWS:
                raise too_many_rows()
        return Result(columns or (), rows)

    def end(self) -> None:
        """The last rollback has come; another pipeline may be sent."""
        self._done()
        self._result()  # the end of the pipeline, after which no None comes
        self._pgconn.exit_pipeline_mode()
        self.runs = False

    def recover(self, error: psycopg.Error) -> bool:
        """After an error about a prepared statement: go back to where all can be sent again, as texts."""
        if not self._prepared.refused(error.sqlstate):
            return False
        left = 8 * (len(self._commands) + 2)  # a result and its end, for each of up to four commands
        while (result := self._next()) is None or result.status != ExecStatus.PIPELINE_SYNC:
            if (left := left - 1) < 0:
                return False
        self._pgconn.exit_pipeline_mode()
        self._command(b"ROLLBACK")
        return True

    def _give_up(self, names: Sequence[bytes]) -> None:
        """Let the server forget prepared statements. One that does not know them stands behind a pooler."""
        if not names:
            return
        try:
            self._command(b"; ".join(b"DEALLOCATE " + name for name in names))
        except psycopg.Error as error:
            if not self._prepared.refused(error.sqlstate):
                raise
        else:
            self._prepared.forget()

    def _dumped(self, values: Sequence[Parameter]) -> tuple[Any, Any, Any]:
        if not values:
            return None, None, None
        dumped = self._values.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return dumped, self._values.types, self._values.formats

    def _done(self) -> None:
        """A command has ended."""
        while self._result() is not None:
            pass

    def _result(self) -> PGresult | None:
        """What the server sent next, None at the end of a statement."""
        result = self._next()
        if result is not None and result.status not in _GOOD:
            self.runs = False
            raise psycopg.errors.error_from_result(result)
        return result

    def _next(self) -> PGresult | None:
        while self._pgconn.is_busy():
            self._arrives.poll()
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _command(self, text: bytes) -> None:
        """Outside of a pipeline."""
        result = self._pgconn.exec_(text)
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)
