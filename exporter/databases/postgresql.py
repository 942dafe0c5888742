"""PostgreSQL: each statement in a read-only transaction of its own, limited in time and rolled back."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from exporter.collector import CollectError, Deadline, Reason
from exporter.databases.address import Access, Address, parse
from exporter.databases.connection import (
    Connection,
    Figures,
    Parameter,
    Result,
    Statement,
)
from exporter.databases.postgresql_pipeline import Bound, Pipeline
from exporter.databases.statements import bind, expand_lists, refuse_all_but_reading
from exporter.databases.watch import Line, held

_CONNECT_SECONDS = 5.0
_CANCEL_SECONDS = 1.0
_TLS = {"disable": "disable", "prefer": "prefer", "require": "require", "verify": "verify-full"}
_REASONS: dict[str, Reason] = {"08": "connect", "53": "connect", "57": "connect", "28": "auth", "22": "data"}
"""By class of SQLSTATE; whatever else a server refuses is a wrong statement."""
_TIMEOUTS = {
    "57014": "the statement took too long and was ended",
    "55P03": "a writer holds a lock",
    "40001": "ended by the replica, which had to apply what its source did",
}
_TELLING = ("08", "25", "28", "3D", "3F", "42", "53", "57", "0A")
"""Classes whose messages name tables, columns and roles, and never what is in a row."""
_AUTH = ("password", "authentication", "pg_hba.conf", "role ", "permission denied")
_SESSION = (
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;"
    " SET TIME ZONE 'UTC'; SET idle_in_transaction_session_timeout = '30s'"
)


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A database on a PostgreSQL server."""

    address: Address
    name: str = "postgresql"
    light_statement: str = "SELECT 1"
    retry_after: float = 3.0

    @classmethod
    def from_url(cls, url: str, access: Access | None = None) -> PostgreSQL:
        """Read `postgresql://user@host/database`; ValueError, as a sentence, for a wrong URL."""
        return cls(parse(url, "postgresql", access))

    @property
    def location(self) -> str:
        """Host, port and database."""
        return str(self.address)

    def connect(self, deadline: Deadline) -> Connection:
        """Log in; the session is read-only and in UTC."""
        deadline.check()
        address, access = self.address, self.address.access
        password = access.password()
        seconds = min(_CONNECT_SECONDS, deadline.remaining())
        try:
            raw = psycopg.connect(
                host=address.socket or address.host,
                port=address.port,
                user=address.user,
                dbname=address.database,
                password=password,
                connect_timeout=max(2, math.ceil(seconds)),  # psycopg waits for no less than that
                sslmode=_TLS[access.tls],
                sslrootcert=access.ca_file or ("system" if access.tls == "verify" else None),
                application_name="gradewatch",
                client_encoding="utf8",
                autocommit=True,
                prepare_threshold=None,
            )
        except psycopg.errors.ConnectionTimeout:
            raise CollectError("timeout", f"{self.location}: no answer") from None
        except psycopg.Error as error:
            raise self._refused(error) from None
        connection = _PostgreSQLConnection(self, raw)
        try:
            with held(deadline, cancel=connection.cancel, cut=connection.cut), connection.errors():
                raw.execute(_SESSION)
            return connection
        except BaseException:
            connection.close()
            raise

    def figures(self, connection: Connection, deadline: Deadline, long_query_seconds: float) -> Figures:
        """From the statistics views, as far as the role may see them."""
        asked = [(_FIGURES, {"long": long_query_seconds}), (_SIZE, {})]
        figures, sizes = connection.run_all(asked, deadline, math.inf)
        connections, most, long_queries, longest, lag = figures.rows[0]
        size = sizes.rows[0][0]
        return Figures(
            connections=connections,
            connections_max=most,
            long_queries=long_queries,
            longest_query_seconds=None if longest is None else float(longest),
            replication_lag_seconds=None if lag is None else float(lag),
            size_bytes=size,
        )

    def writing_rights(self, connection: Connection, deadline: Deadline) -> Sequence[str]:
        """What the role may do in this database beside reading; at most a handful of examples."""
        return [str(row[0]) for row in connection.run(_WRITING, {}, deadline).rows]

    def error(self, error: psycopg.Error) -> CollectError:
        """What a driver's error means; its text is told where it cannot quote a row."""
        state = error.sqlstate
        if state in _TIMEOUTS:
            return CollectError("timeout", f"{self.location}: {_TIMEOUTS[state]}")
        if state is None:
            # Not said by the server: the line broke, or the driver cannot read a value.
            lost = isinstance(error, psycopg.OperationalError)
            why = "the connection was lost" if lost else f"{type(error).__name__} in a row"
            return CollectError("connect" if lost else "data", f"{self.location}: {why}")
        reason = _REASONS.get(state[:2], "query")
        said = error.diag.message_primary if state[:2] in _TELLING else None
        return CollectError(reason, f"{self.location}: {said or f'SQLSTATE {state}'}")

    def _refused(self, error: psycopg.Error) -> CollectError:
        """Why there is no connection. libpq keeps no SQLSTATE of that, only the text."""
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = next((line for line in lines if "FATAL" in line), lines[0] if lines else "no connection")
        reason: Reason = "auth" if "FATAL" in said and any(word in said for word in _AUTH) else "connect"
        return CollectError(reason, f"{self.location}: {said.rpartition('FATAL:')[2].strip()}")


class _PostgreSQLConnection:
    """One session."""

    def __init__(self, dialect: PostgreSQL, raw: psycopg.Connection[Any]) -> None:
        self._dialect = dialect
        self._raw = raw
        self._line = Line(raw.fileno())
        self._pipeline = Pipeline(raw)

    def run(self, sql: str, parameters: Mapping[str, Parameter], deadline: Deadline) -> Result:
        """Run one statement; the rollback takes back whatever it changed in the session."""
        return self.run_all([(sql, parameters)], deadline, math.inf)[0]

    def run_all(self, statements: Sequence[Statement], deadline: Deadline, seconds: float) -> list[Result]:
        """Run them one after the other, without waiting for an answer before the next is sent."""
        bound = [_bound(sql, parameters) for sql, parameters in statements]
        deadline.check()
        # The server keeps each one's limit. It tells of none before the last, so from here they are watched
        # together.
        limit = deadline.within(seconds)
        with held(deadline.within(seconds * len(bound)), self.cancel, self.cut), self.errors():
            try:
                return self._answers(bound, limit)
            except psycopg.Error as error:
                if not self._pipeline.recover(error):
                    raise
                return self._answers(bound, limit)

    def _answers(self, bound: Sequence[Bound], limit: Deadline) -> list[Result]:
        try:
            self._pipeline.send(bound, _limit(limit))
            answers = [self._pipeline.answer() for _ in bound]
            self._pipeline.end()
        except BaseException:
            # The error is ours, and the server goes on with what it was sent.
            if self._pipeline.runs:
                self.cancel()
            raise
        return answers

    def prepare(self, sql: str, parameters: Mapping[str, Parameter], deadline: Deadline) -> None:
        """EXPLAIN: the statement is planned with its parameters, and nothing runs."""
        refuse_all_but_reading(sql)
        self.run(sql if sql.lstrip()[:4].upper() == "SHOW" else f"EXPLAIN {sql}", parameters, deadline)

    @contextlib.contextmanager
    def errors(self) -> Any:
        """Turn the driver's errors into CollectError."""
        try:
            yield
        except psycopg.Error as error:
            raise self._dialect.error(error) from None
        except OSError as error:
            raise CollectError("connect", f"{self._dialect.location}: {error.strerror or error}") from None
        except (
            ValueError,
            OverflowError,
        ) as error:  # UnicodeDecodeError is a ValueError; both may quote a row
            raise CollectError("data", f"{self._dialect.location}: {type(error).__name__} in a row") from None

    def cancel(self) -> None:
        """Ask the server, over a second connection, to end the statement."""
        with contextlib.suppress(psycopg.Error, OSError):
            self._raw.cancel_safe(timeout=_CANCEL_SECONDS)

    def cut(self) -> None:
        """End the line."""
        self._line.cut()

    def usable(self) -> bool:
        """Whether the server has not said goodbye."""
        return self._line.quiet()

    def close(self) -> None:
        """Leave."""
        self._line.close()
        with contextlib.suppress(psycopg.Error, OSError):
            self._raw.close()


def _bound(sql: str, parameters: Mapping[str, Parameter]) -> Bound:
    """The statement as the server wants it; raises CollectError("query") for one that does not only read."""
    refuse_all_but_reading(sql)
    text, values = bind(*expand_lists(sql, parameters, arrays=True), "postgresql", _placeholder)
    return text.encode(), values


def _placeholder(number: int) -> str:
    return f"${number}"


def _limit(deadline: Deadline) -> int:
    """What is left, in milliseconds; 0 would be no limit at all."""
    return max(1, math.ceil(deadline.remaining() * 1000))


_FIGURES = """
WITH running AS (
  SELECT extract(epoch FROM clock_timestamp() - query_start) AS age FROM pg_stat_activity
  WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid())
SELECT (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL),
       current_setting('max_connections')::int,
       CASE WHEN seen THEN (SELECT count(*) FROM running WHERE age > :long) END,
       CASE WHEN seen THEN (SELECT COALESCE(max(age), 0) FROM running) END,
       CASE WHEN pg_is_in_recovery() THEN (
              SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
                               AND EXISTS (SELECT 1 FROM pg_stat_wal_receiver WHERE pid IS NOT NULL) THEN 0
                          ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END)
            WHEN seen THEN (
              SELECT max(COALESCE(extract(epoch FROM replay_lag), 0)) FROM pg_stat_replication) END
FROM (SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS seen) role
"""
_SIZE = "SELECT pg_database_size(current_database())"
_WRITING = """
SELECT 'superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL SELECT 'CREATE on database ' || current_database()
  WHERE has_database_privilege(current_database(), 'CREATE')
UNION ALL SELECT 'CREATE on schema ' || nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'CREATE')
UNION ALL (
  SELECT kind || ' on ' || c.oid::regclass FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema',
    unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) kind
  WHERE c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, kind) ORDER BY 1 LIMIT 5)
"""
