"""The SQLite adapter only reads, ends in time, says why it failed, and recovers by itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.collector import CollectError, Deadline
from exporter.collectors.database import DatabaseCollector
from exporter.databases import adapter, dialect_of, open_pool
from exporter.databases.pool import Pool
from exporter.databases.watch import Watch, Watchdog

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with a table of three rows, its writer gone."""
    path = tmp_path / "grader.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (a INTEGER)")
        db.executemany("INSERT INTO t VALUES (?)", [(1,), (2,), (None,)])
    db.close()
    return path


@pytest.fixture
def pool(database: Path) -> Iterator[Pool]:
    pool = open_pool("grader", f"sqlite://{database}")
    yield pool
    pool.close()


def ask(pool: Pool, sql: str, seconds: float = 10.0) -> list[tuple[object, ...]]:
    with pool.session(Deadline.after(seconds)) as session:
        return session.run(sql).rows


def reason(pool: Pool, sql: str = "SELECT a FROM t", seconds: float = 10.0) -> str:
    with pytest.raises(CollectError) as caught:
        ask(pool, sql, seconds)
    return caught.value.reason


def test_it_reads_rows_nulls_included(pool: Pool) -> None:
    assert ask(pool, "SELECT a FROM t ORDER BY a") == [(None,), (1,), (2,)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (4)",
        "UPDATE t SET a = 4",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE u (a)",
        "CREATE TEMP TABLE u (a)",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "BEGIN IMMEDIATE",
        "VACUUM INTO '{folder}/copy.db'",
        "ATTACH '{folder}/attached.db' AS other",
        "SELECT load_extension('x')",
        "WITH x AS (SELECT 1) DELETE FROM t",
        "SELECT 1; DELETE FROM t",
        "SELECT 1; SELECT 2",
    ],
)
def test_whatever_is_not_one_reading_statement_is_refused(pool: Pool, database: Path, sql: str) -> None:
    before = database.read_bytes(), sorted(os.listdir(database.parent))
    assert reason(pool, sql.format(folder=database.parent)) == "query"
    assert (database.read_bytes(), sorted(os.listdir(database.parent))) == before
    assert len(ask(pool, "SELECT a FROM t")) == 3, "and the next statement works"


def test_a_statement_ends_at_its_limit(database: Path) -> None:
    pool = open_pool("grader", f"sqlite://{database}", statement_timeout=0.2)
    started = time.monotonic()
    assert reason(pool, ENDLESS) == "timeout"
    assert 0.2 <= time.monotonic() - started < 0.6
    assert ask(pool, "SELECT COUNT(*) FROM t") == [(3,)]


def test_a_statement_ends_at_the_deadline_of_its_collection(pool: Pool) -> None:
    started = time.monotonic()
    assert reason(pool, ENDLESS, seconds=0.2) == "timeout"
    assert time.monotonic() - started < 0.6


def test_a_statement_can_be_ended_from_another_thread(pool: Pool) -> None:
    def cancel_until_it_ended() -> None:
        while not ended.wait(0.02):
            pool.cancel()

    ended = threading.Event()
    thread = threading.Thread(target=cancel_until_it_ended)
    thread.start()
    started = time.monotonic()
    try:
        assert reason(pool, ENDLESS) == "timeout"
    finally:
        ended.set()
        thread.join()
    assert time.monotonic() - started < 1.5, "long before its limit of 2 s"


def test_a_locked_database_costs_a_moment_not_the_scrape(pool: Pool, database: Path) -> None:
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    assert reason(pool) == "timeout"
    assert time.monotonic() - started < 1.0
    writer.execute("ROLLBACK")
    writer.close()
    assert len(ask(pool, "SELECT a FROM t")) == 3


def test_a_writer_at_work_does_not_disturb_a_reader_of_a_write_ahead_log(pool: Pool, database: Path) -> None:
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO t VALUES (4)")
    assert len(ask(pool, "SELECT a FROM t")) == 3
    writer.execute("COMMIT")
    assert len(ask(pool, "SELECT a FROM t")) == 4
    writer.close()


def test_an_absent_file_is_not_created_and_found_when_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "grader.db"
    pool = open_pool("grader", f"sqlite://{path}")
    with pytest.raises(CollectError, match=r"grader\.db cannot be opened: no such file") as caught:
        ask(pool, "SELECT 1")
    assert caught.value.reason == "connect"
    assert not path.exists()
    sqlite3.connect(path).close()
    path.touch()
    assert ask(pool, "SELECT 1") == [(1,)]
    assert pool.connect_errors() == {"connect": 1}


def test_a_file_that_was_moved_away_is_down_though_it_is_still_open(pool: Pool, database: Path) -> None:
    assert len(ask(pool, "SELECT a FROM t")) == 3
    away = database.rename(database.with_suffix(".away"))
    assert reason(pool) == "connect"
    away.rename(database)
    assert len(ask(pool, "SELECT a FROM t")) == 3


def test_a_restored_file_is_read_instead_of_the_one_that_was_open(pool: Pool, database: Path) -> None:
    assert len(ask(pool, "SELECT a FROM t")) == 3
    backup = database.with_suffix(".backup")
    with sqlite3.connect(backup) as db:
        db.execute("CREATE TABLE t (a INTEGER)")
    db.close()
    backup.replace(database)
    assert ask(pool, "SELECT a FROM t") == []


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"no database at all" * 100, "data"), (None, "connect")],
    ids=["another kind of file", "a folder"],
)
def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "grader.db"
    path.mkdir() if content is None else path.write_bytes(content)
    assert reason(open_pool("grader", f"sqlite://{path}"), "SELECT 1") == why


def test_another_schema_is_a_fault_of_the_query_not_of_the_connection(pool: Pool) -> None:
    with pytest.raises(CollectError, match="no such table: submissions") as caught:
        ask(pool, "SELECT id FROM submissions")
    assert caught.value.reason == "query"
    assert pool.connect_errors() == {}


def test_a_connection_is_kept_and_one_that_saw_an_error_is_not(pool: Pool) -> None:
    def connection() -> object:
        with pool.session(Deadline.after(5)) as session:
            session.run("SELECT 1")
            return session._connection

    first = connection()
    assert connection() is first
    reason(pool, "SELECT nonsense")
    assert connection() is not first


def test_there_are_never_more_connections_than_allowed(pool: Pool) -> None:
    with pool.session(Deadline.after(5)), pool.session(Deadline.after(5)):
        with pytest.raises(CollectError, match="all connections are busy") as caught:
            ask(pool, "SELECT 1", seconds=0.1)
        assert caught.value.reason == "timeout"
    assert ask(pool, "SELECT 1") == [(1,)]


def test_the_size_includes_the_write_ahead_log(pool: Pool, database: Path) -> None:
    def size() -> int | None:
        with pool.session(Deadline.after(5)) as session:
            return session.figures(30).size_bytes

    assert size() == database.stat().st_size
    writer = sqlite3.connect(database)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("INSERT INTO t VALUES (4)")
    writer.commit()
    log = Path(f"{database}-wal").stat().st_size
    assert log > 0
    assert size() == database.stat().st_size + log
    writer.close()


_AS_NOBODY = """
import os, sys
import exporter.databases.sqlite
from exporter.collector import CollectError, Deadline
from exporter.databases import open_pool
if os.getuid() == 0:  # whom no file mode stops
    os.setgid(65534), os.setuid(65534)
pool = open_pool("grader", "sqlite://" + sys.argv[1])
for line in sys.stdin:
    try:
        with pool.session(Deadline.after(5)) as session:
            print(session.run("SELECT COUNT(*) FROM t").rows[0][0], flush=True)
    except CollectError as error:
        print(error.reason, flush=True)
"""


def test_a_write_ahead_log_on_a_read_only_volume_is_read_with_and_without_its_writer() -> None:
    """Once the writer has closed its log, only an immutable opening can read the file. A writer that comes
    back must be noticed: an immutable reader would not see what it writes."""
    folder = Path(tempfile.mkdtemp())  # not below tmp_path, which other users cannot enter
    path = folder / "grader.db"
    try:
        writer = _writer(path)
        writer.execute("CREATE TABLE t (a)")
        writer.execute("INSERT INTO t VALUES (1)")
        writer.close()
        folder.chmod(0o555)
        with subprocess.Popen(
            [sys.executable, "-c", _AS_NOBODY, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        ) as reader:
            assert reader.stdin
            assert reader.stdout

            def seen() -> str:
                print("ask", file=reader.stdin, flush=True)
                return reader.stdout.readline().strip()

            assert (seen(), seen()) == ("1", "1"), "the writer is gone"
            folder.chmod(0o755)
            writer = _writer(path)
            writer.execute("INSERT INTO t VALUES (2)")
            folder.chmod(0o555)
            assert (seen(), seen()) == ("2", "2"), "the writer is back, its row is in the log only"
            folder.chmod(0o755)
            writer.close()
            folder.chmod(0o555)
            assert seen() == "2", "and gone again"
            reader.stdin.close()
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def _writer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if name.exists():
            name.chmod(0o644)
    path.parent.chmod(0o755)
    return connection


def test_a_write_that_was_killed_half_way_is_not_read(pool: Pool, database: Path) -> None:
    """Its pages are in the file already, and only a writer can play the journal that takes them back."""
    half = (
        "import os, signal, sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('PRAGMA cache_size = 10'); db.execute('BEGIN IMMEDIATE')\n"
        "db.executemany('INSERT INTO t VALUES (?)', ((n,) for n in range(100_000)))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert ask(pool, "SELECT COUNT(*) FROM t") == [(3,)]
    subprocess.run([sys.executable, "-c", half, str(database)], check=False)
    for _ in range(2):  # over the kept connection, then over a new one
        with pytest.raises(CollectError, match="its writer was interrupted") as caught:
            ask(pool, "SELECT COUNT(*) FROM t")
        assert caught.value.reason == "connect"
    with sqlite3.connect(database) as db:
        db.execute("INSERT INTO t VALUES (4)")
    db.close()
    assert ask(pool, "SELECT COUNT(*) FROM t") == [(4,)]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///srv/grader.db", "/srv/grader.db"),
        ("sqlite:////srv/grader.db", "/srv/grader.db"),
        ("sqlite+pysqlite:///srv/grader.db", "/srv/grader.db"),
        ("sqlite:///srv/a%20b%3F.db", "/srv/a b?.db"),
    ],
)
def test_a_url_names_an_absolute_path(url: str, path: str) -> None:
    assert adapter(url).location == path


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://host/file.db"])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="names no file; write sqlite:/// and the absolute path"):
        adapter(url)


def test_a_database_that_nobody_reads_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(ValueError, match='"oracle" is no database that can be read; allowed: sqlite'):
        dialect_of("oracle://host/db")


def test_a_strange_name_is_no_uri_parameter(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=rwc#%41.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (a)")
    db.close()
    pool = Pool("grader", type(adapter("sqlite:///x"))(str(path)))
    assert ask(pool, "SELECT COUNT(*) FROM t") == [(0,)]


def test_a_text_that_is_not_utf8_is_told_and_not_quoted(pool: Pool) -> None:
    with pytest.raises(CollectError) as caught:
        ask(pool, "SELECT CAST(x'416e6e61ff' AS TEXT) AS name")
    assert caught.value.reason == "data"
    assert caught.value.message.endswith("grader.db: Could not decode to UTF-8 column 'name'")


def test_a_thread_that_cannot_be_had_costs_one_collection_only(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    collector, watchdog = DatabaseCollector((pool,)), Watchdog()
    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            list(collector.collect(Deadline.after(5)))
        with pytest.raises(RuntimeError):
            watchdog.add(Watch(0.0, lambda: None, lambda: None))
    assert next(iter(collector.collect(Deadline.after(5)))).rows == [("grader", 1)]
    cut = threading.Event()
    watchdog.add(Watch(0.0, lambda: None, cut.set))
    assert cut.wait(5)
