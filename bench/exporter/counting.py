"""What one collection costs as the grader's table grows, against a GROUP BY over the whole table.

Every collection finds ten new submissions; timed is the whole of it: all blocks of the profile, counting,
and saving the state. Collection and GROUP BY run in turns on the same database; printed are medians.
Promised: at 10 million rows at most twice the time of 10 thousand, and at most a hundredth of the GROUP BY.
The tables are filled inside the database; 10 million rows take minutes and some gigabytes of disk.
"""

from __future__ import annotations

import logging
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.document import table
from exporter.collector import Deadline
from tests.servers.database_servers import MariaDB, PostgreSQL
from tests.servers.graders.life import Job, System
from tests.servers.graders.site import Site
from tests.servers.graders.systems.dmoj import DMOJ
from tests.servers.graders.systems.prairielearn import PrairieLearn
from tests.unit.exporter.jobs import follower

ROWS = (10_000, 1_000_000, 10_000_000)
ROUNDS = 15
NEW = 10
Act = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Grader:
    """One with so many submissions: collect, hand in ten more, and count by GROUP BY."""

    collect: Act
    submit: Act
    group_by: Act


Make = Callable[[int], AbstractContextManager[Grader]]


@contextmanager
def on_sqlite(rows: int) -> Iterator[Grader]:
    """A plain table of jobs, one followed block."""
    with tempfile.TemporaryDirectory(prefix="gradewatch-bench-") as folder:
        path = Path(folder, "grader.db")
        db = sqlite3.connect(path, isolation_level=None)
        db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
            "CREATE TABLE jobs (id INTEGER PRIMARY KEY, outcome TEXT, hidden INTEGER DEFAULT 0);"
        )
        db.execute(
            "INSERT INTO jobs (id, outcome) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < ?) SELECT i, CASE i % 3 WHEN 0 THEN 'accepted' ELSE 'rejected' END FROM n",
            (rows,),
        )
        collector = follower(path, Path(folder, "state.json"), time.time)
        new = [("accepted",)] * NEW
        yield Grader(
            collect=lambda: list(collector.collect(Deadline.after(60))),
            submit=lambda: db.executemany("INSERT INTO jobs (outcome) VALUES (?)", new),
            group_by=lambda: db.execute("SELECT outcome, COUNT(*) FROM jobs GROUP BY 1").fetchall(),
        )
        db.close()


def on_server(system: System, start: Callable[[], MariaDB | PostgreSQL]) -> Make:
    """A grader's own tables on its server, read under the rights that the profile prints."""

    @contextmanager
    def made(rows: int) -> Iterator[Grader]:
        server = start()
        server.start()
        try:
            with tempfile.TemporaryDirectory(prefix="gradewatch-bench-") as folder:
                site = Site(system, system.dialects[0], server.new_schema(), Path(folder))
                site.fill(rows)
                sidecar, numbers = site.sidecar(), count(1)
                with site.connection() as db:

                    def submit() -> None:
                        for number in (next(numbers) for _ in range(NEW)):
                            job = Job(number, number % 30, number, code=next(iter(system.codes)))
                            system.arrive(db, job)
                            system.start(db, job)
                            system.finish(db, job)

                    yield Grader(sidecar.collect, submit, lambda: db.run(system.status))
                sidecar.close()
        finally:
            server.remove()

    return made


GRADERS: dict[str, tuple[str, Make]] = {
    "sqlite": ("jobs, SQLite", on_sqlite),
    "dmoj": ("DMOJ, MariaDB", on_server(DMOJ(), lambda: MariaDB("--innodb-buffer-pool-size=256M"))),
    "prairielearn": (
        "PrairieLearn, PostgreSQL",
        on_server(PrairieLearn(), lambda: PostgreSQL("shared_buffers=256MB", "max_wal_size=4GB")),
    ),
}


def measure(grader: Grader) -> tuple[float, float]:
    """Median milliseconds of a collection and of the GROUP BY."""
    grader.collect()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        grader.submit()
        ours.append(_milliseconds(grader.collect))
        theirs.append(_milliseconds(grader.group_by))
    return statistics.median(ours), statistics.median(theirs)


def _milliseconds(act: Act) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def section(sizes: Sequence[int] = ROWS) -> str:
    """A line a grader and size."""
    lines = []
    for title, make in GRADERS.values():
        first = 0.0
        for rows in sizes:
            print(f"bench: {title}, {rows:,} rows", file=sys.stderr)
            with make(rows) as grader, quiet():
                ours, theirs = measure(grader)
            first = first or ours
            times = (f"{ours:.1f}", f"{ours / first:.2f}x", f"{theirs:.1f}", f"{ours / theirs:.3f}")
            lines.append((title, f"{rows:,}", *times))
    header = ("grader", "rows", "collection ms", f"to {sizes[0]:,}", "GROUP BY ms", "ours of it")
    promised = "Promised: at 10 million rows at most 2x of 10 thousand, and at most 0.01 of the GROUP BY."
    what = f"all that the profile asks and the saving of what was counted, with {NEW} new submissions"
    return f"{table(header, lines)}\n\n{promised} A collection is {what}; medians of {ROUNDS}."


@contextmanager
def quiet() -> Iterator[None]:
    """A first start says that there is no saved state."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
