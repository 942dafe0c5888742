"""Rows of a database's table, followed by id with the code that follows submissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.collector import CollectError, Deadline
from exporter.counting import CHUNK, OVERLAP_IDS, Look, Position, Reader
from exporter.databases import packing
from exporter.databases.pool import Pool, Session
from exporter.drift.batch import Batch, Column, Layout, make_batch, to_seconds, unpacked
from exporter.drift.sources import STEP_ROWS, Place, SourceError, Step
from exporter.state import position_from_json, position_to_json

STEP_SECONDS = 30.0
"""A step must have ended by then."""
MOST_SEEN = 20_000
"""Where more rows came within the overlap's time, it is the last 1,000 ids: what is known must not grow."""
_EARLIER = 3600.0
"""Ids rise with time, but not strictly: reading begins so much before the time that is wanted."""


_Values = Sequence[Any]
"""A row; its id stands first."""


@dataclass(slots=True)
class _Row:
    """A row as `exporter.counting` wants it, final at once; `values` begins with the id."""

    id: int
    values: _Values
    final: bool = True


@dataclass(slots=True)
class _Arrived:
    """Collects the rows that were never seen before."""

    rows: list[_Values] = field(default_factory=list)

    def arrived(self, row: _Row) -> None:
        self.rows.append(row.values)

    def finished(self, row: _Row) -> None:
        """Nothing: it was told when it arrived."""


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table or view, `id_column` its key: whole numbers that rise."""

    pool: Pool
    table: str
    id_column: str
    layout: Layout

    def steps(self, place: Place | None, now: float, since: float) -> Iterator[Step]:
        """See Source. Late commits within the overlap are found; each row is given once."""
        try:
            if place is None:
                after = self._first(since) - 1
                before = set(range(after - OVERLAP_IDS + 1, after + 1))
                yield from self._onward(Position(after, seen=before), now)
                return
            position = position_from_json(place)
            with self._session() as statements:
                late = statements.late(position)
                arrived = _Arrived()
                if late is None:
                    found = Reader[_Row](_Source(statements), arrived, now).advance(position)
            if late is not None:
                position.seen.update(row[0] for row in late)
                yield from self._onward(position, now, late)
                return
            yield self._step(arrived.rows, statements, found.position, found.restarted)
            if not found.complete:
                yield from self._onward(found.position, now)
        except CollectError as error:
            raise SourceError(error.message) from None

    def _onward(self, position: Position, now: float, late: Sequence[_Values] = ()) -> Iterator[Step]:
        """All above a position, step by step, as new; `late` are rows below it that go with the first."""
        more = True
        while more:
            with self._session() as statements:
                rows, more = statements.above(position.watermark)
            position.seen.update(_ids(rows))
            position.watermark = rows[-1][0] if rows else position.watermark
            position.close(now)
            if len(position.seen) > MOST_SEEN:
                position.marks = []
                position.close(now)
            yield self._step([*late, *rows], statements, position, None)
            late = ()

    def _first(self, since: float) -> int:
        """The id at which reading must begin to see every row since a time; found by halving."""
        with self._session() as statements:
            low, high = statements.end("MIN"), statements.newest()
            if low is None or high is None or self.layout.time is None:
                return 0
            while low < high:
                middle = (low + high) // 2
                found = statements.time_from(middle)
                if found is not None and found[1] >= since - _EARLIER:
                    high = middle
                else:
                    # A gap in the ids is jumped over; a row without a time says nothing and is left behind.
                    low = max(middle + 1, min(found[0] + 1, high)) if found else middle + 1
            return low

    def _session(self) -> _Opened:
        return _Opened(self)

    def _step(self, rows: Sequence[_Values], statements: _Statements, at: Position, note: str | None) -> Step:
        return Step(statements.batch(rows), position_to_json(at), note)


def _ids(rows: Sequence[_Values]) -> Iterable[int]:
    """The ids of rows in the order of these; mostly there is none missing."""
    if rows and rows[-1][0] - rows[0][0] == len(rows) - 1:
        return range(rows[0][0], rows[-1][0] + 1)
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class _Source:
    """The statements of a session as `exporter.counting` wants them."""

    statements: _Statements

    def look(self, after: int, ids: Sequence[int]) -> Look[_Row]:
        newest = self.newest()
        rows, more = self.above(after)
        return Look(newest, (), rows, more)

    def newest(self) -> int | None:
        return self.statements.newest()

    def above(self, after: int) -> tuple[Sequence[_Row], bool]:
        rows, more = self.statements.above(after)
        return [_Row(row[0], row) for row in rows], more

    def among(self, ids: Sequence[int]) -> Sequence[_Row]:
        """Nothing is followed, so nothing is asked for."""
        return []

    def exhausted(self) -> bool:
        return self.statements.exhausted()


class _Opened:
    """A session for one step, with the columns that the table has now."""

    def __init__(self, source: TableSource) -> None:
        self._source = source
        self._deadline = Deadline.after(STEP_SECONDS)
        self._lent = source.pool.session(self._deadline)

    def __enter__(self) -> _Statements:
        session = self._lent.__enter__()
        try:
            return _Statements(self._source, session)
        except BaseException as error:
            self._lent.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(self, *error: Any) -> None:
        self._lent.__exit__(*error)


class _Statements:
    """The statements of one session."""

    def __init__(self, source: TableSource, session: Session) -> None:
        self._source = source
        self._session = session
        self._rows = 0
        self._quote = "`" if source.pool.dialect.name == "mysql" else '"'
        self._table = ".".join(f"{self._quote}{part}{self._quote}" for part in source.table.split("."))
        self._id = self._quoted(source.id_column)
        # No dialect reads a row for that.
        found = session.run(f"SELECT * FROM {self._table} WHERE 1 = 0").columns  # noqa: S608
        wanted = source.layout.columns
        for column in (source.id_column, *source.layout.required):
            if column not in found:
                raise SourceError(
                    f'{source.table} has no column "{column}"; it has: {", ".join(found) or "none"}'
                )
        self._absent = [column for column in wanted if column not in found]
        packable = source.layout.only_numbers if source.pool.dialect.name == "sqlite" else ()
        self._plain = [column for column in wanted if column in found and column not in packable]
        packed = [column for column in packable if column in found]
        self._groups = [packed[first : first + packing.MOST] for first in range(0, len(packed), packing.MOST)]
        chosen = [self._id, *map(self._quoted, self._plain)]
        chosen += [f"{packing.NAME}({', '.join(map(self._quoted, group))})" for group in self._groups]
        self._select = f"SELECT {', '.join(chosen)} FROM {self._table}"  # noqa: S608

    def _quoted(self, column: str) -> str:
        quote = self._quote
        return f"{quote}{column.replace(quote, quote * 2)}{quote}"

    def newest(self) -> int | None:
        """The highest id."""
        return self.end("MAX")

    def end(self, function: str) -> int | None:
        """The lowest or the highest id, None for an empty table."""
        value = self._session.run(f"SELECT {function}({self._id}) FROM {self._table}").rows[0][0]  # noqa: S608
        return None if value is None else self._whole(value)

    def late(self, position: Position) -> Sequence[_Values] | None:
        """Rows that came late, where the ids that they can have are few; None: look at the whole overlap."""
        newest, gaps = self.newest(), position.gaps()
        if newest is None or newest < position.watermark or len(gaps) > CHUNK:
            return None
        if not gaps:
            return []
        sql = f"{self._select} WHERE {self._id} IN (:ids) ORDER BY {self._id}"
        return self._session.run(sql, {"ids": gaps}).rows

    def above(self, after: int) -> tuple[Sequence[_Values], bool]:
        """The next step's rows."""
        sql = f"{self._select} WHERE {self._id} > :after ORDER BY {self._id} LIMIT :limit"
        # One more than a step, to know whether there is another: a step without rows costs a round trip.
        found = self._session.run(sql, {"after": after, "limit": STEP_ROWS + 1}).rows
        rows = found[:STEP_ROWS]
        self._rows += len(rows)
        for row in (rows[0], rows[-1]) if rows else ():
            self._whole(row[0])
        return rows, len(found) > STEP_ROWS

    def exhausted(self) -> bool:
        """Whether a step's rows were read: the rest is another step."""
        return self._rows >= STEP_ROWS

    def time_from(self, first: int) -> tuple[int, float] | None:
        """Id and time of the first row from an id on; None when there is none, or its time is unreadable."""
        if (time := self._source.layout.time) is None:
            return None
        sql = (
            f"SELECT {self._id}, {self._quoted(time)} FROM {self._table} "  # noqa: S608
            f"WHERE {self._id} >= :first ORDER BY {self._id} LIMIT 1"
        )
        rows = self._session.run(sql, {"first": first}).rows
        return (rows[0][0], float(to_seconds([rows[0][1]], 1)[0])) if rows else None

    def batch(self, rows: Sequence[_Values]) -> Batch:
        """Rows as columns."""
        columns: dict[str, Column] = {}
        _, *given = zip(*rows, strict=True) if rows else [()] * (1 + len(self._plain) + len(self._groups))
        columns.update(zip(self._plain, given, strict=False))
        for group, cells in zip(self._groups, given[len(self._plain) :], strict=True):
            columns.update(zip(group, unpacked(cells, len(group)), strict=True))
        return make_batch(self._source.layout, columns, len(rows), absent=self._absent)

    def _whole(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            name = self._source.id_column
            raise SourceError(f'column "{name}" of {self._source.table} is not a whole number')
        return value
