"""The predictions of the last month, waiting for their labels: a few numbers each, and bounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from exporter.catalogue import LABEL_SOURCES
from exporter.drift.arrays import Flags, Floats, Keys
from exporter.drift.reference import category

CAPACITY = 300_000
KEPT_SECONDS = 31 * 86400
MAX_WAITING = 10_000
"""Labels whose prediction was not read yet."""
MAX_CLASSES = 1000
_FIRST = 1024


@dataclass(frozen=True, slots=True)
class Label:
    """One label: the prediction's key, its value, the place of its source in LABEL_SOURCES."""

    key: int
    value: float
    source: int
    order: float
    """Where it stands in the log: an id, or a running number."""


@dataclass(slots=True)
class Register:
    """Columns of the kept predictions, in the order in which they were read; `size` of them are used.

    `labels` has a column for each source; NaN: none. `classes` gives a predicted class its number.
    """

    size: int = 0
    keys: Keys = field(default_factory=lambda: np.zeros(_FIRST, np.uint64))
    times: Floats = field(default_factory=lambda: np.zeros(_FIRST))
    predicted: Floats = field(default_factory=lambda: np.zeros(_FIRST))
    versions: Floats = field(default_factory=lambda: np.zeros(_FIRST))
    labels: Floats = field(default_factory=lambda: np.full((_FIRST, len(LABEL_SOURCES)), np.nan))
    orders: Floats = field(default_factory=lambda: np.full((_FIRST, len(LABEL_SOURCES)), -np.inf))
    classes: list[str] = field(default_factory=list)
    waiting: dict[tuple[int, int], Label] = field(default_factory=dict)

    def add(self, keys: Keys, times: Floats, predicted: Floats, version: int) -> None:
        """Remember predictions, of one version (a number of the caller's)."""
        first, last = self.size, self.size + len(keys)
        if last > len(self.keys):
            self._grow(last)
        self.keys[first:last], self.times[first:last] = keys, times
        self.predicted[first:last], self.versions[first:last] = predicted, version
        self.labels[first:last], self.orders[first:last] = np.nan, -np.inf
        self.size = last

    def apply(self, labels: Iterable[Label]) -> None:
        """Labels, old ones that waited first. Of one source the last in the order of its log stays."""
        newest = dict(self.waiting)
        for label in labels:
            place = (label.key, label.source)
            if place not in newest or label.order >= newest[place].order:
                newest[place] = label
        if not newest:
            return
        keys = np.array([key for key, _ in newest], np.uint64)
        order = np.argsort(self.keys[: self.size], kind="stable")
        ordered = self.keys[: self.size][order]
        # The last of equal keys: a prediction that was logged twice is judged by its later row.
        places = np.searchsorted(ordered, keys, side="right") - 1
        self.waiting = {}
        for (key, source), label, place in zip(newest, newest.values(), places.tolist(), strict=True):
            if place >= 0 and int(ordered[place]) == key:
                row = int(order[place])
                if label.order >= self.orders[row, source]:
                    self.labels[row, source], self.orders[row, source] = label.value, label.order
            elif len(self.waiting) < MAX_WAITING:
                self.waiting[key, source] = label

    def forget(self, now: float) -> None:
        """Leave out what is too old, and the oldest of what is too much."""
        keep = np.flatnonzero(self.times[: self.size] >= now - KEPT_SECONDS)[-CAPACITY:]
        if len(keep) < self.size:
            for name in ("keys", "times", "predicted", "versions", "labels", "orders"):
                getattr(self, name)[: len(keep)] = getattr(self, name)[keep]
            self.size = len(keep)

    def between(self, version: int, first: float, last: float) -> Flags:
        """Which of the kept predictions are of a version and a time."""
        times = self.times[: self.size]
        chosen: Flags = (self.versions[: self.size] == version) & (times >= first) & (times < last)
        return chosen

    def class_number(self, text: str) -> float:
        """The number that stands for a class; NaN when there are too many."""
        if text not in self.classes:
            if len(self.classes) >= MAX_CLASSES:
                return float("nan")
            self.classes.append(text)
        return float(self.classes.index(text))

    def class_numbers(self, values: Sequence[object]) -> Floats:
        """The numbers of classes as they stand in a log; NaN for a missing one."""
        texts = [category(value) for value in values]
        return np.array([np.nan if text is None else self.class_number(text) for text in texts])

    def _grow(self, wanted: int) -> None:
        length = max(wanted, 2 * len(self.keys))
        for name in ("keys", "times", "predicted", "versions"):
            old = getattr(self, name)
            new = np.zeros(length, old.dtype)
            new[: self.size] = old[: self.size]
            setattr(self, name, new)
        for name, empty in (("labels", np.nan), ("orders", -np.inf)):
            old = getattr(self, name)
            new = np.full((length, old.shape[1]), empty)
            new[: self.size] = old[: self.size]
            setattr(self, name, new)
