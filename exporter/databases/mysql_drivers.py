"""The two drivers for MySQL and MariaDB, made alike: mysqlclient when it is installed, else PyMySQL."""

from __future__ import annotations

import functools
import math
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Protocol

from exporter.collector import Deadline
from exporter.databases.address import Address, Tls
from exporter.databases.watch import Line, held

_NO_TLS_THERE = 2026
PROGRAM = "gradewatch"
"""What the server's administrator sees in performance_schema.session_connect_attrs."""


class Driver(Protocol):
    """How to open a connection. Connections and cursors follow DB-API; statements have `%s` placeholders."""

    error: type[Exception]
    """The base of the driver's errors; `args[0]` is the server's or the client's error number."""
    cursor: type[Any]
    """A cursor that does not read the whole answer at once."""

    def open(self, address: Address, password: str | None, deadline: Deadline) -> tuple[Any, Line]:
        """A raw connection, logged in and autocommitting, and its line; raises `error` or OSError."""
        ...

    def abandon(self, cursor: Any) -> None:
        """Forget the rest of an answer: closing the cursor then does not read it."""
        ...


class PyMySQL:
    """The pure Python driver. One TLS context is kept: reading the certificates takes 25 ms each time."""

    def __init__(self) -> None:
        import pymysql
        from pymysql.cursors import SSCursor

        self._module = pymysql
        self.error: type[Exception] = pymysql.MySQLError
        self.cursor: type[Any] = SSCursor
        self._contexts: dict[tuple[Tls, str | None], ssl.SSLContext] = {}
        self._plain: set[tuple[str, int, str | None]] = set()

    def open(self, address: Address, password: str | None, deadline: Deadline) -> tuple[Any, Line]:
        """A raw connection and its line."""
        server = (address.host, address.port, address.socket)
        if address.access.tls == "prefer" and server not in self._plain:
            try:
                return self._open(address, password, deadline, encrypted=True)
            except self._module.err.OperationalError as error:
                if error.args[0] != _NO_TLS_THERE:
                    raise
                self._plain.add(server)
        try:
            return self._open(
                address, password, deadline, encrypted=address.access.tls in ("require", "verify")
            )
        except BaseException:
            # It may have a certificate by now, and refuse who comes without TLS.
            self._plain.discard(server)
            raise

    def abandon(self, cursor: Any) -> None:
        """Without this the driver reads on, or complains when the line is cut, as the cursor is collected."""
        if (result := getattr(cursor, "_result", None)) is not None:
            result.unbuffered_active = False

    def _open(
        self, address: Address, password: str | None, deadline: Deadline, *, encrypted: bool
    ) -> tuple[Any, Line]:
        raw = self._module.Connection(
            defer_connect=True,
            host=address.host,
            user=address.user,
            password=password or "",
            database=address.database,
            charset="utf8mb4",
            autocommit=True,
            program_name=PROGRAM,
            ssl=self._context(address.access.tls, address.access.ca_file) if encrypted else None,
            ssl_disabled=not encrypted,
        )
        connection = _plug(address, deadline)
        line = Line(connection.fileno())
        try:
            # A server that hangs accepts connections and says nothing.
            with held(deadline, cancel=_nothing, cut=line.cut):
                connection.settimeout(None)
                raw.connect(connection)
        except BaseException:
            line.close()
            connection.close()
            raise
        return raw, line

    def _context(self, tls: Tls, ca_file: str | None) -> ssl.SSLContext:
        key = (tls, ca_file)
        if key not in self._contexts:
            if tls == "verify":
                self._contexts[key] = ssl.create_default_context(cafile=ca_file)
            else:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                self._contexts[key] = context
        return self._contexts[key]


class MySQLClient:
    """The driver in C: 7 to 9 times less work a row."""

    def __init__(self) -> None:
        import MySQLdb
        import MySQLdb.cursors

        self._module = MySQLdb
        self.error: type[Exception] = MySQLdb.Error
        self.cursor: type[Any] = MySQLdb.cursors.SSCursor

    def open(self, address: Address, password: str | None, deadline: Deadline) -> tuple[Any, Line]:
        """A raw connection and its line."""
        seconds = max(1, math.ceil(deadline.remaining()))
        where = (
            {"unix_socket": address.socket}
            if address.socket
            else {"host": _numeric(address.host), "port": address.port}
        )
        raw = self._module.connect(
            **where,
            user=address.user,
            password=password or "",
            database=address.database,
            charset="utf8mb4",
            autocommit=True,
            multi_statements=False,
            local_infile=False,
            connect_timeout=seconds,
            **_client_tls(address),
        )
        return raw, Line(raw.fileno())

    def abandon(self, cursor: Any) -> None:
        """Nothing: the C library gives up with the connection."""


@functools.cache
def driver() -> Driver:
    """The driver that is used; ImportError when neither is installed."""
    try:
        return MySQLClient()
    except ImportError:
        return PyMySQL()


def _plug(address: Address, deadline: Deadline) -> socket.socket:
    """A connected socket; raises OSError."""
    seconds = max(0.01, deadline.remaining())
    if address.socket is None:
        connection = socket.create_connection((address.host, address.port), timeout=seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(address.socket)
    except OSError:
        connection.close()
        raise
    return connection


def _numeric(host: str) -> str:
    # The C library takes the word localhost as "through the Unix socket", at a place that it was built with.
    return "127.0.0.1" if host == "localhost" else host


def _client_tls(address: Address) -> Mapping[str, Any]:
    modes = {"disable": "DISABLED", "prefer": "PREFERRED", "require": "REQUIRED", "verify": "VERIFY_IDENTITY"}
    options: dict[str, Any] = {"ssl_mode": modes[address.access.tls]}
    if address.access.ca_file:
        options["ssl"] = {"ca": address.access.ca_file}
    return options


def _nothing() -> None:
    """There is no statement to cancel yet."""
