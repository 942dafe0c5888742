"""What a grader keeps in folders instead of tables: nbgrader's attempts, waiting and failed submissions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from exporter import catalogue, differences
from exporter.catalogue import Family
from exporter.collector import CollectError, Collector, Deadline, RowFamily
from exporter.collectors import nbgrader_folders as folders
from exporter.collectors.breakdown import Breakdown
from exporter.collectors.facts import Facts
from exporter.collectors.memory import Memory
from exporter.collectors.nbgrader_folders import Attempt, Collected, Key
from exporter.collectors.state_blocks import OWN_QUEUE
from exporter.databases.pool import Pool
from exporter.differences import Known
from exporter.tally import Tally, from_json, to_json

FAILED_AFTER = 600.0
"""Seconds after which a submission without a folder in autograded/ has failed: before, it may be in work."""
_OBSERVED = "observed"


@dataclass(slots=True)
class _Progress:
    """What was counted: the newest attempt of each student's assignment, and how each submission stood.

    Both are None before the first collection.
    """

    tally: Tally
    newest: dict[str, float] | None = None
    known: Known | None = None


@dataclass(slots=True)
class FilesCollector:
    """Reads the folders that are configured; `names` is the statement that lists what the database knows."""

    names: str
    feeds: frozenset[str]
    pool: Pool
    facts: Facts
    memory: Memory
    course: Path | None = None
    exchange: Path | None = None
    breakdown: Breakdown | None = None
    once: bool = False
    clock: Callable[[], float] = time.time
    name: str = "files"
    _progress: _Progress | None = field(default=None, init=False)

    def families(self) -> Sequence[Family]:
        """Families of the feeds."""
        kept = [catalogue.FAMILIES[f"grader_{feed}"] for feed in sorted(self.feeds)]
        return kept if self.breakdown is None else [self.breakdown.family(family) for family in kept]

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """Read the folders, count what is new, and tell what waits. CollectError when one cannot be read."""
        with self.facts.collection(self.name), self.facts.run(self.name) as facts:
            with self._reading("exchange"):
                attempts = folders.attempts(self.exchange, deadline) if self.exchange else []
            with self._reading("course"):
                there = list(folders.collected(self.course, deadline)) if self.course else []
            facts.rows = len(attempts) + len(there)
            in_database = self._in_database(deadline) if self.course else set()
            old = self._progress or self._recalled()
            new = _Progress(old.tally.copy())
            if self.breakdown:
                with self.pool.session(deadline) as session:
                    self.breakdown.learn(session)
                self._declare(new.tally)
            self._count_attempts(attempts, old, new)
            self._count_gradings(there, in_database, old, new)
            self._keep(new)
            self._progress = new
            return [*new.tally.families(), *self._waiting(attempts, there, in_database)]

    def inherit(self, old: Collector) -> None:
        """Go on where the collector of the configuration before has stopped, if it read the same folders."""
        if isinstance(old, FilesCollector) and old._progress and self.memory.continues(old.memory):
            self._progress = self._fitted(old._progress)

    @contextmanager
    def _reading(self, folder: str) -> Iterator[None]:
        """Note whether a folder could be read."""
        configured = getattr(self, folder)
        try:
            yield
        except OSError as error:
            self.facts.files_up[folder] = False
            raise CollectError("connect", f"{folder} {configured}: {error.strerror}") from None
        if configured:
            self.facts.files_up[folder] = True

    def _in_database(self, deadline: Deadline) -> set[Key]:
        with self.pool.session(deadline) as session:
            return {(str(student), str(assignment)) for student, assignment in session.run(self.names).rows}

    def _count_attempts(self, attempts: Sequence[Attempt], old: _Progress, new: _Progress) -> None:
        """Every attempt that is newer than the last one of its student's assignment."""
        first_start = old.newest is None and not self.once
        new.newest = dict(old.newest or {})
        for attempt in attempts:
            key = folders.digest(attempt.key)
            before = new.newest.get(key)
            if before is not None and attempt.at <= before:
                continue
            new.newest[key] = attempt.at
            if not first_start and "submissions_total" in self.feeds:
                label = "first" if before is None else "resubmission"
                new.tally.add(catalogue.GRADER_SUBMISSIONS_TOTAL, label, *self._more(attempt.key))

    def _count_gradings(
        self, there: Sequence[Collected], in_database: set[Key], old: _Progress, new: _Progress
    ) -> None:
        """Submissions that became graded or turned out to have failed."""
        by_id = {folders.digest(submission.key): submission for submission in there}
        states = [(i, (s.at, folders.status(s, s.key in in_database))) for i, s in by_id.items()]
        if old.known is None and not self.once:
            new.known = differences.begin(states)
            return
        new.known, changes = differences.advance(old.known or Known(), states, self.clock(), self._settle)
        for change in changes:
            if change.state[1] == "failed" and "grading_failures_total" in self.feeds:
                more = self._more(by_id[change.row_id].key)
                new.tally.add(catalogue.GRADER_GRADING_FAILURES_TOTAL, "grade", *more)
            graded_at = by_id[change.row_id].graded_at
            if change.state[1] == "graded" and graded_at and "turnaround_seconds" in self.feeds:
                took = graded_at - by_id[change.row_id].at
                new.tally.observe(catalogue.GRADER_TURNAROUND_SECONDS, took, _OBSERVED)

    def _settle(self, state: differences.State) -> float:
        """A single run cannot wait."""
        return FAILED_AFTER if state[1] == "failed" and not self.once else 0.0

    def _waiting(
        self, attempts: Sequence[Attempt], there: Sequence[Collected], in_database: set[Key]
    ) -> Iterator[RowFamily]:
        """Attempts not collected and submissions not graded yet; of two of one kind the attempt."""
        since = {s.key: s.at for s in there if folders.status(s, s.key in in_database) == "waiting"}
        since |= folders.uncollected(attempts, {s.key: s for s in there})
        age = max(0.0, self.clock() - min(since.values())) if since else 0.0
        if "queue_depth" in self.feeds:
            yield RowFamily(catalogue.GRADER_QUEUE_DEPTH, [("waiting", OWN_QUEUE, len(since))])
        if "queue_oldest_age_seconds" in self.feeds:
            yield RowFamily(catalogue.GRADER_QUEUE_OLDEST_AGE_SECONDS, [("waiting", OWN_QUEUE, age)])

    def _more(self, key: Key) -> tuple[str, ...]:
        """The values of labels that the configuration wants."""
        _, assignment = key
        return () if self.breakdown is None else self.breakdown.of({"assignment": assignment})

    @property
    def _known(self) -> dict[str, Family]:
        return {family.name: family for family in self.families()}

    def _recalled(self) -> _Progress:
        recalled = self.memory.recall(lambda saved: _from_json(saved, self._known))
        return self._fitted(recalled or _Progress(Tally(known=self._known)))

    def _fitted(self, progress: _Progress) -> _Progress:
        """With the families of this configuration and no others."""
        tally = from_json(to_json(progress.tally), self._known)
        if self.breakdown:
            self.breakdown.remember(tally, self.families())
        self._declare(tally)
        return replace(progress, tally=tally)

    def _declare(self, tally: Tally) -> None:
        for family in self.families():
            if self.breakdown is not None and self.breakdown.carried_by(family):
                self.breakdown.declare(tally, family)
            elif family.type != "gauge":
                tally.declare(family, [(_OBSERVED,)] if "basis" in family.labels else None)

    def _keep(self, progress: _Progress) -> None:
        known = differences.to_json(progress.known or Known())
        self.memory.keep({"newest": progress.newest, "known": known, "tally": to_json(progress.tally)})


def _from_json(saved: dict[str, Any], known: Mapping[str, Family]) -> _Progress:
    newest = {str(key): float(at) for key, at in saved["newest"].items()}
    return _Progress(from_json(saved["tally"], known), newest, differences.from_json(saved["known"]))
