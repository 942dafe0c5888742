"""The pool of connections keeps within its bound, whoever asks and when."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exporter.collector import Deadline
from exporter.databases import open_pool
from exporter.databases.pool import MAX_CONNECTIONS


def test_many_threads_share_a_few_connections(tmp_path: Path) -> None:
    """A connection that is opened for lack of another must not stay as one more."""
    path = tmp_path / "grader.db"
    sqlite3.connect(path).close()
    pool = open_pool("grader", f"sqlite://{path}", statement_timeout=5)

    def ask(_: int) -> None:
        with pool.session(Deadline.after(30)) as session:
            session.run("SELECT 1")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(400)))
    opened = [fd for fd in os.listdir("/proc/self/fd") if _target(fd) == str(path)]
    pool.close()
    assert 1 <= len(opened) <= MAX_CONNECTIONS


def _target(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""
