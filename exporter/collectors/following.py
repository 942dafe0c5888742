"""The three ways to find events in a block's answers. Each reads on from a place and gives the next one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from exporter import differences, group_counts
from exporter.catalogue import ADDED_LABELS
from exporter.collector import Deadline
from exporter.collectors.books import Book
from exporter.collectors.facts import BlockFacts, Facts
from exporter.collectors.rows import Found, Query, Record, TableSource, comparable, number
from exporter.counting import OVERLAP_IDS, Position, Reader
from exporter.databases.pool import Session
from exporter.differences import Known
from exporter.group_counts import Groups
from exporter.state import position_from_json, position_to_json
from exporter.tally import Tally

_LOG = logging.getLogger(__name__)
RESERVE = 0.5
"""Share of a collection's time that catching up leaves: rows that are followed must be read as well."""

P = TypeVar("P")
Seconds = float


@dataclass(frozen=True, slots=True)
class Round:
    """One collection: where to read, until when, and where to note what happened. `now` in seconds.

    `once` counts from the beginning, as far as the deadline allows.
    """

    query: Query
    book: Book
    session: Session
    deadline: Deadline
    now: Seconds
    facts: BlockFacts
    shared: Facts
    once: bool


class Following(Protocol, Generic[P]):
    """A way to follow; `P` is what it must remember."""

    def step(self, round_: Round, place: P | None, tally: Tally) -> P | None:
        """Count into `tally` what is new since `place` (None: a first start), and give the next place."""
        ...

    def save(self, place: P) -> dict[str, Any]:
        """The place as JSON values."""
        ...

    def load(self, saved: dict[str, Any], shift: Seconds) -> P:
        """The reverse, its times moved by `shift`; raises the errors of a wrong shape."""
        ...

    def essence(self, saved: dict[str, Any]) -> dict[str, Any]:
        """What makes a saved place another one: nothing that only the clock changes."""
        ...


@dataclass(frozen=True, slots=True)
class _BoundBook:
    """A book that writes into one tally: what `exporter.counting` calls a sink."""

    book: Book
    tally: Tally

    def arrived(self, row: Found) -> None:
        self.book.arrived(self.tally, row.record)

    def finished(self, row: Found) -> None:
        self.book.finished(self.tally, row.record)


class ByWatermark:
    """Rows with a growing whole number as id."""

    def step(self, round_: Round, place: Position | None, tally: Tally) -> Position | None:
        """Read above the watermark, the overlap below it, and what is followed."""
        reserve = round_.deadline.remaining() * RESERVE
        source = TableSource(round_.query, round_.session, round_.deadline, round_.book.final, reserve)
        reader: Reader[Found] = Reader(source, _BoundBook(round_.book, tally), round_.now, by_gaps=True)
        facts = round_.facts
        if round_.once:
            complete = reader.count_all()
            facts.rows = source.rows
            if not complete:
                message = "block %s: time was up; the first %d rows are counted"
                _LOG.warning(message, round_.query.name, source.rows)
            return place
        step = reader.begin() if place is None else reader.advance(place)
        if step.restarted:
            round_.shared.rebuilds += 1
            _LOG.warning("block %s: %s", round_.query.name, step.restarted)
        if not step.complete:
            _LOG.info("block %s: catching up, at id %d", round_.query.name, step.position.watermark)
        position = step.position
        facts.rows, facts.watermark = source.rows, position.watermark
        facts.pending, facts.dropped = len(position.pending), position.pending.dropped
        return position

    def save(self, place: Position) -> dict[str, Any]:
        """The position as JSON values."""
        return position_to_json(place)

    def load(self, saved: dict[str, Any], shift: Seconds) -> Position:
        """The position, as if no time had passed since it was saved."""
        position = position_from_json(saved)
        position.shift(shift)
        return position

    def essence(self, saved: dict[str, Any]) -> dict[str, Any]:
        """Another one where rows were told, or many ids went by.

        From the older place on, the ids that no row of the block had are read again, and nothing is found.
        Older marks merely make the overlap larger, and the saved ids cover it.
        """
        told = {"seen": saved["seen"][-1:], "pending": saved["pending"], "dropped": saved["dropped"]}
        return {**told, "about": saved["watermark"] // OVERLAP_IDS}


class ByState:
    """The whole answer, compared with the last one by id."""

    def step(self, round_: Round, place: Known | None, tally: Tally) -> Known | None:
        """Count rows that are new or changed."""
        book = round_.book
        by_id = {str(record["id"]): record for record in round_.query.run(round_.session, {})}
        round_.facts.rows = len(by_id)
        states = [(row_id, tuple(map(comparable, book.state(record)))) for row_id, record in by_id.items()]
        if place is None and not round_.once:
            return differences.begin(states)
        settle = _settling(round_)
        known, changes = differences.advance(place or Known(), states, round_.now, settle)
        for change in changes:
            book.changed(tally, change, by_id[change.row_id])
        return known

    def save(self, place: Known) -> dict[str, Any]:
        """The states as JSON values."""
        return differences.to_json(place)

    def load(self, saved: dict[str, Any], shift: Seconds) -> Known:
        """The states, those that have to settle as if no time had passed."""
        known = differences.from_json(saved)
        known.shift(shift)
        return known

    def essence(self, saved: dict[str, Any]) -> dict[str, Any]:
        """All of it."""
        return saved


def _settling(round_: Round) -> Callable[[differences.State], Seconds]:
    """Seconds that a state must hold; a single run cannot wait."""
    rules = round_.query.block.settle

    def seconds(state: differences.State) -> Seconds:
        rule = rules.get(round_.book.settling(state), rules.get("default"))
        return 0.0 if round_.once or rule is None else rule.seconds

    return seconds


@dataclass(slots=True)
class Counted:
    """What is remembered of groups: submissions, and the gradings among them."""

    submissions: Groups
    gradings: Groups


class ByCounts:
    """Groups with their sizes, of a table that has no key."""

    def step(self, round_: Round, place: Counted | None, tally: Tally) -> Counted | None:
        """Count what the groups grew by."""
        records = round_.query.run(round_.session, {})
        round_.facts.rows = len(records)
        submissions = group_counts.total_by_id(map(_submitted, records))
        graded = (record for record in records if record.get("outcome") is not None)
        gradings = group_counts.total_by_id((i, (r["outcome"],), n) for r in graded for i, n in [_size(r)])
        if place is None and not round_.once:
            return Counted(group_counts.begin(submissions), group_counts.begin(gradings))
        old = place or Counted(Groups(), Groups())
        removed = group_counts.fallen(old.submissions, submissions)
        new_submissions, arrived = group_counts.advance(old.submissions, submissions, removed)
        new_gradings, finished = group_counts.advance(old.gradings, gradings, removed)
        labels = {str(record["id"]): _labels(record) for record in records}
        for (row_id, (again, timeliness)), count in arrived.items():
            event = {"is_resubmission": again, "timeliness": timeliness, **labels.get(row_id, {})}
            for _ in range(count):
                round_.book.arrived(tally, event)
        for (row_id, (outcome,)), count in finished.items():
            for _ in range(count):
                round_.book.finished(tally, {"outcome": outcome, **labels.get(row_id, {})})
        return Counted(new_submissions, new_gradings)

    def save(self, place: Counted) -> dict[str, Any]:
        """The groups as JSON values."""
        return {
            "submissions": group_counts.to_json(place.submissions),
            "gradings": group_counts.to_json(place.gradings),
        }

    def load(self, saved: dict[str, Any], shift: Seconds) -> Counted:
        """The groups; they hold no times."""
        return Counted(
            group_counts.from_json(saved["submissions"]), group_counts.from_json(saved["gradings"])
        )

    def essence(self, saved: dict[str, Any]) -> dict[str, Any]:
        """All of it."""
        return saved


def _labels(record: Record) -> Record:
    return {name: record[name] for name in ADDED_LABELS if name in record}


def _size(record: Record) -> tuple[str, int]:
    return str(record["id"]), int(number(record["count"]) or 0)


def _submitted(record: Record) -> tuple[str, group_counts.Labels, int]:
    row_id, count = _size(record)
    again = bool(number(record.get("is_resubmission")))
    return row_id, (again, record.get("timeliness")), count


WAYS: dict[str, Following[Any]] = {"watermark": ByWatermark(), "state": ByState(), "counts": ByCounts()}
"""By the value of a block's `follow`."""
