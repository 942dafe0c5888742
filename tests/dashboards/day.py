"""The common course of all series of a data set: how much goes on, and whether it is broken."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

END = 1_795_010_400  # Wednesday 2026-11-18 14:00 UTC
STEP = 30
OUTAGE = 36 * 60
"""Seconds before the end at which the outage begins."""


class Day:
    """How much goes on at each time (0 to 1), and whether it is broken."""

    def __init__(self, times: Sequence[float], name: str) -> None:
        self.times, self.name = times, name
        chance = random.Random(20261118)
        self.load = [0.0 if name == "quiet" else _load(t) * chance.uniform(0.9, 1.1) for t in times]
        self.broken = [name == "outage" and t > END - OUTAGE for t in times]

    def over(self, good: float, bad: float) -> list[float]:
        """A value that follows nothing but the outage."""
        return [bad if broken else good for broken in self.broken]

    def by(self, formula: Callable[[float, bool], float]) -> list[float]:
        """A value made of load and outage."""
        return [formula(load, broken) for load, broken in zip(self.load, self.broken, strict=True)]

    def since(self) -> list[float]:
        """Seconds since the outage began, 0 before."""
        return [max(0.0, t - (END - OUTAGE)) if self.name == "outage" else 0.0 for t in self.times]


def _load(time: float) -> float:
    hour = time % 86400 / 3600
    lectures = math.exp(-(((hour - 13) / 3.5) ** 2))
    evening = math.exp(-(((hour - 20.5) / 2.0) ** 2))
    return 0.06 + 0.7 * lectures + 0.9 * evening
