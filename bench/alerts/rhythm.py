"""How much goes on: lectures, evenings, nights, weekends, and the rush before a deadline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEP = 60.0
HISTORY_DAYS = 3
"""Before scoring begins: the long windows of burn rates need a past."""
SCORED_DAYS = 28
DAYS = HISTORY_DAYS + SCORED_DAYS
BEGIN = 1_790_553_600.0
"""Unix seconds of the first midnight, 2026-09-28, a Monday."""
DEADLINES = tuple((day, 23.98) for day in range(DAYS) if day % 7 in (3, 6))
"""Thursday and Sunday, a minute before midnight."""


def moments() -> Array:
    """Seconds from the beginning, one a step."""
    return np.arange(0, DAYS * 86400, STEP)


def load(at: Array) -> Array:
    """Students at work: 0 at the dead of night, about 1 in a lecture hour, up to 2 before a deadline."""
    hour, day = at % 86400 / 3600, (at // 86400).astype(int)
    lectures = np.exp(-(((hour - 13.0) / 3.4) ** 2))
    evening = 0.7 * np.exp(-(((hour - 20.5) / 2.0) ** 2))
    weekend = np.where(np.isin(day % 7, (5, 6)), 0.35, 1.0)
    return 0.015 + (lectures + evening) * weekend + rush(at)


def rush(at: Array) -> Array:
    """The hours before a deadline, 0 elsewhere."""
    total = np.zeros_like(at)
    for day, hour in DEADLINES:
        left = (day * 86400 + hour * 3600 - at) / 3600
        total += np.where((left > 0) & (left < 8), 1.3 * np.exp(-left / 2.5), 0.0)
    return total
