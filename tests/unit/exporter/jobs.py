"""A little grader in SQLite: one table of jobs, several connections, and a collector that follows it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from exporter import catalogue
from exporter.collector import Deadline, RowFamily
from exporter.collectors.books import book_for
from exporter.collectors.facts import Facts
from exporter.collectors.memory import Memory
from exporter.collectors.rows import Query
from exporter.collectors.submissions import EventCollector
from exporter.databases import open_pool
from exporter.profiles import Block
from exporter.state import StateFile

ROWS = Block(
    feeds=("submissions_total", "gradings_total"),
    columns=("id", "outcome"),
    sql="SELECT id, outcome FROM jobs WHERE id > :after AND NOT hidden ORDER BY id LIMIT :limit",
    follow="watermark",
    newest="SELECT MAX(id) FROM jobs",
    limit=7,  # small, so that even a short test needs several batches
)


@dataclass
class Jobs:
    """The grader's side: writes rows, knows what is visible."""

    path: Path
    last: int = 0
    db: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.db = self.connect()
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, outcome TEXT, hidden INTEGER DEFAULT 0)"
        )

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None)

    def next_id(self) -> int:
        self.last += 1
        return self.last

    def insert(self, job: int, outcome: str | None, hidden: bool = False) -> None:
        self.db.execute("INSERT INTO jobs VALUES (?, ?, ?)", (job, outcome, hidden))

    def submit(self, outcome: str | None = None, hidden: bool = False) -> int:
        self.insert(job := self.next_id(), outcome, hidden)
        return job

    def submit_many(self, count: int, outcome: str | None = None) -> None:
        rows = [(self.next_id(), outcome) for _ in range(count)]
        with self.db:
            self.db.executemany("INSERT INTO jobs (id, outcome) VALUES (?, ?)", rows)

    def set(self, job: int, outcome: str | None) -> None:
        self.db.execute("UPDATE jobs SET outcome = ? WHERE id = ?", (outcome, job))

    def delete(self, jobs: Iterable[int]) -> None:
        self.db.executemany("DELETE FROM jobs WHERE id = ?", [(job,) for job in jobs])

    def visible(self) -> dict[int, str | None]:
        """What another connection sees now."""
        other = self.connect()
        try:
            return dict(other.execute("SELECT id, outcome FROM jobs WHERE NOT hidden"))
        finally:
            other.close()


@dataclass
class Clock:
    """Time that a test moves; Unix seconds."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def follower(
    path: Path,
    state: Path | None,
    clock: Callable[[], float],
    block: Block = ROWS,
    name: str = "rows",
    once: bool = False,
) -> EventCollector:
    """A collector as it is after a start of the sidecar."""
    facts = Facts()
    return EventCollector(
        name="submissions",
        query=Query(name, block),
        book=book_for(name, frozenset(block.feeds)),
        pool=open_pool("grader", f"sqlite://{path}"),
        facts=facts,
        memory=Memory(name, facts, StateFile(state, "jobs") if state else None),
        once=once,
        clock=clock,
    )


def totals(families: Iterable[RowFamily]) -> tuple[int, int]:
    """(submissions, gradings) of a collection."""
    sums = {family.family: int(sum(row[-1] for row in family.rows)) for family in families}
    return sums[catalogue.GRADER_SUBMISSIONS_TOTAL], sums[catalogue.GRADER_GRADINGS_TOTAL]


def count(collector: EventCollector) -> tuple[int, int]:
    """(submissions, gradings) after one more collection."""
    return totals(collector.collect(Deadline.after(30)))
