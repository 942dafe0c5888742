"""From a driver's answer to the columns that a profile promises, and the statements that follow a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from exporter.catalogue import ADDED_LABELS
from exporter.collector import CollectError, Deadline
from exporter.counting import Look
from exporter.databases.connection import Parameter, Result, Statement
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
    """A column's value as a number, an interval in seconds; None for NULL, NaN and for text that is none."""
    try:
        found = None if value is None else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return value.total_seconds() if isinstance(value, timedelta) else None
    return None if found is None or math.isnan(found) else found


def comparable(value: object) -> str | int | float | None:
    """A column's value as it is again after it was saved as JSON: of decimals the number, else the text."""
    if value is None or isinstance(value, str | int):
        return value
    found = number(value)
    return str(value) if found is None else found


@dataclass(frozen=True, slots=True)
class Query:
    """A block of a profile, ready to be run in a session."""

    name: str
    block: Block
    now: str | None = None

    def run(self, session: Session, values: Mapping[str, Parameter], sql: str | None = None) -> list[Record]:
        """Run the block's statement (or a form of it) with the parameters that it names."""
        return self.read(session.run(*self.statement(session, values, sql)))

    def run_all(self, session: Session, values: Sequence[Mapping[str, Parameter]]) -> list[list[Record]]:
        """Run the block's statement once for each set of values."""
        return [self.read(a) for a in session.run_all([self.statement(session, one) for one in values])]

    def statement(
        self, session: Session, values: Mapping[str, Parameter], sql: str | None = None
    ) -> Statement:
        """The statement (or a form of it) with the parameters that it names; `:now` is asked for."""
        sql = sql or self.block.sql
        wanted = parameters(sql)
        defaults: dict[str, Parameter] = {"span": self.block.span, "lookback": self.block.lookback.seconds}
        bound = {name: value for name, value in {**defaults, **values}.items() if name in wanted}
        if "now" in wanted and self.now:
            bound["now"] = session.run(self.now).rows[0][0]
        return sql, bound

    def read(self, answer: Result) -> list[Record]:
        """The rows of an answer, by the columns that are used."""
        return records(answer, self.name, self.columns())

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

    def look(self, after: int, ids: Sequence[int]) -> Look[Found]:
        """All three at once, the second where there are ids."""
        asked = [(self._newest, {}), *([self._among(ids)] if ids else []), self._above(after)]
        newest, *among, above = self.session.run_all(asked)
        found, more = self._batch(above)
        return Look(self._highest(newest), self._read(among[0]) if among else (), found, more)

    def newest(self) -> int | None:
        """The highest id, by the profile's own statement."""
        return self._highest(self.session.run(self._newest))

    def above(self, after: int) -> tuple[Sequence[Found], bool]:
        """The next batch."""
        return self._batch(self.session.run(*self._above(after)))

    def among(self, ids: Sequence[int]) -> Sequence[Found]:
        """The rows with these ids."""
        return self._read(self.session.run(*self._among(ids)))

    def exhausted(self) -> bool:
        """Whether only the reserve is left."""
        return self.deadline.remaining() < self.reserve

    @property
    def _newest(self) -> str:
        return self.query.block.newest or ""

    def _above(self, after: int) -> Statement:
        values: dict[str, Parameter] = {"after": max(after, -1), "limit": self.query.block.limit}
        return self.query.statement(self.session, values)

    def _among(self, ids: Sequence[int]) -> Statement:
        sql = self.query.block.sql.replace(AFTER, "IN (:ids)")
        return self.query.statement(self.session, {"ids": ids, "limit": len(ids)}, sql)

    def _highest(self, answer: Result) -> int | None:
        value = answer.rows[0][0] if answer.rows else None
        return None if value is None else _whole(value, self.query.name)

    def _batch(self, answer: Result) -> tuple[Sequence[Found], bool]:
        found = self._read(answer)
        if any(second.id <= first.id for first, second in pairwise(found)):
            raise CollectError("query", f'block "{self.query.name}": ids do not rise; ORDER BY the id')
        return found, len(found) >= self.query.block.limit

    def _read(self, answer: Result) -> list[Found]:
        found = self.query.read(answer)
        self.rows += len(found)
        return [Found(_whole(r["id"], self.query.name), self.final(r), r) for r in found]


def _whole(value: object, block: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CollectError("data", f'block "{block}": an id is not a whole number, so it cannot be followed')
    return value
