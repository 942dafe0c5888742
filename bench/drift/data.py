"""Twenty columns of ten kinds, and windows of them that are shifted by nothing, a little, and more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FEATURES = 20
REFERENCE_ROWS = 100_000
SHIFTS = (0.0, 0.0, 0.01, 0.03, 0.1)
"""In deviations, in turn. Whole numbers are shifted by whole numbers: they stay on their lattice."""
_WHOLE = ("poisson", "scores")
Kind = Callable[[np.random.Generator, int], Floats]
KINDS: dict[str, Kind] = {
    "normal": lambda rng, n: rng.normal(0, 1, n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
    "exponential": lambda rng, n: rng.exponential(1, n),
    "beta": lambda rng, n: rng.beta(2, 5, n),
    "uniform": lambda rng, n: rng.random(n),
    "gamma": lambda rng, n: rng.gamma(2, 2, n),
    "t4": lambda rng, n: rng.standard_t(4, n),
    "poisson": lambda rng, n: rng.poisson(300, n).astype(float),
    "scores": lambda rng, n: np.round(rng.normal(70, 15, n)),
    "bimodal": lambda rng, n: np.where(rng.random(n) < 0.4, rng.normal(-2, 1, n), rng.normal(2, 1, n)),
}


def reference(rows: int = REFERENCE_ROWS, seed: int = 1) -> dict[str, Floats]:
    """Columns by name."""
    rng = np.random.default_rng(seed)
    kinds = list(KINDS) * 2
    return {f"{kind}{index}": KINDS[kind](rng, rows) for index, kind in enumerate(kinds)}


def window(rows: int, seed: int = 2) -> dict[str, Floats]:
    """The same columns, each with its shift."""
    rng = np.random.default_rng(seed)
    columns = {}
    for index, kind in enumerate(list(KINDS) * 2):
        values = KINDS[kind](rng, rows)
        shift = SHIFTS[index % len(SHIFTS)] * float(values.std())
        columns[f"{kind}{index}"] = values + (np.round(shift) if kind in _WHOLE else shift)
    return columns
