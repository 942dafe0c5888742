"""Every query of a board, asked as Grafana asks it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from dashboards.finding import Json, panels_of
from dashboards.live.client import Prometheus, QueryError, Series
from dashboards.live.variables import Values, fill
from dashboards.live.window import Window
from typedyaml.units import Duration


@dataclass(frozen=True, slots=True)
class Answer:
    """What one target of one panel got: series, or Prometheus' error. `took` is in seconds."""

    panel: Json
    target: Json
    expr: str
    series: tuple[Series, ...]
    start: float
    end: float
    step: float
    took: float
    error: str = ""


def answers(document: Json, prometheus: Prometheus, window: Window, values: Values) -> Iterator[Answer]:
    """The answers in the order of the board."""
    for panel in panels_of(document):
        for target in panel.get("targets", ()):
            yield ask(panel, target, prometheus, window, values)


def ask(panel: Json, target: Json, prometheus: Prometheus, window: Window, values: Values) -> Answer:
    """One target: at the end of the window, or over it."""
    points = window.points(panel["gridPos"]["w"], panel.get("maxDataPoints"))
    least = Duration.parse(panel["interval"]).seconds if panel.get("interval") else 0
    step = window.interval(points, least)
    start, end = window.aligned(step)
    expr = fill(target["expr"], values.texts | times(window, step))
    began = time.monotonic()
    found: list[Series] = []
    error = ""
    try:
        if target.get("instant"):
            found = prometheus.instant(expr, window.end)
        else:
            found = prometheus.range(expr, start, end, step)
    except QueryError as problem:
        error = str(problem)
    took = time.monotonic() - began
    return Answer(panel, target, expr, tuple(found), start, end, step, took, error)


def times(window: Window, interval: float) -> dict[str, str]:
    """Grafana's variables of time for a panel with this interval, in seconds."""
    return {
        "__interval": str(Duration(interval)),
        "__interval_ms": f"{interval * 1000:g}",
        "__rate_interval": str(Duration(window.rate_interval(interval))),
        "__range": f"{window.seconds:.0f}s",
        "__range_s": f"{window.seconds:.0f}",
    }
