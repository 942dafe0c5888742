"""What a collector is: a question asked of the grader under a deadline, answered with rows of families."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from prometheus_client.core import Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from exporter.catalogue import ERROR_REASONS, Family

Reason = Literal["connect", "auth", "timeout", "query", "data", "limit"]
Row = tuple[Any, ...]

__all__ = ["ERROR_REASONS", "CollectError", "Collector", "Deadline", "Reason", "Row", "RowFamily", "go_float"]


class CollectError(Exception):
    """A collector cannot answer. `message` is shown on the landing page and logged: never a secret in it."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point on the monotonic clock, in seconds, at which work must have ended."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def within(self, seconds: float) -> Deadline:
        """This deadline, or that many seconds from now if that is earlier."""
        return Deadline(min(self.at, time.monotonic() + seconds))

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.at - time.monotonic())

    def check(self) -> None:
        """Raise CollectError("timeout") once the deadline has passed."""
        if time.monotonic() >= self.at:
            raise CollectError("timeout", "the deadline passed")


class Collector(Protocol):
    """Asked once a scrape, in a thread of its own; never twice at the same time."""

    name: str
    """Value of the label `collector`; unique in a sidecar."""

    def families(self) -> Sequence[Family]:
        """The families that `collect` may yield; touches nothing outside the process."""
        ...

    def collect(self, deadline: Deadline) -> Iterable[Metric]:
        """Rows of those families (or any Metric of prometheus_client, rendered more slowly).

        Must have ended by the deadline. Raises CollectError; any other exception counts as reason "data".
        """
        ...


def go_float(number: float) -> str:
    """A number as Go's client writes it, so that bucket bounds agree with those of other exporters."""
    return str(floatToGoString(number))  # type: ignore[no-untyped-call]


class RowFamily(Metric):
    """A family's rows as plain tuples; prometheus_client's samples are only built for others who ask.

    A row is (*label values, value); of a histogram (*label values, counts, sum, count) where `counts` holds
    the cumulative count of each finite bucket in the order of `Family.buckets`, and `count` is that of +Inf.
    A value of None means that there is no such series.
    """

    def __init__(self, family: Family, rows: Iterable[Row]) -> None:
        # Metric.__init__ would check the name at each scrape; a test checks the catalogue's names once.
        self.family = family
        self.rows: list[Row] = rows if isinstance(rows, list) else list(rows)
        self.name = family.base_name
        self.documentation = family.help
        self.type = family.type
        self.unit = family.unit

    @property
    def samples(self) -> list[Sample]:  # type: ignore[override]
        """The rows as prometheus_client's samples, in the order of exposition."""
        if self.family.type == "histogram":
            return [sample for row in self.rows for sample in self._histogram(row)]
        name, labels = self.family.name, self.family.labels
        return [
            Sample(name, dict(zip(labels, map(str, row), strict=False)), float(row[-1]))
            for row in self.rows
            if row[-1] is not None
        ]

    def _histogram(self, row: Row) -> list[Sample]:
        *values, counts, total, count = row
        name = self.family.name
        labels: Mapping[str, str] = dict(zip(self.family.labels, map(str, values), strict=True))
        bounds = [*map(go_float, self.family.buckets), "+Inf"]
        return [
            *(
                Sample(f"{name}_bucket", {**labels, "le": le}, float(n))
                for le, n in zip(bounds, (*counts, count), strict=True)
            ),
            Sample(f"{name}_sum", dict(labels), float(total)),
            Sample(f"{name}_count", dict(labels), float(count)),
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowFamily) and (self.family, self.rows) == (other.family, other.rows)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RowFamily({self.family.name!r}, {self.rows!r})"
