"""A board as a picture or a page, with what a Prometheus answers."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator
from pathlib import Path

from dashboards.finding import Json, panels_of
from dashboards.live.ask import Answer, answers
from dashboards.live.client import Prometheus
from dashboards.live.variables import resolve
from dashboards.live.window import Window
from dashboards.viz.browser import Facts, draw, page
from typedyaml.units import Duration

WIDTH = 1624
ROW, HEAD = 38, 60
_SUBQUERY = re.compile(r"(\[\$__range:)(\w+)\]")
THEMES = ("dark", "light")


def hurried(document: Json, speed: float) -> Json:
    """The board for a system whose time runs `speed` times as fast: steps that a panel names follow."""

    def shorter(step: str) -> str:
        return str(Duration(Duration.parse(step).seconds / speed))

    faster = copy.deepcopy(document)
    for panel in panels_of(faster):
        if "interval" in panel:
            panel["interval"] = shorter(panel["interval"])
        for target in panel.get("targets", ()):
            target["expr"] = _SUBQUERY.sub(lambda found: f"{found[1]}{shorter(found[2])}]", target["expr"])
    return faster


def window_of(length: str, scrape: str, end: float, width: int = WIDTH) -> Window:
    """A time range on a page of so many pixels."""
    return Window(end, Duration.parse(length).seconds, Duration.parse(scrape).seconds, width)


def picture_of(
    document: Json, prometheus: Prometheus, window: Window, theme: str, picture: Path | None = None
) -> Facts:
    """Ask all queries of a board and draw it; without `picture` only the page's facts are wanted."""
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in document["panels"])
    return draw(_data(document, prometheus, window, theme), (window.width, bottom * ROW + HEAD), picture)


def page_of(document: Json, prometheus: Prometheus, window: Window, theme: str, target: Path) -> None:
    """Ask all queries of a board and write it as one page that any browser opens."""
    text = page(_data(document, prometheus, window, theme))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _data(document: Json, prometheus: Prometheus, window: Window, theme: str) -> Json:
    values = resolve(document, prometheus, window)
    found = list(answers(document, prometheus, window, values))
    return {
        "dashboard": document,
        "theme": theme,
        "from": window.start * 1000,
        "to": window.end * 1000,
        "results": {_key(answer): _result(answer) for answer in found},
    }


def faults(facts: Facts, busy: bool = True) -> Iterator[str]:
    """What is wrong with a picture; `busy`: every panel must have data."""
    yield from facts.errors
    if facts.panels != facts.expected:
        yield f"{facts.panels} panels instead of {facts.expected}"
    yield from (f"clipped: {text}" for text in facts.clipped)
    if busy:
        yield from (f"no data: {title}" for title in facts.nodata)


def _key(answer: Answer) -> str:
    return f"{answer.panel['id']}.{answer.panel['targets'].index(answer.target)}"


def _result(answer: Answer) -> Json:
    return {
        "refId": answer.target["refId"],
        "format": answer.target["format"],
        "instant": answer.target["instant"],
        "legend": answer.target["legendFormat"],
        "step": answer.step,
        "error": answer.error,
        "series": [
            {"labels": series.labels, "points": [[t, None if math.isnan(v) else v] for t, v in series.points]}
            for series in answer.series
        ],
    }
