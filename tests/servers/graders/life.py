"""A submission's life in a grader, as its tables show it: what each simulated system must be able to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

Tally = Counter[tuple[str, ...]]
"""Expected values by metric (without grader_) and label values."""

BEGIN = 1_700_000_000
"""Unix time at which the simulated term begins: long ago, so that no age depends on when a test runs."""
DUE = BEGIN + 500_000
"""The deadline of every assignment."""


@dataclass
class Job:
    """One submission. `key` is its primary key, `grading` that of its grading where that is another row."""

    user: int
    task: int
    number: int
    again: bool = False
    code: str = ""
    key: int = 0
    grading: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def at(self) -> int:
        """When it was handed in: every third one after the deadline."""
        return DUE + self.number if self.number % 3 == 0 else BEGIN + self.number

    @property
    def timeliness(self) -> str:
        return "late" if self.at > DUE else "on_time"

    @property
    def wait(self) -> int:
        """Seconds until its grading begins."""
        return 1 + self.number % 7

    @property
    def took(self) -> int:
        """Seconds that its grading takes."""
        return 2 + self.number % 5


class Db:
    """One connection of the grader."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.cursor = connection.cursor()

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement with `%s` in it; its rows, if it has any."""
        self.cursor.execute(sql, values)
        return list(self.cursor.fetchall()) if self.cursor.description else []

    def insert(self, table: str, **values: Any) -> int:
        """A new row; its key as the server gave it."""
        columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({places})"
        if type(self.connection).__module__.startswith("psycopg"):
            return int(self.run(f"{sql} RETURNING id", *values.values())[0][0])
        self.run(sql, *values.values())
        return int(self.cursor.lastrowid)


class System(Protocol):
    """One grader."""

    profile: str
    dialects: tuple[str, ...]
    codes: Mapping[str, str | None]
    """How a grading can end, in the grader's own words, and the outcome it counts as (None: it does not)."""
    unfinished: frozenset[str]
    """Codes that the grader keeps for what is not graded."""
    fill: tuple[str, ...]
    """Statements that make {rows} submissions, one a minute up to now, of the table `numbers (n)`."""
    status: str
    """What would count gradings without a sidecar: a walk through the whole table."""
    secrets: tuple[str, ...]
    """Statements that read what the role must not see."""

    def prepare(self, db: Db) -> None:
        """Assignments and what else must be there first."""
        ...

    def arrive(self, db: Db, job: Job) -> None:
        """Handed in; sets the keys."""
        ...

    def start(self, db: Db, job: Job) -> None:
        """A worker has it."""
        ...

    def finish(self, db: Db, job: Job) -> None:
        """Graded, as `job.code` says."""
        ...

    def rejudge(self, db: Db, job: Job) -> bool:
        """Graded again, in place or in another row; whether that is a grading of its own."""
        ...

    def regraded(self, job: Job) -> Tally:
        """What a grading of its own adds."""
        ...

    def purge(self, db: Db, job: Job) -> None:
        """Removed by an administrator."""
        ...

    def expected(self, job: Job) -> Tally:
        """What a finished submission adds to the metrics."""
        ...


def utc(at: float) -> datetime:
    """A moment with its zone."""
    return datetime.fromtimestamp(at, UTC)


def naive(at: float) -> datetime:
    """A moment as graders write it that keep UTC without a zone."""
    return utc(at).replace(tzinfo=None)


def histogram(metric: str, value: float, *labels: str) -> Tally:
    """One observation."""
    return Tally({(f"{metric}_count", *labels): 1, (f"{metric}_sum", *labels): value})


def submitted(job: Job, *, deadline: bool = True, attempts: bool = True) -> Tally:
    """What every submission adds."""
    attempt = "resubmission" if job.again and attempts else "first"
    tally = Tally({("submissions_total", attempt): 1})
    if deadline:
        tally["deadline_submissions_total", job.timeliness] += 1
    return tally


def graded(outcome: str | None) -> Tally:
    """What a grading's end adds."""
    if outcome is None:
        return Tally()
    tally = Tally({("gradings_total", outcome): 1})
    if outcome == "internal_error":
        tally["grading_failures_total", "grade"] += 1
    return tally
