"""Resident memory after a thousand scrapes, and the time from the start to the first good page."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench.document import table
from bench.exporter import ours
from bench.exporter.data import PASSWORD, USER, Databases, free_port, select
from bench.exporter.measuring import ask, serving
from bench.exporter.peers import faster_driver, find
from bench.exporter.sides import our_side, sides

SCRAPES = 1000
STARTS = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """A command line that serves on a port; `budget` in MB and `start` in seconds are what we promise."""

    name: str
    command: list[object]
    port: int
    expect: bytes
    environment: dict[str, str]
    budget: float | None = None
    start: float | None = None


def section(data: Databases, scrapes: int = SCRAPES, starts: int = STARTS) -> str:
    """One line a configuration."""
    lines: list[list[object]] = []
    for subject in subjects(data):
        rss, peak = _memory(subject, scrapes)
        started = statistics.median(_start(subject) for _ in range(starts))
        lines.append(
            [
                subject.name,
                f"{rss:.1f}",
                f"<= {subject.budget:.0f}" if subject.budget else "",
                f"{peak:.1f}",
                f"{started:.2f}",
                f"<= {subject.start}" if subject.start else "",
            ]
        )
    head = (
        "configuration",
        f"RSS after {scrapes} scrapes, MB",
        "promise",
        "just started, MB",
        "first page, s",
        "promise",
    )
    return (
        table(head, lines)
        + f"\n\nThe first page: median of {starts} starts with all files in the page cache, series included."
    )


def subjects(data: Databases) -> Iterator[Subject]:
    """Ours for each kind of source, then the peers."""
    yield _sqlite(data)
    for name, kind, environment, budget, start in (
        ("sidecar, MariaDB through PyMySQL, 1 k series", "mariadb", {}, 38.0, 0.4),
        ("sidecar, MariaDB through mysqlclient, 1 k series", "mariadb", faster_driver(), 38.0, 0.4),
        ("sidecar, PostgreSQL through psycopg, 1 k series", "postgresql", {}, 50.0, 0.8),
    ):
        if environment is not None:
            side = our_side(name, data, kind, 1000, environment)
            yield Subject(name, side.command, side.port, b"queue-999", side.environment, budget, start)
    yield _everything(data)
    for kind in ("mariadb", "postgresql"):
        for side in sides(data, kind, 1000):
            if not side.name.startswith("sidecar"):
                yield Subject(f"{side.name}, {kind}, 1 k series", side.command, side.port, b"queue-999", {})
    yield from _server_exporters(data)


def _sqlite(data: Databases) -> Subject:
    import sqlite3

    path, port = data.folder / "bench.db", free_port()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE IF NOT EXISTS bench_1000 (a, b, c, v)")
        db.execute("DELETE FROM bench_1000")
        db.executemany(
            "INSERT INTO bench_1000 VALUES (?, 'waiting', 'eu-central', ?)",
            [(f"queue-{n}", n * 1.5) for n in range(1000)],
        )
    db.close()
    question = {"name": "rows", "url": f"sqlite://{path}", "sql": select(1000)}
    command = ours.command(listen=f"127.0.0.1:{port}", questions=[question])
    return Subject("sidecar, SQLite, 1 k series", list(command), port, b"queue-999", {}, 34.0, 0.4)


def _everything(data: Databases) -> Subject:
    """Each driver connected, and those of queues and probes loaded."""
    port, questions = free_port(), []
    for number, kind in enumerate(("mariadb", "postgresql")):
        questions.append(
            {
                "name": f"rows{number}",
                "url": data.url(kind),
                "sql": select(1000),
                "password_file": data.password_file,
            }
        )
    questions.append({"name": "lite", "url": f"sqlite://{data.folder}/bench.db", "sql": select(1000)})
    command = ours.command(
        listen=f"127.0.0.1:{port}", questions=questions, modules=["redis", "requests", "pymysql"]
    )
    return Subject(
        "sidecar, everything but drift, 3 k series", list(command), port, b"queue-999", {}, 66.0, 0.8
    )


def _server_exporters(data: Databases) -> Iterator[Subject]:
    """Debian's exporters of whole servers, each with its own hundreds of series."""
    port = free_port()
    if peer := find("prometheus-mysqld-exporter"):
        yield Subject(
            f"mysqld_exporter {peer.version}",
            [peer.path, f"--web.listen-address=127.0.0.1:{port}"],
            port,
            b"mysql_up 1",
            {"DATA_SOURCE_NAME": f"{USER}:{PASSWORD}@tcp(127.0.0.1:{data.mariadb.port})/"},
        )
    if peer := find("prometheus-postgres-exporter"):
        yield Subject(
            f"postgres_exporter {peer.version}",
            [peer.path, f"--web.listen-address=127.0.0.1:{port}"],
            port,
            b"pg_up 1",
            {"DATA_SOURCE_NAME": f"{data.url('postgresql', password=True)}?sslmode=disable"},
        )


def _memory(subject: Subject, scrapes: int) -> tuple[float, float]:
    """RSS in MB after the scrapes, and right after the first page."""
    with serving(
        subject.command, subject.port, expect=subject.expect, environment=subject.environment
    ) as server:
        first = server.rss
        ask(server, scrapes)
        return server.rss, first


def _start(subject: Subject) -> float:
    """Seconds from the start of the process to a page with its series."""
    started = time.monotonic()
    with serving(subject.command, subject.port, expect=subject.expect, environment=subject.environment):
        return time.monotonic() - started
