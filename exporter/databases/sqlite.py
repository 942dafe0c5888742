"""SQLite: a file opened read-only, guarded against writing, with a limit on each statement."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from exporter.collector import CollectError, Deadline, Reason
from exporter.databases import packing
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
from exporter.databases.statements import expand_lists

BUSY_SECONDS = 0.25
"""How long a reader waits for a writer's lock: a commit takes milliseconds, readers must not queue up."""
_OPS_PER_CHECK = 20_000
"""Virtual machine steps between two looks at the clock; fewer cost time, more make the limit coarse."""
_RECURSIVE = 33  # SQLITE_RECURSIVE, which Python's module does not name
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, _RECURSIVE}
_REASONS: dict[int, Reason] = {
    sqlite3.SQLITE_BUSY: "timeout",
    sqlite3.SQLITE_LOCKED: "timeout",
    sqlite3.SQLITE_INTERRUPT: "timeout",
    sqlite3.SQLITE_CANTOPEN: "connect",
    sqlite3.SQLITE_PERM: "connect",
    sqlite3.SQLITE_IOERR: "connect",
    sqlite3.SQLITE_PROTOCOL: "connect",
    sqlite3.SQLITE_READONLY: "connect",
    sqlite3.SQLITE_CORRUPT: "data",
    sqlite3.SQLITE_NOTADB: "data",
}
_NOT_UTF8 = re.compile(r"Could not decode to UTF-8 column '.*?'(?= with text)", re.S)
"""The rest of this message is what the row has there."""
_MEANINGS = {
    sqlite3.SQLITE_BUSY: "a writer holds the lock",
    sqlite3.SQLITE_INTERRUPT: "the statement took too long and was ended",
    sqlite3.SQLITE_AUTH: "refused: only reading is allowed",
    sqlite3.SQLITE_READONLY: "its writer was interrupted, and has to open it again",
}


@dataclass(frozen=True, slots=True)
class SQLite:
    """A database file. Trying to open it costs nothing, so a failure is never remembered."""

    path: str
    name: str = "sqlite"
    light_statement: str = "SELECT COUNT(*) FROM sqlite_master"
    retry_after: float = 0.0

    @classmethod
    def from_url(cls, url: str) -> SQLite:
        """Read `sqlite:///srv/grader.db`; ValueError, as a sentence, for a URL without an absolute path."""
        parts = urlsplit(url)
        path = unquote(parts.path)
        if parts.netloc or len(path) < 2:
            raise ValueError(f'"{url}" names no file; write sqlite:/// and the absolute path')
        # SQLAlchemy writes four slashes before an absolute path; both forms mean the same file here.
        return cls("/" + path.lstrip("/"))

    @property
    def location(self) -> str:
        """The path of the file."""
        return self.path

    def connect(self, deadline: Deadline) -> Connection:
        """Open the file; nothing is created or locked. A fresh connection has read the schema once."""
        deadline.check()
        try:
            return self._opened("mode=ro", deadline, keep=True)
        except sqlite3.Error as error:
            if not self._cleanly_closed_wal(error):
                raise self._unreachable(error) from None
        # The writer closed its write-ahead log and the folder is read-only for us, so the log cannot be set
        # up again. Then, and only then, the file alone is the whole truth, until a writer comes back.
        try:
            return self._opened("mode=ro&immutable=1", deadline, keep=False)
        except sqlite3.Error as error:
            raise self._unreachable(error) from None

    def figures(self, connection: Connection, deadline: Deadline, long_query_seconds: float) -> Figures:
        """The size of the file and of its write-ahead log; there is no server."""
        files = (self.path, f"{self.path}-wal")
        return Figures(size_bytes=sum(os.path.getsize(p) for p in files if os.path.exists(p)))

    def writing_rights(self, connection: Connection, deadline: Deadline) -> Sequence[str]:
        """Whether the file could be written: the connection cannot, whoever we are."""
        return ["write to the file"] if os.access(self.path, os.W_OK) else []

    def _opened(self, options: str, deadline: Deadline, *, keep: bool) -> _SQLiteConnection:
        # Taken before opening: a file replaced in between is then noticed at the next use.
        identity = _identity(self.path) if keep else None
        raw = sqlite3.connect(
            f"{Path(self.path).as_uri()}?{options}",
            uri=True,
            timeout=min(BUSY_SECONDS, deadline.remaining()),
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            raw.execute("PRAGMA query_only = ON")
            # The system caches the file already; SQLite's default of 2 MB a connection would be memory twice.
            raw.execute("PRAGMA cache_size = -256")
            raw.create_function(packing.NAME, -1, packing.pack, deterministic=True)
            raw.set_authorizer(_only_reading)
            raw.execute(self.light_statement).fetchall()
            return _SQLiteConnection(raw, self.path, identity)
        except BaseException:
            raw.close()
            raise

    def _cleanly_closed_wal(self, error: sqlite3.Error) -> bool:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return False
        # Beside the journal of an interrupted write the file alone is half of that write, not the truth.
        left = any(os.path.exists(f"{self.path}{suffix}") for suffix in ("-wal", "-journal"))
        return os.access(self.path, os.R_OK) and not left

    def _unreachable(self, error: sqlite3.Error) -> CollectError:
        reason = _reason(error)
        why = _meaning(error)
        if not os.path.exists(self.path):
            reason, why = "connect", "no such file"
        elif not os.access(self.path, os.R_OK):
            reason, why = "connect", "no right to read it"
        return CollectError(
            "connect" if reason == "query" else reason, f"{self.path} cannot be opened: {why}"
        )


class _SQLiteConnection:
    """One open file; `identity` is its device and inode, None for a connection that must not be kept."""

    def __init__(self, raw: sqlite3.Connection, path: str, identity: tuple[int, int] | None) -> None:
        self._raw = raw
        self._path = path
        self._identity = identity

    def run(self, sql: str, parameters: Mapping[str, Parameter], deadline: Deadline) -> Result:
        """Run one statement; SQLite itself looks at the clock while it works."""
        text, values = expand_lists(sql, parameters)
        deadline.check()
        self._raw.set_progress_handler(lambda: deadline.remaining() <= 0, _OPS_PER_CHECK)
        try:
            cursor = self._raw.execute(text, values)
            rows = cursor.fetchmany(MAX_ROWS + 1)
            if len(rows) > MAX_ROWS:
                raise too_many_rows()
            return Result(tuple(column[0] for column in cursor.description or ()), rows)
        except (sqlite3.Error, sqlite3.Warning) as error:
            if found := _NOT_UTF8.match(str(error)):
                raise CollectError("data", f"{self._path}: {found[0]}") from None
            raise CollectError(_reason(error), f"{self._path}: {_meaning(error)}") from None
        except (OverflowError, UnicodeDecodeError) as error:
            raise CollectError("data", f"{self._path}: {error}") from None

    def run_all(self, statements: Sequence[Statement], deadline: Deadline, seconds: float) -> list[Result]:
        """One after the other."""
        return one_by_one(self, statements, deadline, seconds)

    def prepare(self, sql: str, parameters: Mapping[str, Parameter], deadline: Deadline) -> None:
        """EXPLAIN: the statement is compiled, and nothing runs."""
        self.run(f"EXPLAIN {sql}", parameters, deadline)

    def cancel(self) -> None:
        """Interrupt the running statement."""
        with contextlib.suppress(sqlite3.ProgrammingError):  # it was closed meanwhile: nothing runs
            self._raw.interrupt()

    def usable(self) -> bool:
        """Whether the path still names the file that was opened: it may have been moved or restored."""
        return self._identity is not None and self._identity == _identity(self._path)

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(sqlite3.Error):
            self._raw.close()


def _only_reading(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _identity(path: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _reason(error: Exception) -> Reason:
    return _REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "query")


def _meaning(error: Exception) -> str:
    return _MEANINGS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, str(error))
