"""Book-keeping about a profile's blocks: when each ran, how long it took, how far it came."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collector import Deadline, RowFamily


@dataclass(slots=True)
class BlockFacts:
    """One block: durations in seconds, times in Unix seconds; None where there is nothing to tell yet."""

    runs: int = 0
    errors: int = 0
    duration: float | None = None
    last_success: float | None = None
    rows: int | None = None
    watermark: int | None = None
    pending: int | None = None
    dropped: int | None = None


@dataclass(slots=True)
class Facts:
    """What the collectors of one profile note down; shared by their threads."""

    blocks: dict[str, BlockFacts] = field(default_factory=dict)
    files_up: dict[str, bool] = field(default_factory=dict)
    rebuilds: int = 0
    """Times a position was set anew: no usable state, or a table older than the state."""
    collectors: set[str] = field(default_factory=set)
    """Names of the collectors that note down here."""
    ended: set[str] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def run(self, block: str) -> Iterator[BlockFacts]:
        """One run of a block: its duration, and whether it raised."""
        with self.changed:
            facts = self.blocks.setdefault(block, BlockFacts())
        started = time.monotonic()
        try:
            yield facts
            facts.last_success = time.time()
        except BaseException:
            facts.errors += 1
            raise
        finally:
            facts.duration = time.monotonic() - started
            facts.runs += 1

    @contextmanager
    def collection(self, collector: str) -> Iterator[None]:
        """One collection, however it ends."""
        try:
            yield
        finally:
            with self.changed:
                self.ended.add(collector)
                self.changed.notify_all()

    def wait_for_all(self, deadline: Deadline) -> None:
        """Until each collector has ended once, or the deadline is near."""
        patience = max(0.0, deadline.remaining() - 0.2)
        with self.changed:
            self.changed.wait_for(lambda: self.collectors <= self.ended, timeout=patience)


@dataclass(slots=True)
class ProfileCollector:
    """Serves the facts. It asks nobody, so they are there when the database is not: that is when they matter.

    The figures are those of collections that have ended; `once` waits for the only one. Without a profile
    the blocks are the configuration's own queries.
    """

    profile: str | None
    version: str
    facts: Facts
    once: bool = False
    name: str = "profile"

    def families(self) -> Sequence[Family]:
        """Families about the profile and its blocks."""
        return [family for family, _ in _COLUMNS] + [
            catalogue.GRADER_PROFILE_INFO,
            catalogue.GRADER_EXPORTER_STATE_REBUILDS_TOTAL,
            catalogue.GRADER_FILES_UP,
        ]

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """The facts as they are now; never fails."""
        if self.once:
            self.facts.wait_for_all(deadline)
        with self.facts.changed:
            blocks = sorted(self.facts.blocks.items())
        if self.profile is not None:
            yield RowFamily(catalogue.GRADER_PROFILE_INFO, [(self.profile, self.version, 1)])
        yield RowFamily(catalogue.GRADER_EXPORTER_STATE_REBUILDS_TOTAL, [(self.facts.rebuilds,)])
        for family, attribute in _COLUMNS:
            values = [(block, getattr(facts, attribute)) for block, facts in blocks]
            yield RowFamily(family, [row for row in values if row[1] is not None])
        if self.facts.files_up:
            rows = [(name, int(up)) for name, up in sorted(self.facts.files_up.items())]
            yield RowFamily(catalogue.GRADER_FILES_UP, rows)


_COLUMNS: tuple[tuple[Family, str], ...] = (
    (catalogue.GRADER_QUERY_RUNS_TOTAL, "runs"),
    (catalogue.GRADER_QUERY_ERRORS_TOTAL, "errors"),
    (catalogue.GRADER_QUERY_DURATION_SECONDS, "duration"),
    (catalogue.GRADER_QUERY_LAST_SUCCESS_TIMESTAMP_SECONDS, "last_success"),
    (catalogue.GRADER_QUERY_ROWS, "rows"),
    (catalogue.GRADER_WATERMARK, "watermark"),
    (catalogue.GRADER_PENDING_ROWS, "pending"),
    (catalogue.GRADER_PENDING_DROPPED_TOTAL, "dropped"),
)
