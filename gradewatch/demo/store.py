"""The demo grader's tables in SQLite, with a write-ahead log. Times are Unix seconds."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS courses (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS assignments (
  id INTEGER PRIMARY KEY, course_id INTEGER NOT NULL REFERENCES courses, due_at REAL NOT NULL,
  max_score REAL NOT NULL DEFAULT 100
);
CREATE INDEX IF NOT EXISTS assignments_due ON assignments (course_id, due_at);
CREATE TABLE IF NOT EXISTS workers (
  id INTEGER PRIMARY KEY, heartbeat_at REAL NOT NULL, heartbeat_seconds REAL NOT NULL, busy INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, assignment_id INTEGER NOT NULL REFERENCES assignments,
  student_id INTEGER NOT NULL, attempt INTEGER NOT NULL, submitted_at REAL NOT NULL, started_at REAL,
  finished_at REAL, worker_id INTEGER REFERENCES workers, outcome TEXT, score REAL,
  needs_review INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS submissions_attempts ON submissions (assignment_id, student_id);
CREATE INDEX IF NOT EXISTS submissions_time ON submissions (submitted_at);
CREATE INDEX IF NOT EXISTS submissions_unfinished ON submissions (started_at) WHERE finished_at IS NULL;
CREATE INDEX IF NOT EXISTS submissions_reviews ON submissions (finished_at) WHERE needs_review = 1;
CREATE TABLE IF NOT EXISTS manual_grades (
  id INTEGER PRIMARY KEY AUTOINCREMENT, submission_id INTEGER NOT NULL REFERENCES submissions,
  score REAL NOT NULL, graded_at REAL NOT NULL
);
"""


class Store:
    """The grader's own connection to its database; used by one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._away = path.with_name(path.name + ".away")
        if self._away.exists() and not path.exists():
            os.replace(self._away, path)  # the last run ended while its database was "down"
        self._connection: sqlite3.Connection | None = None
        self._open()

    @property
    def up(self) -> bool:
        """Whether the database is where it belongs."""
        return self._connection is not None

    def take_away(self) -> None:
        """Nobody can connect any more. The log is written back first, so not a row is lost."""
        if self._connection:
            self.close()
            os.replace(self.path, self._away)

    def bring_back(self) -> None:
        """Everybody can connect again."""
        if not self._connection:
            os.replace(self._away, self.path)
            self._open()

    def back_up(self, target: Path) -> None:
        """A whole copy, there at once when it is there; nothing while the database is away."""
        if self._connection:
            half = target.with_name(f".{target.name}")
            half.unlink(missing_ok=True)
            self._connection.execute("VACUUM INTO ?", (str(half),))
            os.replace(half, target)

    def close(self) -> None:
        """Write the log back into the file and let go of it."""
        if self._connection:
            # Another process may be reading: then the log is not removed on closing, so it must be empty.
            busy = 1
            while busy:
                busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._connection.close()
            self._connection = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, committed at the end."""
        assert self._connection is not None, "the database is away"
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def _open(self) -> None:
        # isolation_level None: transactions are ours alone.
        self._connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=10
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
