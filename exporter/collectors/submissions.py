"""The profile's events: submissions, gradings and comparisons, each counted exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.catalogue import Family
from exporter.collector import Collector, Deadline, RowFamily
from exporter.collectors.books import Book
from exporter.collectors.breakdown import Breakdown
from exporter.collectors.facts import Facts
from exporter.collectors.following import WAYS, Following, Round
from exporter.collectors.memory import Memory
from exporter.collectors.rows import Query
from exporter.databases.pool import Pool
from exporter.steady import steady_time
from exporter.tally import Tally, from_json, to_json


@dataclass(slots=True)
class _Progress:
    """What a follower knows: where it is (None before its first collection) and what it counted."""

    place: Any
    tally: Tally


@dataclass(slots=True)
class EventCollector:
    """Follows one block. What a collection finds becomes known in one step at its end, or not at all.

    `once` counts from the beginning, as far as the deadline allows.
    """

    name: str
    query: Query
    book: Book
    pool: Pool
    facts: Facts
    memory: Memory
    breakdown: Breakdown | None = None
    once: bool = False
    clock: Callable[[], float] = steady_time
    _progress: _Progress | None = field(default=None, init=False)

    def families(self) -> Sequence[Family]:
        """Families of the block's feeds."""
        return self.book.families()

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """Read what is new and give all that was counted so far."""
        with self.facts.collection(self.name), self.facts.run(self.query.name) as facts:
            old = self._progress or self._recalled()
            tally = old.tally.copy()
            with self.pool.session(deadline) as session:
                if self.breakdown:
                    self.breakdown.learn(session)
                    self.book.declare(tally)
                now = self.clock()
                round_ = Round(
                    self.query, self.book, session, deadline, now, facts, self.facts, once=self.once
                )
                new = _Progress(self._following.step(round_, old.place, tally), tally)
            self._keep(new, now)
            self._progress = new
            return new.tally.families()

    def inherit(self, old: Collector) -> None:
        """Go on where the collector of the configuration before has stopped, if it followed the same rows."""
        if isinstance(old, EventCollector) and old._progress and self.memory.continues(old.memory):
            tally = self._fitted(from_json(to_json(old._progress.tally), self._known))
            self._progress = _Progress(old._progress.place, tally)

    @property
    def _following(self) -> Following[Any]:
        return WAYS[self.query.block.follow]

    def _recalled(self) -> _Progress:
        """What was saved, or a first start."""
        return self.memory.recall(self._from_json) or _Progress(None, self._fitted(Tally(known=self._known)))

    @property
    def _known(self) -> dict[str, Family]:
        return {family.name: family for family in self.book.families()}

    def _fitted(self, tally: Tally) -> Tally:
        """With the series that the configuration wants, and no others."""
        tally = tally.only(self.book.families())
        if self.breakdown:
            self.breakdown.remember(tally, self.book.families())
        self.book.declare(tally)
        return tally

    def _from_json(self, saved: dict[str, Any]) -> _Progress:
        tally = self._fitted(from_json(saved["tally"], self._known))
        # The clock may have been set, forward or back, while nobody watched: saved times keep their distance
        # to the moment at which they were saved, as if that were now.
        shift = self.clock() - float(saved["at"])
        return _Progress(self._following.load(saved["place"], shift), tally)

    def _keep(self, progress: _Progress, now: float) -> None:
        if progress.place is None:
            return
        place, tally = self._following.save(progress.place), to_json(progress.tally)
        # When only the clock moved there is nothing to save.
        self.memory.keep({"at": now, "place": place, "tally": tally}, [self._following.essence(place), tally])
