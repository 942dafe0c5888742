"""References of a model's versions: loaded when they are first needed, and again when their file changes."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from exporter.config.models import ReferencePlace
from exporter.drift.arrays import Floats
from exporter.drift.batch import Batch, Layout
from exporter.drift.profile import load_profile
from exporter.drift.reference import (
    MAX_KNOWN,
    Part,
    Reference,
    UnusableReference,
    categorical_reference,
    categories,
    numeric_reference,
)
from exporter.drift.ring import PREDICTION
from exporter.drift.sources import Source, SourceError

VALUES_AT_ONCE = 2_000_000
"""Numbers in memory while a reference is made: columns are read a few at a time when rows are many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The parts of a reference: names of features in their order, those of numbers, the predictions' kind."""

    features: tuple[str, ...]
    layout: Layout
    bins: int

    @property
    def names(self) -> tuple[str, ...]:
        """All parts, the predictions last."""
        return (*self.features, PREDICTION)


def gather(
    wanted: Wanted,
    batches: Callable[[Layout], Iterator[Batch]],
    report: Callable[[int, int], None] | None = None,
) -> Reference:
    """Make a reference from rows that can be read several times. UnusableReference, SourceError.

    `report(done, parts)` is told after each pass.
    """
    parts: dict[str, Part] = {}
    names = list(wanted.names)
    group = 1
    while names:
        chosen, names = names[:group], names[group:]
        found, rows = _pass(wanted, chosen, batches)
        parts |= found
        # The first pass read one column, and tells how many rows there are.
        group = max(1, VALUES_AT_ONCE // max(rows, 1))
        if report:
            report(len(parts), len(wanted.names))
    return Reference(tuple(parts[name] for name in wanted.features), parts[PREDICTION])


def _pass(
    wanted: Wanted, chosen: list[str], batches: Callable[[Layout], Iterator[Batch]]
) -> tuple[dict[str, Part], int]:
    layout = Layout(
        numbers={name: column for name, column in wanted.layout.numbers.items() if name in chosen},
        categories={name: column for name, column in wanted.layout.categories.items() if name in chosen},
    )
    numbers: dict[str, list[Floats]] = {name: [] for name in layout.numbers}
    counters: dict[str, Counter[str | None]] = {name: Counter() for name in layout.categories}
    rows = 0
    for batch in batches(layout):
        for name in chosen:
            column = layout.numbers.get(name) or layout.categories[name]
            if column in batch.absent:
                raise UnusableReference(f'the reference has no column "{column}"')
        rows += batch.rows
        for name, kept in numbers.items():
            kept.append(batch.numbers[name])
        for name, counter in counters.items():
            counter.update(categories(batch.categories[name]))
            if len(counter) > MAX_KNOWN + 1:
                raise UnusableReference(
                    f'"{name}": more than {MAX_KNOWN} different values are not categories'
                )
    if not rows:
        raise UnusableReference("the reference has no rows")
    parts: dict[str, Part] = {}
    for name, kept in numbers.items():
        label = name or layout.numbers[name]
        values = np.concatenate(kept)
        kept.clear()
        parts[name] = replace(numeric_reference(label, values, wanted.bins), name=name)
    for name, counter in counters.items():
        missing = counter.pop(None, 0)
        known = {value: count for value, count in counter.items() if value is not None}
        label = name or layout.categories[name]
        parts[name] = replace(categorical_reference(label, known, missing), name=name)
    return parts, rows


@dataclass(slots=True)
class References:
    """The references of one model, by version. `open_rows` opens the rows of a place."""

    wanted: Wanted
    place_of: Callable[[str], ReferencePlace | None]
    open_rows: Callable[[ReferencePlace, Layout], Source]
    _loaded: dict[ReferencePlace, tuple[object, Reference]] = field(default_factory=dict)

    def of(self, version: str) -> Reference | None:
        """A version's reference, None where none is configured. UnusableReference, SourceError, OSError."""
        place = self.place_of(version)
        if place is None:
            return None
        stamp = _stamp(place)
        loaded = self._loaded.get(place)
        if loaded is None or loaded[0] != stamp:
            loaded = self._loaded[place] = (stamp, self._load(place))
        return loaded[1]

    def _load(self, place: ReferencePlace) -> Reference:
        if place.profile is None:
            return gather(self.wanted, lambda layout: self._batches(place, layout))
        return fitting(load_profile(Path(place.profile)), self.wanted, place.profile)

    def _batches(self, place: ReferencePlace, layout: Layout) -> Iterator[Batch]:
        for step in self.open_rows(place, layout).steps(None, 0.0, -np.inf):
            yield step.batch


def fitting(profile: Reference, wanted: Wanted, path: str) -> Reference:
    """A profile's parts in the order of the configuration; UnusableReference when it lacks one."""
    parts: Mapping[str, Part] = {part.name: part for part in profile.parts}
    for name in wanted.names:
        shown = f'"{name}"' if name else "the predictions"
        part = parts.get(name)
        if part is None:
            known = ", ".join(sorted(filter(None, parts))) or "none"
            raise UnusableReference(f"{path} does not have {shown}; it has: {known}")
        if (name in wanted.layout.numbers) != hasattr(part, "edges"):
            kind = "categories" if name in wanted.layout.numbers else "numbers"
            raise UnusableReference(f"{path} has {shown} as {kind}")
    return Reference(tuple(parts[name] for name in wanted.features), parts[PREDICTION])


def _stamp(place: ReferencePlace) -> object:
    """Changes when a reference's file does; a table is read once a start."""
    pattern = place.profile or place.file
    if pattern is None:
        return None
    stats = [os.stat(name) for name in sorted(glob.glob(pattern)) or [pattern]]
    return [(stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats]


__all__ = ["References", "SourceError", "UnusableReference", "Wanted", "fitting", "gather"]
