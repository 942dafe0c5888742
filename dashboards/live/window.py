"""The step of a query, and the values of Grafana's own variables: both follow from range and width."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

COLUMNS = 24
LEAST_POINTS = 100


@dataclass(frozen=True, slots=True)
class Window:
    """A range of `seconds` up to `end` (Unix), on `width` pixels, over scrapes every `scrape` seconds."""

    end: float
    seconds: float
    scrape: float = 15
    width: int = 1600

    @property
    def start(self) -> float:
        """The beginning, Unix seconds."""
        return self.end - self.seconds

    def points(self, columns: int, wanted: int | None) -> int:
        """Data points of a panel: its own wish, else one a pixel."""
        return wanted or max(LEAST_POINTS, self.width * columns // COLUMNS)

    def interval(self, points: int, least: float = 0) -> float:
        """`$__interval` in seconds; `least` is the panel's own lower limit."""
        return max(least or self.scrape, rounded(self.seconds / points))

    def rate_interval(self, interval: float) -> float:
        """`$__rate_interval` in seconds: always enough scrapes for a rate."""
        return max(interval + self.scrape, 4 * self.scrape)

    def aligned(self, step: float) -> tuple[float, float]:
        """Start and end as they are sent: multiples of the step."""
        return self.start // step * step, self.end // step * step


def rounded(seconds: float) -> float:
    """An interval as Grafana rounds it; the table was made with its own code."""
    wanted, found = seconds * 1000, 1.0
    for limit, value in _table():
        if wanted < limit:
            break
        found = value
    return found / 1000


@cache
def _table() -> list[tuple[float, float]]:
    text = files("dashboards.live").joinpath("intervals.json").read_text(encoding="utf-8")
    return [(float(limit), float(value)) for limit, value in json.loads(text)]
