"""From the rows of an answer to the rows of a family."""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.catalogue import Family
from exporter.collector import CollectError, Row, RowFamily
from exporter.config.queries import Metric
from exporter.databases.connection import Result
from exporter.queries.families import family_of, is_personal

MIN_PEOPLE = 5
"""Below this many people a number is shown as 0 where the catalogue says so and the configuration nothing."""

Labels = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Shaper:
    """Makes one metric of a query's answers. `query` is its name, for messages."""

    query: str
    metric: Metric
    family: Family

    @classmethod
    def of(cls, query: str, metric: Metric) -> Shaper:
        """The shaper of a metric of a checked configuration."""
        return cls(query, metric, family_of(metric))

    def rows_of(self, answer: Result) -> RowFamily:
        """The family's rows; raises CollectError for a missing column or a value that is no number."""
        places = self.places(answer.columns)
        if self.family.type != "histogram":
            return RowFamily(self.family, self._scalars(answer, places))
        read = self._histogram_rows if self.metric.le is not None else self._histogram_columns
        return RowFamily(self.family, list(read(answer, places)))

    def places(self, columns: Sequence[str]) -> dict[str, int]:
        """Where each column that the metric names is; CollectError("query") when one is missing."""
        there = {column: index for index, column in enumerate(columns)}
        m = self.metric
        named = [*m.labels.values(), *m.buckets, *(c for c in (m.value, m.le, m.sum, m.count) if c)]
        for column in named:
            if column not in there:
                found = ", ".join(columns) or "none"
                message = f'query "{self.query}": no column "{column}" in the answer; it has: {found}'
                raise CollectError("query", message)
        return there

    def labels(self, row: Sequence[Any], places: Mapping[str, int]) -> Labels:
        """The label values of a row, in the family's order."""
        metric = self.metric
        return tuple(
            metric.constants[label] if label in metric.constants else row[places[metric.labels[label]]]
            for label in self.family.labels
        )

    def number(self, value: Any, column: str | None = None) -> float | None:
        """A value as a number: mapped text, dates as Unix time, intervals as seconds; None for NULL.

        Raises CollectError("data") for what is no number; the message does not quote it, and names `column`
        (that of the metric's value when not given).
        """
        if self.metric.map and (text := _plain(value)) in self.metric.map:
            return self.metric.map[text]
        match value:
            case None:
                return None
            case datetime.datetime():
                utc = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
                return utc.timestamp()
            case datetime.date():
                return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC).timestamp()
            case datetime.timedelta():
                return value.total_seconds()
            case int():
                return value
        try:
            return float(_plain(value) if isinstance(value, bytes) else value)
        except (TypeError, ValueError, OverflowError):
            mapped = self.metric.value is not None and self.metric.le is None
            hint = "; list its texts in map" if mapped and isinstance(value, str | bytes) else ""
            message = (
                f'query "{self.query}": a value of "{column or self.metric.value}" is not a number{hint}'
            )
            raise CollectError("data", message) from None

    def combinations(self) -> Iterator[Labels] | None:
        """Every allowed combination of label values, None where a label has no list of them."""
        known = {label: (value,) for label, value in self.metric.constants.items()}
        lists = [known.get(label) or self.family.values.get(label) for label in self.family.labels]
        return None if None in lists else itertools.product(*(values for values in lists if values))

    def _scalars(self, answer: Result, places: Mapping[str, int]) -> list[Row]:
        value, zero = places[self.metric.value or ""], self.metric.null == "zero"
        least = self.metric.min_people or (MIN_PEOPLE if is_personal(self.family) else 0)
        rows: list[Row] = []
        for row in answer.rows:
            number = self.number(row[value])
            if (number is None and zero) or (least and number is not None and number < least):
                number = 0
            rows.append((*self.labels(row, places), number))
        if zero and (combinations := self.combinations()) is not None:
            there = {tuple(map(_plain, row[:-1])) for row in rows}
            rows += [(*labels, 0) for labels in combinations if labels not in there]
        return rows

    def _histogram_columns(self, answer: Result, places: Mapping[str, int]) -> Iterator[Row]:
        metric = self.metric
        columns = sorted(metric.buckets, key=metric.buckets.__getitem__)
        for row in answer.rows:
            counts = tuple(self._count(row[places[column]], column) for column in columns)
            total = self.number(row[places[metric.sum or ""]], metric.sum)
            count = self._count(row[places[metric.count or ""]], metric.count)
            yield (*self.labels(row, places), counts, total or 0, count)

    def _histogram_rows(self, answer: Result, places: Mapping[str, int]) -> Iterator[Row]:
        """Rows of one label set are its buckets; the one without a finite bound holds count and sum."""
        metric = self.metric
        found: dict[Labels, dict[float, Sequence[Any]]] = {}
        for row in answer.rows:
            found.setdefault(self.labels(row, places), {})[self._bound(row[places[metric.le or ""]])] = row
        for labels, rows in found.items():
            if rows.keys() != {*self.family.buckets, math.inf}:
                expected = ", ".join(f"{bound:g}" for bound in self.family.buckets)
                message = (
                    f'query "{self.query}": the bounds of {self.family.name} must be {expected} and +Inf'
                )
                raise CollectError("data", message)
            counts = {
                bound: self._count(row[places[metric.value or ""]], metric.value)
                for bound, row in rows.items()
            }
            total = self.number(rows[math.inf][places[metric.sum or ""]], metric.sum)
            finite = tuple(counts[bound] for bound in self.family.buckets)
            yield (*labels, finite, total or 0, counts[math.inf])

    def _bound(self, value: Any) -> float:
        number = math.inf if value is None else self.number(value, self.metric.le)
        return math.inf if number is None else float(number)

    def _count(self, value: Any, column: str | None) -> int:
        """How many; NULL, which SUM() gives for no rows, is none."""
        number = self.number(value, column) or 0
        if not math.isfinite(number) or number < 0 or number != int(number):
            raise CollectError("data", f'query "{self.query}": a bucket\'s count is not a whole number')
        return int(number)


def _plain(value: Any) -> Any:
    """A text as the map and the catalogue write it; numbers and truth values too."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else str(value)
