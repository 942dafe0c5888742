"""Rows of panels on Grafana's grid of 24 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attr
from grafanalib import core

COLUMNS = 24
Placed = Any
"""A grafanalib panel, or a pair of panel and width."""
Line = tuple[int, Sequence[Placed]]
"""A height in grid units of 38 px, and the panels from left to right."""


class Grid:
    """Collects the panels of a board with their places. Collapsed rows come last: they take no height."""

    def __init__(self) -> None:
        self.panels: list[Any] = []
        self._y = 0

    def row(self, title: str, *lines: Line, collapsed: bool = False) -> Grid:
        """A header with a question, then the lines below it, each split evenly unless widths are given."""
        header = core.RowPanel(
            title=title, collapsed=collapsed, gridPos=core.GridPos(h=1, w=COLUMNS, x=0, y=self._y)
        )
        y, inside = self._y + 1, []
        for height, placed in lines:
            inside += _line(placed, height, y)
            y += height
        if collapsed:
            self.panels.append(attr.evolve(header, panels=inside))
            self._y += 1
        else:
            self.panels += [header, *inside]
            self._y = y
        return self


def _line(placed: Sequence[Placed], height: int, y: int) -> list[Any]:
    given = [item[1] if isinstance(item, tuple) else 0 for item in placed]
    free = COLUMNS - sum(given)
    share, rest = divmod(free, max(1, given.count(0)))
    x, panels = 0, []
    for item, wanted in zip(placed, given, strict=True):
        width = wanted or share + (rest > 0)
        rest -= not wanted
        panel = item[0] if isinstance(item, tuple) else item
        panels.append(attr.evolve(panel, gridPos=core.GridPos(h=height, w=width, x=x, y=y)))
        x += width
    if x != COLUMNS:
        raise ValueError(f"a line of panels is {x} columns wide instead of {COLUMNS}")
    return panels
