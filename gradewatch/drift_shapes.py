"""From counts to what a picture shows: shares in equal bins, medians, days, sentences."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from exporter.drift.arrays import Counts, Floats
from exporter.drift.reference import Categorical, Numeric, Part

SHOWN_BINS = 40
SHOWN_CATEGORIES = 10


@dataclass(frozen=True, slots=True)
class Shape:
    """Shares of reference and window side by side; `edges` of numbers, `names` of categories.

    `values` where each bin is of a single number.
    """

    reference: list[float]
    window: list[float]
    edges: list[float]
    names: list[str]
    values: list[float] = field(default_factory=list)


def shape(part: Part, counts: Counts) -> Shape:
    """A part's two distributions; the window must have a value."""
    return _numbers(part, counts) if isinstance(part, Numeric) else _categories(part, counts)


def _numbers(part: Numeric, counts: Counts) -> Shape:
    """Equal bins over the clipping range, and one at each end for what lies outside."""
    low, high = part.clip
    if low == high:
        low, high = low - 0.5, high + 0.5
    inner = np.linspace(low, high, SHOWN_BINS + 1)
    atoms, values = _single_values(part), []
    if 1 < len(atoms) <= SHOWN_BINS:
        values = atoms.tolist()
        # A bin for each value, so that a score from 1 to 5 shows five bars.
        middles = (atoms[1:] + atoms[:-1]) / 2
        first, last = atoms[0] - (middles[0] - atoms[0]), atoms[-1] + (atoms[-1] - middles[-1])
        inner = np.concatenate(([first], middles, [last]))
    found = [_shares(part.edges, cells, inner) for cells in (part.counts, counts)]
    return Shape(found[0], found[1], inner.tolist(), [], values)


def _single_values(part: Numeric) -> Floats:
    """Values that have a cell of their own, where they are all there is."""
    single = ~part.inner[1:-1]
    if part.counts[1:-1][single].sum() + part.counts[0] + part.counts[-1] < part.counts.sum():
        return np.zeros(0)
    return part.edges[:-1][single]


def _shares(edges: Floats, counts: Counts, bins: Floats) -> list[float]:
    """Share of each bin; what lies outside is in the outer ones."""
    below = np.interp(bins[1:-1], edges, np.cumsum(counts)[:-1] / counts.sum())
    return [float(share) for share in np.diff(np.concatenate(([0.0], below, [1.0])))]


def _categories(part: Categorical, counts: Counts) -> Shape:
    m, n = part.counts.sum(), counts.sum()
    names = [*part.categories, "other", "unseen"]
    order = np.argsort(-np.maximum(part.counts / m, counts / n), kind="stable")[:SHOWN_CATEGORIES]
    kept = [int(index) for index in order if part.counts[index] or counts[index]]
    return Shape(
        [float(part.counts[index] / m) for index in kept],
        [float(counts[index] / n) for index in kept],
        [],
        [names[index] for index in kept],
    )


def quantile(part: Numeric, counts: Counts, share: float) -> float:
    """A quantile of counts, to the width of a cell."""
    below = np.cumsum(counts)[:-1] / counts.sum()
    place = int(np.searchsorted(below, share))
    if not 0 < place < len(part.edges):
        return float(part.edges[min(place, len(part.edges) - 1)])
    low, high = part.edges[place - 1], part.edges[place]
    return float((low + high) / 2 if part.inner[place] else low)


def moved(part: Part, counts: Counts) -> str:
    """In words, how the window differs from the reference."""
    if isinstance(part, Numeric):
        before, now = (quantile(part, cells, 0.5) for cells in (part.counts, counts))
        outside = float(counts[0] + counts[-1]) / float(counts.sum())
        same = f"{before:.4g}" == f"{now:.4g}"
        text = f"the median is {now:.4g} as before" if same else f"the median: {before:.4g}, now {now:.4g}"
        return f"{text}; {outside:.0%} lie outside of all that the reference has" if outside > 0.01 else text
    m, n = part.counts.sum(), counts.sum()
    names = [*part.categories, "rare values", "unseen values"]
    most = int(np.argmax(np.abs(part.counts / m - counts / n)))
    return f"{names[most]}: {part.counts[most] / m:.0%}, now {counts[most] / n:.0%}"
