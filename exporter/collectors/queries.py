"""Statements of one's own: their answers as metrics, or their rows as events that are each counted once."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from exporter.catalogue import Family
from exporter.collector import CollectError, Collector, Deadline, RowFamily
from exporter.collectors.facts import Facts
from exporter.collectors.memory import Memory
from exporter.config.queries import Query
from exporter.counting import Look, Position, Reader
from exporter.databases.connection import Result, Statement
from exporter.databases.pool import Pool, Session
from exporter.profiles.profile import AFTER
from exporter.queries.answers import Shaper
from exporter.state import position_from_json, position_to_json
from exporter.tally import Tally, from_json, to_json

_LOG = logging.getLogger(__name__)
_RESERVE = 0.5
"""Share of a collection's time that catching up leaves: rows that are waited for must be read as well."""


@dataclass(slots=True)
class QueryCollector:
    """Asks a statement and gives its whole answer. `key` is the query's name in the configuration."""

    key: str
    query: Query
    shapers: tuple[Shaper, ...]
    pool: Pool
    facts: Facts
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"query_{self.key}"

    def families(self) -> Sequence[Family]:
        """The families of its metrics, each once."""
        return _families(self.shapers)

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """The answer as it is now; a metric that several shapers feed is one family."""
        with self.facts.collection(self.name), self.facts.run(self.key) as facts:
            with self.pool.session(deadline, _seconds(self.query)) as session:
                answer = session.run(self.query.sql)
            facts.rows = len(answer.rows)
            if len(answer.rows) > self.query.row_limit:
                message = f'query "{self.key}": more rows than row_limit ({self.query.row_limit})'
                raise CollectError("limit", message)
            found: dict[str, RowFamily] = {}
            for shaper in self.shapers:
                made = shaper.rows_of(answer)
                if (first := found.setdefault(shaper.family.name, made)) is not made:
                    first.rows.extend(made.rows)
            return list(found.values())


@dataclass(frozen=True, slots=True)
class _Event:
    """A row of a followed table."""

    id: int
    final: bool
    row: Sequence[Any]


@dataclass(slots=True)
class _Table:
    """A followed statement, as `exporter.counting` wants it."""

    key: str
    query: Query
    shapers: tuple[Shaper, ...]
    session: Session
    deadline: Deadline
    reserve: float
    rows: int = 0
    places: Mapping[str, int] = field(default_factory=dict)

    def look(self, after: int, ids: Sequence[int]) -> Look[_Event]:
        """All three at once, the second where there are ids."""
        asked = [(self.query.newest or "", {}), *([self._among(ids)] if ids else []), self._above(after)]
        newest, *among, above = self.session.run_all(asked)
        events, more = self._batch(above)
        return Look(self._highest(newest), self._read(among[0]) if among else (), events, more)

    def newest(self) -> int | None:
        """The highest id."""
        return self._highest(self.session.run(self.query.newest or ""))

    def above(self, after: int) -> tuple[Sequence[_Event], bool]:
        """The next rows."""
        return self._batch(self.session.run(*self._above(after)))

    def among(self, ids: Sequence[int]) -> Sequence[_Event]:
        """Rows that are waited for."""
        return self._read(self.session.run(*self._among(ids)))

    def exhausted(self) -> bool:
        """Whether only the reserve is left."""
        return self.deadline.remaining() < self.reserve

    def _above(self, after: int) -> Statement:
        return self.query.sql, {"after": max(after, -1), "limit": self.query.row_limit}

    def _among(self, ids: Sequence[int]) -> Statement:
        return self.query.sql.replace(AFTER, "IN (:ids)"), {"ids": ids, "limit": len(ids)}

    def _highest(self, answer: Result) -> int | None:
        return None if not answer.rows or answer.rows[0][0] is None else self._whole(answer.rows[0][0])

    def _batch(self, answer: Result) -> tuple[Sequence[_Event], bool]:
        events = self._read(answer)
        if any(second.id <= first.id for first, second in pairwise(events)):
            raise CollectError("query", f'query "{self.key}": ids do not rise; ORDER BY the id')
        return events, len(events) >= self.query.row_limit

    def _read(self, answer: Result) -> list[_Event]:
        for shaper in self.shapers:
            self.places = shaper.places(answer.columns)
        if "id" not in self.places:
            raise CollectError("query", f'query "{self.key}": no column "id" in the answer')
        self.rows += len(answer.rows)
        return [_Event(self._whole(row[self.places["id"]]), self._final(row), row) for row in answer.rows]

    def _final(self, row: Sequence[Any]) -> bool:
        columns = (shaper.metric.value for shaper in self.shapers)
        return not self.query.wait or all(row[self.places[c]] is not None for c in columns if c)

    def _whole(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise CollectError("data", f'query "{self.key}": an id is not a whole number')
        return value


@dataclass(slots=True)
class _Counter:
    """Counts events into a tally."""

    table: _Table
    tally: Tally

    def arrived(self, event: _Event) -> None:
        """Nothing: an event counts when it is complete, which most are at once."""

    def finished(self, event: _Event) -> None:
        """Count it: 1, or its value; a histogram observes its value."""
        for shaper in self.table.shapers:
            labels = tuple(map(_text, shaper.labels(event.row, self.table.places)))
            column = shaper.metric.value
            value = shaper.number(event.row[self.table.places[column]]) if column else 1.0
            if shaper.family.type == "histogram":
                self.tally.observe(shaper.family, value, *labels)
            elif value is not None and value > 0 and math.isfinite(value):
                self.tally.add(shaper.family, *labels, amount=value)


@dataclass(slots=True)
class EventQueryCollector:
    """Follows a statement's rows. What a collection finds becomes known in one step at its end or not at all.

    `once` counts from the beginning, as far as the deadline allows.
    """

    key: str
    query: Query
    shapers: tuple[Shaper, ...]
    pool: Pool
    facts: Facts
    memory: Memory
    once: bool = False
    clock: Callable[[], float] = time.time
    name: str = field(init=False)
    _progress: tuple[Position | None, Tally] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.name = f"query_{self.key}"

    def families(self) -> Sequence[Family]:
        """The families of its metrics, each once."""
        return _families(self.shapers)

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """Read what is new and give all that was counted so far."""
        with self.facts.collection(self.name), self.facts.run(self.key) as facts:
            place, counted = self._progress or self._recalled()
            tally = counted.copy()
            with self.pool.session(deadline, _seconds(self.query)) as session:
                reserve = deadline.remaining() * _RESERVE
                table = _Table(self.key, self.query, self.shapers, session, deadline, reserve)
                reader: Reader[_Event] = Reader(table, _Counter(table, tally), self.clock())
                place = self._read(reader, place)
            facts.rows = table.rows
            if place is not None:
                facts.watermark, facts.pending = place.watermark, len(place.pending)
                facts.dropped = place.pending.dropped
                saved, plain = position_to_json(place), to_json(tally)
                self.memory.keep({"place": saved, "tally": plain}, [{**saved, "marks": None}, plain])
            self._progress = (place, tally)
            return tally.families()

    def inherit(self, old: Collector) -> None:
        """Go on where the collector of the configuration before has stopped, if it followed the same rows."""
        if isinstance(old, EventQueryCollector) and old._progress and self.memory.continues(old.memory):
            place, tally = old._progress
            self._progress = (place, self._declared(from_json(to_json(tally), self._known)))

    def _read(self, reader: Reader[_Event], place: Position | None) -> Position | None:
        if self.once:
            if not reader.count_all():
                _LOG.warning("query %s: time was up before all rows were counted", self.key)
            return None
        step = reader.begin() if place is None else reader.advance(place)
        if step.restarted:
            self.facts.rebuilds += 1
            _LOG.warning("query %s: %s", self.key, step.restarted)
        return step.position

    def _recalled(self) -> tuple[Position | None, Tally]:
        """What was saved, or a first start; series whose labels are known exist at 0."""

        def read(saved: dict[str, Any]) -> tuple[Position | None, Tally]:
            return position_from_json(saved["place"]), from_json(saved["tally"], self._known)

        place, tally = self.memory.recall(read) or (None, Tally(known=self._known))
        return place, self._declared(tally)

    @property
    def _known(self) -> Mapping[str, Family]:
        return {shaper.family.name: shaper.family for shaper in self.shapers}

    def _declared(self, tally: Tally) -> Tally:
        for shaper in self.shapers:
            if (combinations := shaper.combinations()) is not None:
                tally.declare(shaper.family, list(combinations))
        return tally


def _families(shapers: Sequence[Shaper]) -> Sequence[Family]:
    return list({shaper.family.name: shaper.family for shaper in shapers}.values())


def _seconds(query: Query) -> float | None:
    return None if query.timeout is None else query.timeout.seconds


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)
