"""Counts of one version by hour and by day: vectors of integers that add up to any window."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from exporter.drift.arrays import Counts, Flags
from exporter.drift.batch import Batch
from exporter.drift.bins import count
from exporter.drift.clusters import CLUSTER_CELLS, cluster_cells, distinct
from exporter.drift.reference import Categorical, Numeric, Part, Reference, categories

HOUR, DAY = 3600, 86400
HOURS, DAYS = 48, 8
"""How much is kept: two days by hour, a week and today by day."""
PREDICTION = ""
"""The predictions' name in a batch; no feature can have it."""


@dataclass(frozen=True)
class Plan:
    """Where each part's counts stand in a bucket: rows, missing values of each part, then all cells.

    `clustered`: then come rows by their cluster's hash, which tell how many clusters there are.
    """

    reference: Reference
    clustered: bool = False

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First cell of each part, and the length of a bucket."""
        parts = self.reference.parts
        starts = [1 + len(parts)]
        for part in parts:
            starts.append(starts[-1] + part.cells)
        return tuple(starts)

    @property
    def length(self) -> int:
        """Numbers in a bucket."""
        return self.starts[-1] + (CLUSTER_CELLS if self.clustered else 0)

    def cells(self, bucket: Counts, index: int) -> Counts:
        """A part's cells (a view)."""
        return bucket[self.starts[index] : self.starts[index + 1]]

    def add(self, bucket: Counts, batch: Batch, chosen: Counts) -> None:
        """Count the rows of a batch that stand at the chosen places into a bucket."""
        parts = self.reference.parts
        rows = len(chosen)
        everything = rows == batch.rows
        bucket[0] += rows
        for index, part in enumerate(parts):
            cells = self.cells(bucket, index)
            if isinstance(part, Numeric):
                values = batch.numbers[part.name]
                found = count(values if everything else values[chosen], part.edges)
                cells += found.astype(cells.dtype)
                bucket[1 + index] += rows - int(found.sum())
            else:
                bucket[1 + index] += _add_categories(part, cells, batch, chosen)
        if self.clustered and batch.clusters is not None:
            places = cluster_cells(batch.clusters[chosen])
            found = np.bincount(places, minlength=CLUSTER_CELLS)
            bucket[self.starts[-1] :] += found.astype(bucket.dtype)

    def window(self, bucket: Counts) -> Window:
        """A summed bucket, by part."""
        cells = [self.cells(bucket, index) for index in range(len(self.reference.parts))]
        missing = [int(n) for n in bucket[1 : 1 + len(cells)]]
        clusters = distinct(bucket[self.starts[-1] :]) if self.clustered else None
        return Window(int(bucket[0]), self.reference.parts, missing, cells, clusters)


def _add_categories(part: Categorical, cells: Counts, batch: Batch, chosen: Counts) -> int:
    """Count values by category; returns how many were missing."""
    values = batch.categories[part.name]
    unseen, cell_of = part.cells - 1, part.cell_of
    found = categories([values[place] for place in chosen.tolist()])
    missing = found.pop(None, 0)
    for value, rows in found.items():
        cells[cell_of.get(value or "", unseen)] += rows
    return missing


def _into(buckets: dict[int, Counts], number: int, found: Counts) -> None:
    if number in buckets:
        buckets[number] += found
    else:
        buckets[number] = found.copy()


@dataclass(frozen=True, slots=True)
class Window:
    """What a window holds: rows, and for each part missing values and cells; and its clusters, if known."""

    rows: int
    parts: tuple[Part, ...]
    missing: list[int]
    cells: list[Counts]
    clusters: float | None = None


@dataclass(slots=True)
class Ring:
    """The buckets of one version, by their number since 1970."""

    plan: Plan
    kept_days: int = DAYS
    hours: dict[int, Counts] = field(default_factory=dict)
    days: dict[int, Counts] = field(default_factory=dict)

    def add(self, batch: Batch, chosen: Flags, now: float) -> None:
        """Count rows into the buckets of their own time; what is older than the ring is left out."""
        hour, day = int(now // HOUR) - HOURS + 1, int(now // DAY) - self.kept_days + 1
        for buckets, oldest in ((self.hours, hour), (self.days, day)):
            for old in [number for number in buckets if number < oldest]:
                del buckets[old]
        times = batch.times[chosen]
        hours, days = np.floor(times / HOUR), np.floor(times / DAY)
        # Rows that are too old for their hour are counted a day at a time.
        groups = np.where(hours >= hour, hours, -1 - days)
        groups[days < day] = np.nan
        places = np.flatnonzero(chosen)
        for group in np.unique(groups[~np.isnan(groups)]).astype(int).tolist():
            found = np.zeros(self.plan.length, np.int32)
            self.plan.add(found, batch, places[groups == group])
            if group >= 0:
                _into(self.hours, group, found)
            _into(self.days, group * HOUR // DAY if group >= 0 else -1 - group, found)

    def window(self, end: float, seconds: float) -> Window:
        """The buckets that make up the `seconds` up to the end of the one that `end` (Unix time) is in."""
        buckets, size = (self.hours, HOUR) if seconds <= HOURS * HOUR else (self.days, DAY)
        last = int(end // size)
        total = np.zeros(self.plan.length, np.int64)
        for number in range(last - int(seconds // size) + 1, last + 1):
            if number in buckets:
                total += buckets[number]
        return self.plan.window(total)
