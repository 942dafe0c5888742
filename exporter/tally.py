"""Counters and histograms that the sidecar keeps itself, because the grader's tables only hold rows."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.catalogue import FAMILIES, Family
from exporter.collector import Row, RowFamily

Labels = tuple[str, ...]


@dataclass(slots=True)
class Histogram:
    """Observations by bucket (not cumulative; the last one is +Inf) and their sum."""

    counts: list[int]
    sum: float = 0.0

    def copy(self) -> Histogram:
        """An independent copy."""
        return Histogram(list(self.counts), self.sum)


@dataclass(slots=True)
class Tally:
    """Values by family name and label values. `known` are the families: the catalogue's, or a query's own."""

    counters: dict[str, dict[Labels, float]] = field(default_factory=dict)
    histograms: dict[str, dict[Labels, Histogram]] = field(default_factory=dict)
    known: Mapping[str, Family] = field(default_factory=lambda: FAMILIES, compare=False, repr=False)

    def copy(self) -> Tally:
        """A tally that can change without changing this one."""
        return Tally(
            {name: dict(values) for name, values in self.counters.items()},
            {name: {k: h.copy() for k, h in values.items()} for name, values in self.histograms.items()},
            self.known,
        )

    def only(self, families: Iterable[Family]) -> Tally:
        """Without other families: what now comes from elsewhere must not be told twice."""
        names = {family.name for family in families}
        return Tally(
            {name: values for name, values in self.counters.items() if name in names},
            {name: values for name, values in self.histograms.items() if name in names},
            self.known,
        )

    def declare(self, family: Family, label_values: Iterable[Labels] | None = None) -> None:
        """Make a family's series exist at 0: those given, or one for each allowed combination of values."""
        if label_values is None:
            label_values = itertools.product(*(family.values[label] for label in family.labels))
        if family.type == "histogram":
            histograms = self.histograms.setdefault(family.name, {})
            for labels in label_values:
                histograms.setdefault(labels, Histogram([0] * (len(family.buckets) + 1)))
        else:
            counters = self.counters.setdefault(family.name, {})
            for labels in label_values:
                counters.setdefault(labels, 0.0)

    def add(self, family: Family, *labels: str, amount: float = 1.0) -> None:
        """Count. A label value outside the allowed set is the caller's mistake."""
        values = self.counters.setdefault(family.name, {})
        values[labels] = values.get(labels, 0.0) + amount

    def observe(self, family: Family, value: float | None, *labels: str) -> None:
        """Put a value into its bucket. None, negative and non-finite values say nothing and are left out."""
        if value is None or not math.isfinite(value) or value < 0:
            return
        values = self.histograms.setdefault(family.name, {})
        histogram = values.setdefault(labels, Histogram([0] * (len(family.buckets) + 1)))
        histogram.counts[bisect.bisect_left(family.buckets, value)] += 1
        histogram.sum += value

    def families(self) -> list[RowFamily]:
        """All values as rows, histograms cumulative."""
        counters = [RowFamily(self.known[name], _rows(values)) for name, values in self.counters.items()]
        histograms = [
            RowFamily(self.known[name], [(*labels, *_cumulative(h)) for labels, h in values.items()])
            for name, values in self.histograms.items()
        ]
        return counters + histograms


def _rows(values: dict[Labels, float]) -> list[Row]:
    return [(*labels, value) for labels, value in values.items()]


def _cumulative(histogram: Histogram) -> tuple[tuple[int, ...], float, int]:
    *counts, total = itertools.accumulate(histogram.counts)
    return tuple(counts), histogram.sum, total


def to_json(tally: Tally) -> dict[str, Any]:
    """The tally as JSON values; label values become lists because they are tuples."""
    return {
        "counters": {n: [[list(k), v] for k, v in values.items()] for n, values in tally.counters.items()},
        "histograms": {
            n: [[list(k), h.counts, h.sum] for k, h in values.items()]
            for n, values in tally.histograms.items()
        },
    }


def from_json(saved: dict[str, Any], known: Mapping[str, Family] = FAMILIES) -> Tally:
    """The reverse of `to_json`; a family that has meanwhile changed begins at 0."""
    tally = Tally(known=known)
    for name, rows in saved["counters"].items():
        for labels, value in rows:
            if _fits(known, name, labels):
                tally.add(known[name], *labels, amount=float(value))
    for name, rows in saved["histograms"].items():
        for labels, counts, total in rows:
            if _fits(known, name, labels) and len(counts) == len(known[name].buckets) + 1:
                histogram = Histogram([int(n) for n in counts], float(total))
                tally.histograms.setdefault(name, {})[tuple(labels)] = histogram
    return tally


def _fits(known: Mapping[str, Family], name: str, labels: Sequence[str]) -> bool:
    return name in known and len(labels) == len(known[name].labels)
