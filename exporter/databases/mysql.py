"""MySQL and MariaDB: read-only sessions in UTC, limited statements, a second connection ends it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.collector import CollectError, Deadline, Reason
from exporter.databases.address import Access, Address, parse
from exporter.databases.connection import (
    MAX_ROWS,
    Connection,
    Figures,
    Parameter,
    Result,
    Statement,
    one_by_one,
    too_many_rows,
)
from exporter.databases.mysql_drivers import Driver, driver
from exporter.databases.mysql_grants import Grants
from exporter.databases.statements import bind, bind_formatted, expand_lists, refuse_all_but_reading
from exporter.databases.watch import TOO_LONG, Line, held

_CANCEL_SECONDS = 1.0
_BATCH = 1000
_REASONS: dict[int, Reason] = {
    **dict.fromkeys((1044, 1045, 1130, 1251, 1396, 1698, 1862, 2049, 2058, 2059, 2061), "auth"),
    **dict.fromkeys((1205, 1317, 1969, 3024), "timeout"),
    **dict.fromkeys((1040, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1203, 1226, 1927, 4031), "connect"),
    **dict.fromkeys((1264, 1292, 1366, 1411, 1525, 1690, 3141), "data"),
}
"""Error numbers of the server. Those of the client, from 2000 on, mean that the connection is gone."""
_TELLING = {1044, 1045, 1049, 1054, 1060, 1064, 1130, 1142, 1143, 1146, 1227, 1290, 1305, 1370, 1792, 1836}
"""Errors whose text names tables, columns and roles, and never what is in a row."""
_MEANINGS = {
    1317: "the statement was ended",
    1969: "the statement took too long and was ended",
    3024: "the statement took too long and was ended",
    1205: "a writer holds a lock",
}


@dataclass(frozen=True, slots=True)
class MySQL:
    """A database on a MySQL or MariaDB server."""

    address: Address
    name: str = "mysql"
    light_statement: str = "SELECT 1"
    retry_after: float = 3.0

    @classmethod
    def from_url(cls, url: str, access: Access | None = None) -> MySQL:
        """Read `mysql://user@host/database`; ValueError, as a sentence, for a wrong URL."""
        return cls(parse(url, "mysql", access))

    @property
    def location(self) -> str:
        """Host, port and database."""
        return str(self.address)

    def connect(self, deadline: Deadline) -> Connection:
        """Log in; the session is read-only and in UTC."""
        deadline.check()
        chosen = driver()
        raw, line = self._open(chosen, deadline)
        try:
            connection = _MySQLConnection(self, chosen, raw, line)
            with held(deadline, cancel=connection.cancel, cut=line.cut):
                connection.execute("SET time_zone = '+00:00'")
            return connection
        except BaseException:
            line.close()
            raw.close()
            raise

    def kill(self, thread: int) -> None:
        """End what another connection of ours runs; raises CollectError when the server does not answer."""
        chosen, deadline = driver(), Deadline.after(_CANCEL_SECONDS)
        raw, line = self._open(chosen, deadline)
        try:
            with held(deadline, cancel=line.cut, cut=line.cut), raw.cursor() as cursor:
                cursor.execute(f"KILL QUERY {thread:d}")
        except chosen.error as error:
            raise self.error(error) from None
        finally:
            line.close()
            with contextlib.suppress(chosen.error, OSError):
                raw.close()

    def figures(self, connection: Connection, deadline: Deadline, long_query_seconds: float) -> Figures:
        """From the server's status, its process list and its replication, as far as the role may see them."""

        def ask(sql: str) -> Result:
            return connection.run(sql, {}, deadline)

        grants = _grants(connection, deadline)
        status = dict(ask("SHOW GLOBAL STATUS WHERE Variable_name = 'Threads_connected'").rows)
        long_queries = longest = lag = size = None
        if grants.sees_processes:
            ages = [float(row[0]) for row in ask(_RUNNING).rows]
            long_queries, longest = sum(age > long_query_seconds for age in ages), max(ages, default=0.0)
        if grants.sees_replication:
            mariadb = isinstance(connection, _MySQLConnection) and connection.mariadb
            lag = _lag(ask("SHOW ALL SLAVES STATUS" if mariadb else "SHOW REPLICA STATUS"))
        if grants.reads_all_of(self.address.database):
            size = ask(_SIZE).rows[0][0]
        return Figures(
            connections=int(status["Threads_connected"]),
            connections_max=int(ask("SELECT @@GLOBAL.max_connections").rows[0][0]),
            long_queries=long_queries,
            longest_query_seconds=longest,
            replication_lag_seconds=lag,
            size_bytes=None if size is None else int(size),
        )

    def writing_rights(self, connection: Connection, deadline: Deadline) -> Sequence[str]:
        """Rights on the database, or on all, that go beyond reading."""
        return _grants(connection, deadline).beyond_reading(self.address.database)

    def error(self, error: Exception) -> CollectError:
        """What a driver's error means; its text is told where it cannot quote a row."""
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        lost = number == 0 or 2000 <= number < 3000
        reason = _REASONS.get(number, "connect" if lost else "query")
        if number in _MEANINGS:
            why = _MEANINGS[number]
        elif number in _TELLING or lost:
            why = str(error.args[-1]) if error.args and error.args[-1] else "the connection was lost"
        else:
            why = f"error {number} of the server"
        return CollectError(reason, f"{self.location}: {why}")

    def _open(self, chosen: Driver, deadline: Deadline) -> tuple[Any, Line]:
        password = self.address.access.password()
        try:
            return chosen.open(self.address, password, deadline)
        except chosen.error as error:
            failure = self.error(error)
            if failure.reason == "connect" and not deadline.remaining():
                raise CollectError("timeout", f"{self.location}: no answer") from None
            raise failure from None
        except TimeoutError:
            raise CollectError("timeout", f"{self.location}: no answer") from None
        except OSError as error:
            raise CollectError("connect", f"{self.location}: {error.strerror or error}") from None


class _MySQLConnection:
    """One session. Its thread's number is what the second connection ends."""

    def __init__(self, dialect: MySQL, chosen: Driver, raw: Any, line: Line) -> None:
        self._dialect = dialect
        self._driver = chosen
        self._raw = raw
        self._line = line
        self._thread = int(raw.thread_id())
        self._cancelled = False
        self.mariadb = "mariadb" in str(raw.get_server_info()).lower()

    def run(self, sql: str, parameters: Mapping[str, Parameter], deadline: Deadline) -> Result:
        """Run one statement. What an earlier one may have changed in the session is set again before it."""
        refuse_all_but_reading(sql)
        text, values = bind_formatted(*expand_lists(sql, parameters), "mysql")
        with held(deadline, cancel=self.cancel, cut=self._line.cut):
            self._guard(deadline)
            result = self.execute(text, values)
        # MySQL ends some statements without an error; what comes out of them is no answer.
        if self._cancelled or not deadline.remaining():
            raise CollectError("timeout", f"{self._dialect.location}: {TOO_LONG}")
        return result

    def run_all(self, statements: Sequence[Statement], deadline: Deadline, seconds: float) -> list[Result]:
        """One after the other."""
        return one_by_one(self, statements, deadline, seconds)

    def prepare(self, sql: str, parameters: Mapping[str, Parameter], deadline: Deadline) -> None:
        """PREPARE: tables, columns and rights are looked up, and nothing runs."""
        refuse_all_but_reading(sql)
        marked, _ = bind(*expand_lists(sql, parameters), "mysql", _placeholder)
        with held(deadline, cancel=self.cancel, cut=self._line.cut):
            self._guard(deadline)
            self.execute("PREPARE gradewatch FROM %s", [marked])
            self.execute("DEALLOCATE PREPARE gradewatch")

    def execute(self, text: str, values: Sequence[Parameter] = ()) -> Result:
        """Send a statement as it is; raises CollectError."""
        try:
            return self._fetch(text, values)
        except self._driver.error as error:
            raise self._dialect.error(error) from None
        except OSError as error:
            raise CollectError("connect", f"{self._dialect.location}: {error.strerror or error}") from None
        except (
            ValueError,
            OverflowError,
        ) as error:  # UnicodeDecodeError is a ValueError; both may quote a row
            raise CollectError("data", f"{self._dialect.location}: {type(error).__name__} in a row") from None

    def cancel(self) -> None:
        """KILL QUERY through a second connection."""
        self._cancelled = True
        with contextlib.suppress(CollectError):
            self._dialect.kill(self._thread)

    def usable(self) -> bool:
        """Whether the server has not said goodbye."""
        return self._line.quiet()

    def close(self) -> None:
        """Leave."""
        # After an error the rest of an answer may be under way: then there is no polite way.
        self._line.cut()
        self._line.close()
        with contextlib.suppress(self._driver.error, OSError, ValueError):
            self._raw.close()

    def _guard(self, deadline: Deadline) -> None:
        deadline.check()
        left = max(0.001, deadline.remaining())
        if self.mariadb:
            self.execute(f"SET SESSION tx_read_only = 1, max_statement_time = {left:.3f}")
        else:
            milliseconds = math.ceil(left * 1000)
            self.execute(f"SET SESSION transaction_read_only = 1, max_execution_time = {milliseconds}")

    def _fetch(self, text: str, values: Sequence[Parameter]) -> Result:
        cursor = self._raw.cursor(self._driver.cursor)
        try:
            cursor.execute(text, tuple(values))
            rows: list[tuple[Any, ...]] = []
            while cursor.description and (batch := cursor.fetchmany(_BATCH)):
                rows += batch
                if len(rows) > MAX_ROWS:
                    self.cancel()
                    raise too_many_rows()
            return Result(tuple(column[0] for column in cursor.description or ()), rows)
        except BaseException:
            self._driver.abandon(cursor)
            raise
        finally:
            # Closing reads what is left of an answer, and fails again where reading failed.
            with contextlib.suppress(self._driver.error, OSError, ValueError):
                cursor.close()


def _placeholder(_: int) -> str:
    return "?"


_RUNNING = (
    "SELECT time FROM information_schema.processlist"
    " WHERE command IN ('Query', 'Execute') AND info IS NOT NULL AND id <> CONNECTION_ID()"
)
_SIZE = (
    "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables"
    " WHERE table_schema = DATABASE()"
)


def _grants(connection: Connection, deadline: Deadline) -> Grants:
    return Grants.of(str(row[0]) for row in connection.run("SHOW GRANTS", {}, deadline).rows)


def _lag(answer: Result) -> float | None:
    """Seconds behind of the channel that is furthest behind; one that does not run will never catch up."""
    column = next((i for i, name in enumerate(answer.columns) if name.startswith("Seconds_Behind_")), None)
    if column is None or not answer.rows:
        return None
    return max(float("inf") if row[column] is None else float(row[column]) for row in answer.rows)
