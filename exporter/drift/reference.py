"""What a model's data looked like when it was good: counts in fixed bins, feature by feature."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from exporter.drift.arrays import Counts, Flags, Floats
from exporter.drift.bins import BINS, clip_range, count, reference_edges, tenths

MAX_CATEGORIES = 50
"""The most frequent values of a categorical feature have a cell each; the others share one."""
MAX_KNOWN = 10_000
"""A feature with more distinct values is no category."""


class UnusableReference(Exception):  # noqa: N818 - it says what is wrong
    """Data that cannot be a reference; the message is one sentence."""


@dataclass(frozen=True, eq=False)
class Numeric:
    """A numeric feature's reference: cells between `edges`, rows in each, and what the tests need besides.

    `deviation` is that of the values clipped to `clip`; 0 for a constant.
    """

    name: str
    edges: Floats
    counts: Counts
    missing: int
    minimum: float
    maximum: float
    clip: tuple[float, float]
    deviation: float

    @cached_property
    def rows(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @cached_property
    def groups(self) -> Counts:
        """First cells of the tenths of the reference, for PSI and JS."""
        return tenths(self.counts)

    @cached_property
    def group_counts(self) -> Counts:
        """Rows in each of these tenths."""
        return np.add.reduceat(self.counts, self.groups)

    @cached_property
    def below(self) -> Floats:
        """Share of the reference below each edge, from 0 below the first cell to 1 above the last."""
        return np.concatenate(([0.0], np.cumsum(self.counts) / self.counts.sum()))

    @cached_property
    def clipped(self) -> tuple[slice, Floats]:
        """The edges within the clipping range, and the widths between them."""
        first, last = np.searchsorted(self.edges, self.clip)
        chosen = slice(int(first), int(last) + 1)
        return chosen, np.diff(self.edges[chosen])

    @cached_property
    def inner(self) -> Flags:
        """Whether a cell can hold different values, or is that of a single repeated one."""
        low = np.concatenate(([-np.inf], self.edges))
        high = np.concatenate((self.edges, [np.inf]))
        return np.nextafter(low, np.inf) < high

    @cached_property
    def within(self) -> tuple[Floats, Floats]:
        """What `below` can be at least and at most within each cell.

        Infinite where there is no within: in the cell of a single value.
        """
        return np.where(self.inner, self.below[:-1], np.inf), np.where(self.inner, self.below[1:], -np.inf)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.edges) + 1

    @property
    def constant(self) -> bool:
        """Whether the reference has one value only."""
        return self.minimum == self.maximum


@dataclass(frozen=True, eq=False)
class Categorical:
    """A categorical feature's reference: one cell a category, then "other" (rarer ones), then "unseen"."""

    name: str
    categories: tuple[str, ...]
    rare: frozenset[str]
    counts: Counts
    missing: int

    @cached_property
    def cell_of(self) -> Mapping[str, int]:
        """The cell of each known value."""
        other = len(self.categories)
        return dict.fromkeys(self.rare, other) | {v: i for i, v in enumerate(self.categories)}

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.categories) + 2


Part = Numeric | Categorical


@dataclass(frozen=True, eq=False)
class Reference:
    """The features in the order of the configuration, and the predictions (None when there are none)."""

    features: tuple[Part, ...]
    prediction: Part | None

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Features, then the predictions."""
        return self.features + ((self.prediction,) if self.prediction else ())

    @property
    def rows(self) -> int:
        """Rows that the reference was made of."""
        return max(int(part.counts.sum()) + part.missing for part in self.parts)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with anything that counts depend on."""
        digest = hashlib.sha256()
        for part in self.parts:
            digest.update(f"{part.name}\0{part.missing}\0".encode())
            digest.update(part.counts.astype(np.int64).tobytes())
            if isinstance(part, Numeric):
                digest.update(part.edges.tobytes())
            else:
                digest.update("\0".join((*part.categories, "", *sorted(part.rare))).encode())
        return digest.hexdigest()[:16]


def numeric_reference(name: str, values: Floats, bins: int = BINS) -> Numeric:
    """From all values, missing ones as NaN; infinities are counted but make no edges.

    UnusableReference when there is no finite value.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise UnusableReference(f'"{name}": the reference has no number in {len(values)} rows')
    edges = reference_edges(finite, bins)
    clip = clip_range(finite, bins)
    minimum, maximum = float(finite.min()), float(finite.max())
    with np.errstate(over="ignore"):
        deviation = 0.0 if minimum == maximum else float(np.clip(finite, *clip).std())
    missing = int(np.isnan(values).sum())
    return Numeric(name, edges, count(values, edges), missing, minimum, maximum, clip, deviation)


def categorical_reference(name: str, found: Mapping[str, int], missing: int) -> Categorical:
    """From the rows of each value; UnusableReference for none, and for too many to be categories."""
    if not found:
        raise UnusableReference(f'"{name}": the reference has no value in {missing} rows')
    if len(found) > MAX_KNOWN:
        raise UnusableReference(f'"{name}": more than {MAX_KNOWN} different values are not categories')
    ordered = sorted(found, key=lambda value: (-found[value], value))
    top, rare = ordered[:MAX_CATEGORIES], ordered[MAX_CATEGORIES:]
    counts = np.array([*(found[value] for value in top), sum(found[value] for value in rare), 0])
    return Categorical(name, tuple(top), frozenset(rare), counts, missing)


def category(value: object) -> str | None:
    """A category as text, the same for 1, 1.0 and "1"; None for a missing one."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def categories(values: Sequence[object]) -> Counter[str | None]:
    """Rows of each category; None counts the missing ones."""
    found: Counter[str | None] = Counter()
    try:
        raw: Counter[object] = Counter(values)
    except TypeError:  # lists and objects of a JSON log
        raw = Counter(map(str, values))
    for value, rows in raw.items():
        found[category(value)] += rows
    return found
