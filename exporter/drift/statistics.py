"""Distances and tests between reference and window, from counts alone; O(cells) each.

`m` and `n` are the rows of reference and window. The binned Kolmogorov-Smirnov distance is never above the
exact one, and the exact one never above `ks + error`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from exporter.drift.arrays import Counts, Floats
from exporter.drift.laws import chi_square_tail, kolmogorov, normal
from exporter.drift.reference import Categorical, Numeric, Part


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is known of one feature's window. None: does not apply, or cannot be told.

    `p_value` is that of the Kolmogorov-Smirnov test, or of the contingency test of categories; `relevant` is
    that of "the shift is at most delta".
    """

    rows: int
    p_value: float
    relevant: float
    ks: float | None = None
    error: float | None = None
    psi: float | None = None
    js: float | None = None
    wasserstein: float | None = None
    cramers_v: float | None = None

    @property
    def shift(self) -> float:
        """The size of the shift, 0 to 1, for decisions and order."""
        return self.ks if self.ks is not None else self.cramers_v or 0.0


def evaluate(part: Part, counts: Counts, delta: float, clusters: float | None = None) -> Statistics:
    """All statistics of a window with at least one value.

    Rows of one cluster say no more than one row would: with `clusters` the p-values are of so many.
    """
    values = int(counts.sum())
    independent = values if clusters is None else min(values, max(1.0, clusters))
    if isinstance(part, Numeric):
        return _numeric(part, counts, delta, independent)
    return _categorical(part, counts, delta, independent)


def ks(part: Numeric, counts: Counts) -> tuple[float, float]:
    """Binned distance, and the largest that the exact one can be."""
    return _ks(part, _below(counts))


def _below(counts: Counts) -> Floats:
    """Share of the window below each edge, as `part.below`."""
    below = np.zeros(len(counts) + 1)
    np.cumsum(counts, out=below[1:])
    below /= below[-1]
    return below


def _ks(part: Numeric, window: Floats) -> tuple[float, float]:
    reference = part.below
    distance = float(np.abs(reference - window).max())
    # Within a cell either function may rise first.
    lowest, highest = part.within
    return distance, float(max(distance, (window[1:] - lowest).max(), (highest - window[:-1]).max()))


def ks_p_value(distance: float, m: int, n: float) -> float:
    """Two-sided p-value of a distance between samples of m and n rows.

    The limit law, corrected for a finite size (Vrbik, 2018): within 2e-4 of the exact one from an effective
    size of 100 on, where the limit alone is 0.03 off.
    """
    effective = n * m / (n + m)
    root = math.sqrt(effective)
    scaled = root * distance
    return kolmogorov(scaled + 1 / (6 * root) + (scaled - 1) / (4 * effective))


def relevant_p_value(distance: float, m: int, n: float, delta: float) -> float:
    """P-value of "the true distance is at most delta"; conservative, and it means the same at any size."""
    return kolmogorov(math.sqrt(n * m / (n + m)) * max(0.0, distance - delta))


def psi_and_js(a: Counts, b: Counts) -> tuple[float, float]:
    """Population stability index, and Jensen-Shannon distance (base 2), of two vectors of counts.

    Both sides have a floor of half a row: with one of them only, an empty cell makes PSI infinite.
    """
    m, n = int(a.sum()), int(b.sum())
    psi = js = 0.0
    # They are ten, or some dozens: too few to be worth arrays.
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        p, q = max(x, 0.5) / m, max(y, 0.5) / n
        mean = (p + q) / 2
        psi += (p - q) * math.log(p / q)
        js += p * math.log(p / mean) + q * math.log(q / mean)
    return psi, math.sqrt(max(0.0, js / 2 / math.log(2)))


def _wasserstein(part: Numeric, window: Floats) -> float:
    """First Wasserstein distance within the clipping range, in deviations of the reference."""
    chosen, widths = part.clipped
    distance = np.abs(part.below[1:-1][chosen] - window[1:-1][chosen])
    return float(((distance[:-1] + distance[1:]) / 2 * widths).sum() / part.deviation)


def _numeric(part: Numeric, counts: Counts, delta: float, independent: float) -> Statistics:
    m, window = part.rows, _below(counts)
    distance, highest = _ks(part, window)
    shape: tuple[float | None, float | None, float | None] = (None, None, None)
    # A constant has no deviation, and a move to below it leaves its tenths as they are.
    if part.deviation > 0 and np.isfinite(part.deviation):
        tenths = np.add.reduceat(counts, part.groups)
        shape = (*psi_and_js(part.group_counts, tenths), _wasserstein(part, window))
    return Statistics(
        rows=int(counts.sum()),
        p_value=ks_p_value(distance, m, independent),
        relevant=relevant_p_value(distance, m, independent, delta),
        ks=distance,
        error=highest - distance,
        psi=shape[0],
        js=shape[1],
        wasserstein=shape[2],
    )


def _categorical(part: Categorical, counts: Counts, delta: float, independent: float) -> Statistics:
    shrunk = counts * (independent / counts.sum())
    p_value, cramers_v, relevant = contingency(part.counts, shrunk, delta)
    psi, js = psi_and_js(part.counts, counts)
    return Statistics(
        rows=int(counts.sum()), p_value=p_value, relevant=relevant, psi=psi, js=js, cramers_v=cramers_v
    )


def contingency(reference: Counts, window: Counts | Floats, delta: float) -> tuple[float, float, float]:
    """2 x k test: p-value, Cramér's V, and the p-value of "no share moved by more than delta".

    The reference is a sample like the window, not the truth. V is what it would be with as many rows in the
    one as in the other, 0 to 1: the textbook's shrinks when the sizes differ.
    """
    used = reference + window > 0
    a, b = reference[used], window[used]
    m, n, k = a.sum(), b.sum(), int(used.sum())
    table: Floats = np.array([a, b], float)
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    square = float(((table - expected) ** 2 / expected).sum())
    p, q = (a + 0.5) / (m + 1), (b + 0.5) / (n + 1)
    z = (np.abs(a / m - b / n) - delta) / np.sqrt(p * (1 - p) / m + q * (1 - q) / n)
    relevant = min(1.0, k * normal(-float(z.max())))
    p_value = chi_square_tail(k - 1, square) if k > 1 else 1.0
    x, y = a / m, b / n
    return p_value, float(np.sqrt(((x - y) ** 2 / (x + y)).sum() / 2)), relevant
