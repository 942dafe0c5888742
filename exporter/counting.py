"""Exactly-once counting of rows by watermark, overlap and pending set; the cost follows the new rows.

Ids rise, but transactions do not commit in the order of their ids. So each collection looks into an overlap
below the watermark again and knows which of its rows it has seen. A row that is not final when first seen is
followed in the pending set, wherever the watermark is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from exporter.pending import Pending

OVERLAP_IDS = 1000
OVERLAP_SECONDS = 120.0
"""The overlap is the last 1,000 ids, or all that came in the last 120 s if that is more: a transaction that
is open longer than both commits unseen."""
CHUNK = 500
"""Pending ids of one statement: some drivers bound the number of parameters."""


class Row(Protocol):
    """What counting needs to know of a row."""

    @property
    def id(self) -> int:
        """The primary key."""
        ...

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        ...


R = TypeVar("R", bound=Row)
R_co = TypeVar("R_co", bound=Row, covariant=True)
R_contra = TypeVar("R_contra", bound=Row, contravariant=True)


@dataclass(frozen=True, slots=True)
class Look(Generic[R_co]):
    """One look at a table: its highest id, rows asked for by id, and the next rows above an id.

    `more` tells whether there may be further rows above.
    """

    newest: int | None
    among: Sequence[R_co]
    above: Sequence[R_co]
    more: bool


class Source(Protocol[R_co]):
    """Where rows come from: three statements on one connection."""

    def look(self, after: int, ids: Sequence[int]) -> Look[R_co]:
        """What `newest`, `among` the ids and `above` the id give, asked in this order."""
        ...

    def newest(self) -> int | None:
        """The highest id of the table, whatever the other statements filter; None when it is empty."""
        ...

    def above(self, after: int) -> tuple[Sequence[R_co], bool]:
        """The next rows with higher ids, in rising order, and whether there may be more of them."""
        ...

    def among(self, ids: Sequence[int]) -> Sequence[R_co]:
        """The rows with these ids, in any order; rows that are gone are left out."""
        ...

    def exhausted(self) -> bool:
        """Whether the time for further batches is used up."""
        ...


class Sink(Protocol[R_contra]):
    """Where events go: each is told exactly once."""

    def arrived(self, row: R_contra) -> None:
        """A row that was never seen before."""
        ...

    def finished(self, row: R_contra) -> None:
        """A row that is final, told after `arrived` unless it was there before counting began."""
        ...


@dataclass(slots=True)
class Position:
    """How far a table was read. All of it is saved together, or nothing.

    `marks` are (Unix time, watermark) pairs, oldest first: they tell which ids came in the last 120 s.
    `seen` holds every id of the overlap that was told as an event or was there before counting began.
    """

    watermark: int
    marks: list[tuple[float, int]] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    pending: Pending = field(default_factory=Pending)

    @property
    def low(self) -> int:
        """The overlap begins above this id."""
        before = self.watermark - OVERLAP_IDS
        return min(before, self.marks[0][1]) if self.marks else before

    def gaps(self) -> list[int]:
        """Ids of the overlap that were not seen: only rows with these can still come late."""
        first = max(self.low, -1) + 1
        if len(self.seen) == self.watermark + 1 - first and min(self.seen, default=first) >= first:
            return []
        return [i for i in range(first, self.watermark + 1) if i not in self.seen]

    def close(self, now: float) -> None:
        """End a collection: note the time, and forget what left the overlap."""
        marks = [(min(at, now), mark) for at, mark in self.marks]
        marks.append((now, self.watermark))
        while len(marks) > 1 and marks[1][0] <= now - OVERLAP_SECONDS:
            del marks[0]
        self.marks = marks
        low, first = self.low, min(self.seen, default=0)
        if low - first < len(self.seen):
            self.seen.difference_update(range(first, low + 1))
        else:
            self.seen = {row_id for row_id in self.seen if row_id > low}

    def shift(self, seconds: float) -> None:
        """Move every time by so much: the clock that they were read from is another one now."""
        self.marks = [(at + seconds, mark) for at, mark in self.marks]
        self.pending.shift(seconds)

    def copy(self) -> Position:
        """A position that can change without changing this one."""
        return Position(self.watermark, list(self.marks), set(self.seen), self.pending.copy())


@dataclass(frozen=True, slots=True)
class Advance:
    """What one collection found: the new position, whether it reached the end, and what it had to say."""

    position: Position
    complete: bool
    restarted: str | None = None
    """Why the position was set anew (a sentence for the log), None when it was not."""


class Reader(Generic[R]):
    """One collection: reads a source from a position, changing nothing that it was given.

    `by_gaps` asks the source for the ids of the overlap that were not seen, where those are few, instead of
    reading the overlap again.
    """

    def __init__(self, source: Source[R], sink: Sink[R], now: float, *, by_gaps: bool = False) -> None:
        self._by_gaps = by_gaps
        self._source = source
        self._sink = sink
        self._now = now
        self._looked_at: set[int] = set()
        self._after = -1
        self._asked: list[int] = []

    def begin(self) -> Advance:
        """First start: what is there counts as seen; what is unfinished of the overlap is followed."""
        position = Position(self._source.newest() or 0)
        after, more = position.low, True
        while more and after < position.watermark:
            rows, more = self._source.above(after)
            for row in rows:
                after = row.id
                if row.id <= position.watermark:
                    position.seen.add(row.id)
                    if not row.final:
                        position.pending.add(row.id, self._now)
        self._tidy(position)
        return Advance(position, complete=True)

    def advance(self, old: Position) -> Advance:
        """Tell the sink what is new since `old`."""
        look = self._look(old)
        newest = look.newest or 0
        if newest < old.low:
            reason = (
                f"the highest id fell from {old.watermark} to {newest}: an older table; counting starts there"
            )
            position = self.begin().position
            position.pending.dropped += old.pending.dropped
            return Advance(position, complete=True, restarted=reason)
        position, restarted = old.copy(), None
        if newest < old.watermark:
            # Everything up to `newest` is still in the seen set, so nothing is lost or counted twice.
            restarted = f"the highest id fell from {old.watermark} to {newest}: rows were removed"
            _step_back(position, newest)
            look = self._look(position)
        complete = self._read_new(position, look)
        self._read_pending(position)
        self._tidy(position)
        return Advance(position, complete, restarted)

    def count_all(self) -> bool:
        """Tell the sink every row of the table, as far as time allows; whether that was all."""
        after, more = -1, True
        while more:
            if self._source.exhausted():
                return False
            rows, more = self._source.above(after)
            for row in rows:
                after = row.id
                self._sink.arrived(row)
                if row.final:
                    self._sink.finished(row)
        return True

    def _look(self, position: Position) -> Look[R]:
        """Ask at once for all that can be known to be wanted: late rows, followed rows, new rows.

        Late rows can only have ids of the overlap that were not seen. Where those are few they are asked for
        one by one, else the overlap is read as a whole; most tables have no gaps, and then nothing is asked.
        """
        after, gaps = max(position.low, -1), []
        if self._by_gaps and position.watermark - after - len(position.seen) <= CHUNK:
            after, gaps = position.watermark, position.gaps()
        followed = [row_id for row_id in position.pending.ids() if row_id <= after]
        self._after, self._asked = after, [*gaps, *followed][:CHUNK]
        return self._source.look(after, self._asked)

    def _read_new(self, position: Position, look: Look[R]) -> bool:
        overlap_end, after = position.watermark, self._after
        self._take_all(position, self._asked, look.among)
        rows, more = look.above, look.more
        while True:
            for row in rows:
                after = row.id
                self._take(position, row)
            position.watermark = max(position.watermark, after)
            if not more:
                break
            if after > overlap_end and self._source.exhausted():
                return False
            rows, more = self._source.above(after)
        # The last batch was short: nothing that the statement's filter lets through is left below the highest
        # id, which was read before it. Rows that commit late are found in the overlap.
        position.watermark = max(position.watermark, look.newest or 0)
        return True

    def _take_all(self, position: Position, asked: Sequence[int], rows: Sequence[R]) -> None:
        """Rows that were asked for by id; a followed one that is gone leaves the set uncounted."""
        for row in rows:
            self._take(position, row)
        for gone in set(asked) - {row.id for row in rows}:
            position.pending.remove(gone)
        self._looked_at.update(asked)

    def _take(self, position: Position, row: R) -> None:
        """One row: new, followed, or known. A known row that a rejudging reopened stays known."""
        self._looked_at.add(row.id)
        if row.id in position.pending:
            if row.final:
                position.pending.remove(row.id)
                self._sink.finished(row)
            return
        if row.id in position.seen:
            return
        position.seen.add(row.id)
        self._sink.arrived(row)
        if row.final:
            self._sink.finished(row)
        else:
            position.pending.add(row.id, self._now)

    def _read_pending(self, position: Position) -> None:
        """Look at those followed rows that were not looked at yet."""
        ids = [row_id for row_id in position.pending.ids() if row_id not in self._looked_at]
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            self._take_all(position, chunk, self._source.among(chunk))

    def _tidy(self, position: Position) -> None:
        """Close the collection: note the time, forget what left the overlap, keep the bounds."""
        position.close(self._now)
        position.pending.keep_bounds(self._now)


def _step_back(position: Position, newest: int) -> None:
    low = position.low
    position.watermark = newest
    position.marks = [(at, min(mark, newest)) for at, mark in position.marks]
    position.seen = {row_id for row_id in position.seen if row_id <= newest}
    # The overlap reaches further down now, to rows that were told long ago and forgotten.
    position.seen.update(range(position.low + 1, low + 1))
    for row_id in [row_id for row_id in position.pending.since if row_id > newest]:
        position.pending.remove(row_id)
