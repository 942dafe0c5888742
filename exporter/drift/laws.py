"""The laws that p-values come from, in closed form or as series of positive terms.

They are scipy.special's to nine digits (a test compares them); importing that would cost the sidecar as much
memory and time again as numpy itself.
"""

from __future__ import annotations

import math

import numpy as np

from exporter.drift.arrays import Floats

_MIDDLE = 0.82
"""Below it the one series of the Kolmogorov law converges in a few terms, above it the other."""


def kolmogorov(x: float) -> float:
    """P(K > x), the limit law of the two-sided KS distance times the root of the effective size."""
    if x <= 0.04:
        return 1.0  # to sixteen digits, and the series divides by x
    if x < _MIDDLE:
        exponents = (-(((2 * k - 1) * math.pi / x) ** 2) / 8 for k in range(1, 5))
        return 1.0 - math.sqrt(2 * math.pi) / x * sum(map(math.exp, exponents))
    return min(1.0, 2 * sum((-1.0) ** (k - 1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 8)))


def chi_square_tail(freedom: int, x: float) -> float:
    """P(X > x) of a chi-square law with a whole number of degrees of freedom."""
    half = x / 2
    if half <= 0:
        return 1.0
    odd = freedom % 2
    powers = np.arange(freedom // 2) + odd / 2
    factorials = np.array([math.lgamma(power + 1) for power in powers.tolist()])
    terms = np.exp(powers * math.log(half) - half - factorials)
    return min(1.0, (math.erfc(math.sqrt(half)) if odd else 0.0) + float(terms.sum()))


def normal(x: float) -> float:
    """P(Z <= x) of the normal law."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def binomial(k: int, n: int, p: float) -> float:
    """P(X <= k) of n trials that succeed with probability p each; O(n)."""
    if k >= n or p <= 0:
        return 1.0
    if p >= 1:
        return 0.0
    j = np.arange(k + 1)
    terms = _log_choose(n)[: k + 1] + j * math.log(p) + (n - j) * math.log1p(-p)
    return min(1.0, float(np.exp(terms).sum()))


def _log_choose(n: int) -> Floats:
    """Logarithms of n over 0, 1, ... n."""
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))
    found: Floats = factorials[n] - factorials - factorials[::-1]
    return found
