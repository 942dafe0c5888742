"""What all panels are made of: their common keys, overrides of fields, links of values.

grafanalib 0.7.1 knows time series, stats and texts; gauges, heatmaps, tables and state timelines it writes in
shapes of Grafana 6 and 7, so those are made of ModernPanel.
"""

from __future__ import annotations

from typing import Any

import attr
from grafanalib import core

from dashboards.palette import Json, fixed
from dashboards.targets import DATASOURCE

Targets = list[Any]


class _ModernPanel(core.Panel):  # type: ignore[misc]  # grafanalib has no types
    """A panel of any type; its thresholds come through the usual attribute."""

    kind: Any = attr.ib(default="")
    options: Any = attr.ib(factory=dict)
    defaults: Any = attr.ib(factory=dict)
    overrides: Any = attr.ib(factory=list)

    def to_json_data(self) -> Any:
        """The panel over grafanalib's base."""
        fields = {"defaults": self.defaults, "overrides": self.overrides}
        return self.panel_json({"type": self.kind, "options": self.options, "fieldConfig": fields})


ModernPanel: Any = attr.s(_ModernPanel)


def common(title: str, description: str, targets: Targets) -> dict[str, Any]:
    """The keys of every panel with queries; raises ValueError without a description."""
    if not description.strip():
        raise ValueError(f'panel "{title}" has no description')
    return {
        "title": title,
        "description": description.strip(),
        "targets": targets,
        "dataSource": DATASOURCE,
        "maxDataPoints": None,
    }


def override(name: str, **properties: Any) -> Json:
    """Properties of one field, by name, or by regular expression when the name is `/like this/`.

    `__` in a property is a dot: `custom__width=120`.
    """
    matcher = "byRegexp" if name.startswith("/") else "byName"
    return {
        "matcher": {"id": matcher, "options": name},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }


def colours(**by_name: str) -> list[Json]:
    """A fixed colour for every series of a panel; `_` in a name is a blank. All series or none."""
    return [override(name.replace("_", " "), color=fixed(color)) for name, color in by_name.items()]


def colours_where_found(**by_pattern: str) -> list[Json]:
    """A fixed colour for the series of a closed set of which some may be missing."""
    return [override(f"/^{name}$/", color=fixed(color)) for name, color in by_pattern.items()]


def link(title: str, url: str) -> Json:
    """A data link: where a click on a value leads."""
    return {"title": title, "url": url}


def to_board(title: str, uid: str, anchor: str = "") -> Json:
    """A data link to another board, with the variables and the time of this one."""
    query = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"
    return link(title, f"/d/{uid}?{query}{anchor}")
