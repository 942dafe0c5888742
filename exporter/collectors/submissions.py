"""The profile's events: submissions, gradings and comparisons, each counted exactly once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter import counting, differences
from exporter.catalogue import Family
from exporter.collector import Collector, Deadline, RowFamily
from exporter.collectors.books import Book
from exporter.collectors.facts import BlockFacts, Facts
from exporter.collectors.memory import Memory
from exporter.collectors.rows import Found, Query, TableSource
from exporter.counting import Position, Reader
from exporter.databases.pool import Pool, Session
from exporter.differences import Known
from exporter.state import position_from_json, position_to_json
from exporter.tally import Tally, from_json, to_json

_LOG = logging.getLogger(__name__)
RESERVE = 0.5
"""Share of a collection's time that catching up leaves: rows that are followed must be read as well."""


@dataclass(frozen=True, slots=True)
class _BoundBook:
    """A book that writes into one tally: what `exporter.counting` calls a sink."""

    book: Book
    tally: Tally

    def arrived(self, row: Found) -> None:
        self.book.arrived(self.tally, row.record)

    def finished(self, row: Found) -> None:
        self.book.finished(self.tally, row.record)


@dataclass(slots=True)
class _Progress:
    """What a follower knows: where it is (None before its first collection) and what it counted."""

    place: Position | Known | None
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
    once: bool = False
    clock: Callable[[], float] = time.time
    _progress: _Progress | None = field(default=None, init=False)

    def families(self) -> Sequence[Family]:
        """Families of the block's feeds."""
        return self.book.families()

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """Read what is new and give all that was counted so far."""
        with self.facts.collection(self.name), self.facts.run(self.query.name) as facts:
            old = self._progress or self._recalled()
            with self.pool.session(deadline) as session:
                follow = self._by_watermark if self.query.block.follow == "watermark" else self._by_state
                new = follow(session, deadline, old, facts)
            self._keep(new)
            self._progress = new
            return new.tally.families()

    def inherit(self, old: Collector) -> None:
        """Go on where the collector of the configuration before has stopped, if it followed the same rows."""
        if isinstance(old, EventCollector) and old._progress and self.memory.continues(old.memory):
            place, tally = old._progress.place, old._progress.tally.only(self.book.families())
            self.book.declare(tally)
            self._progress = _Progress(place, tally)

    def _by_watermark(
        self, session: Session, deadline: Deadline, old: _Progress, facts: BlockFacts
    ) -> _Progress:
        reserve = deadline.remaining() * RESERVE
        source = TableSource(self.query, session, deadline, self.book.final, reserve)
        tally = old.tally.copy()
        reader: Reader[Found] = Reader(source, _BoundBook(self.book, tally), self.clock())
        place = old.place
        if self.once:
            if not reader.count_all():
                _LOG.warning(
                    "block %s: time was up; the first %d rows are counted", self.query.name, source.rows
                )
        else:
            assert place is None or isinstance(place, Position)
            step = reader.begin() if place is None else reader.advance(place)
            self._say(step)
            place = step.position
            facts.watermark, facts.pending = place.watermark, len(place.pending)
            facts.dropped = place.pending.dropped
        facts.rows = source.rows
        return _Progress(place, tally)

    def _by_state(self, session: Session, deadline: Deadline, old: _Progress, facts: BlockFacts) -> _Progress:
        by_id = {str(record["id"]): record for record in self.query.run(session, {})}
        facts.rows = len(by_id)
        states = [(row_id, self.book.state(record)) for row_id, record in by_id.items()]
        assert old.place is None or isinstance(old.place, Known)
        if old.place is None and not self.once:
            return _Progress(differences.begin(states), old.tally.copy())
        known, changes = differences.advance(old.place or Known(), states, self.clock(), self._settle)
        tally = old.tally.copy()
        for change in changes:
            self.book.changed(tally, change, by_id[change.row_id])
        return _Progress(known, tally)

    def _settle(self, state: differences.State) -> float:
        """Seconds that a state must hold; a single run cannot wait."""
        rules = self.query.block.settle
        outcome = self.book.settling(state)
        rule = rules.get(outcome, rules.get("default"))
        return 0.0 if self.once or rule is None else rule.seconds

    def _say(self, step: counting.Advance) -> None:
        if step.restarted:
            self.facts.rebuilds += 1
            _LOG.warning("block %s: %s", self.query.name, step.restarted)
        if not step.complete:
            _LOG.info("block %s: catching up, at id %d", self.query.name, step.position.watermark)

    def _recalled(self) -> _Progress:
        """What was saved, or a first start."""
        progress = self.memory.recall(self._from_json) or _Progress(None, Tally())
        self.book.declare(progress.tally)
        return progress

    def _from_json(self, saved: dict[str, Any]) -> _Progress:
        tally = from_json(saved["tally"]).only(self.book.families())
        if self.query.block.follow == "watermark":
            return _Progress(position_from_json(saved["place"]), tally)
        return _Progress(differences.from_json(saved["place"]), tally)

    def _keep(self, progress: _Progress) -> None:
        if progress.place is None:
            return
        place = progress.place
        plain = position_to_json(place) if isinstance(place, Position) else differences.to_json(place)
        tally = to_json(progress.tally)
        # When only the clock moved there is nothing to save: older marks merely make the overlap larger, and
        # the saved ids cover it.
        self.memory.keep({"place": plain, "tally": tally}, [{**plain, "marks": None}, tally])
