"""From a driver's answer to the columns that a profile promises, and the statements that follow a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from exporter.catalogue import ADDED_LABELS
from exporter.collector import CollectError, Deadline
from exporter.databases.connection import Result, Value
from exporter.databases.pool import Session
from exporter.profiles.blocks import BLOCKS
from exporter.profiles.profile import AFTER, Block, parameters

Record = Mapping[str, Any]
"""A row by the column names of the profile; columns that its block does not promise are left out."""


def records(result: Result, block_name: str, columns: Sequence[str]) -> list[Record]:
    """Rows by column; CollectError("query") when a promised column is not in the answer."""
    if not result.columns and not result.rows:
        return []  # some drivers name no columns where there is nothing in them
    places = {column: index for index, column in enumerate(result.columns)}
    if missing := [column for column in columns if column not in places]:
        found = ", ".join(result.columns) or "none"
        message = f'block "{block_name}": no column "{missing[0]}" in the answer; it has: {found}'
        raise CollectError("query", message)
    chosen = [(column, places[column]) for column in columns]
    return [{column: row[index] for column, index in chosen} for row in result.rows]


def number(value: object) -> float | None:
    """A column's value as a number; None for NULL and for text that is none."""
    try:
        return None if value is None else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Query:
    """A block of a profile, ready to be run in a session."""

    name: str
    block: Block
    now: str | None = None

    def run(self, session: Session, values: Mapping[str, Value], sql: str | None = None) -> list[Record]:
        """Run the block's statement (or a form of it) with the parameters that it names."""
        sql = sql or self.block.sql
        wanted = parameters(sql)
        defaults: dict[str, Value] = {"span": self.block.span, "lookback": self.block.lookback.seconds}
        bound = {name: value for name, value in {**defaults, **values}.items() if name in wanted}
        if "now" in wanted and self.now:
            bound["now"] = session.run(self.now).rows[0][0]
        return records(session.run(sql, bound), self.name, self.columns())

    def columns(self) -> list[str]:
        """The columns that are used: those that the block promises and the format knows, and labels."""
        known = (*BLOCKS[self.name].columns, *ADDED_LABELS)
        return [column for column in self.block.columns if column in known]


@dataclass(frozen=True, slots=True)
class Found:
    """A row of a followed table."""

    id: int
    final: bool
    record: Record


@dataclass(slots=True)
class TableSource:
    """A followed block as `exporter.counting` wants it. `rows` counts what was read."""

    query: Query
    session: Session
    deadline: Deadline
    final: Callable[[Record], bool]
    reserve: float
    """Seconds of the deadline that further batches must leave."""
    rows: int = 0

    def newest(self) -> int | None:
        """The highest id, by the profile's own statement."""
        answer = self.session.run(self.query.block.newest or "").rows
        value = answer[0][0] if answer else None
        return None if value is None else _whole(value, self.query.name)

    def above(self, after: int) -> tuple[Sequence[Found], bool]:
        """The next batch."""
        limit = self.query.block.limit
        found = self._read(self.query.run(self.session, {"after": max(after, -1), "limit": limit}))
        if any(second.id <= first.id for first, second in pairwise(found)):
            raise CollectError("query", f'block "{self.query.name}": ids do not rise; ORDER BY the id')
        return found, len(found) >= limit

    def among(self, ids: Sequence[int]) -> Sequence[Found]:
        """The rows with these ids."""
        names = {f"id_{index}": row_id for index, row_id in enumerate(ids)}
        listed = f"IN ({', '.join(f':{name}' for name in names)})"
        sql = self.query.block.sql.replace(AFTER, listed)
        wanted: dict[str, Value] = {**names, "limit": len(ids)}
        return self._read(self.query.run(self.session, wanted, sql))

    def exhausted(self) -> bool:
        """Whether only the reserve is left."""
        return self.deadline.remaining() < self.reserve

    def _read(self, found: Iterable[Record]) -> list[Found]:
        rows = [Found(_whole(r["id"], self.query.name), self.final(r), r) for r in found]
        self.rows += len(rows)
        return rows


def _whole(value: object, block: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CollectError("data", f'block "{block}": an id is not a whole number, so it cannot be followed')
    return value
