"""Panels over time: lines, distributions, states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grafanalib import core

from dashboards.fields import ModernPanel, Targets, common
from dashboards.limits import Limit, line
from dashboards.palette import INFO, Json, fixed, steps, with_no_data

HEATMAP_POINTS = 90
"""Columns of a heatmap: more of them are thinner than a mouse can meet."""
LEAST_SHARE = 0.01
"""How far the axis of a share goes at least: over nothing but zeros Grafana would draw one up to 10,000 %."""
LEGEND = {"placement": "right", "displayMode": "table", "width": 290}
"""Beside the lines, always as wide, so that the time axes of two panels agree."""
NARROW_LEGEND = {"placement": "bottom", "displayMode": "list"}


def timeseries(
    title: str,
    description: str,
    *,
    unit: str,
    targets: Targets,
    limit: Limit | None = None,
    lines: Sequence[Json] = (),
    reach: bool = False,
    overrides: Sequence[Json] = (),
    color: str = "",
    stacked: bool = False,
    links: Sequence[Json] = (),
    step_line: bool = False,
    interval: str = "",
    narrow: bool = False,
    least: float | None = 0,
    most: float | None = None,
) -> Any:
    """Lines over time. `limit` is drawn dashed, `lines` are several such; with `reach` the axis goes as far.

    `color` is for an only series, else use overrides. `interval` is the least step, for events too rare for a
    finer one. `narrow` puts the legend below. `least` and `most` are the ends of the axis.
    """
    defaults: Json = {"min": least, "max": most, "links": list(links), "custom": _strokes(stacked, step_line)}
    if limit or lines:
        defaults["custom"]["thresholdsStyle"] = {"mode": "dashed"}
    if unit == "percentunit" and most is None:
        defaults["custom"]["axisSoftMax"] = LEAST_SHARE
    if limit and reach:
        defaults["custom"]["axisSoftMax"] = limit.value
    if color:
        defaults["color"] = fixed(color)
    many = len(targets) > 1 or "{{" in targets[0].legendFormat
    legend = {"showLegend": many, "calcs": ["lastNotNull", "max"]}
    legend |= NARROW_LEGEND if narrow else LEGEND
    if narrow:
        legend["calcs"] = ["lastNotNull"]
    tooltip = {"mode": "multi", "sort": "desc", "hideZeros": False}
    return core.TimeSeries(
        **common(title, description, targets),
        unit=unit,
        interval=interval or None,
        thresholds=list(lines) or line(limit),
        overrides=list(overrides),
        extraJson={"fieldConfig": {"defaults": defaults}, "options": {"legend": legend, "tooltip": tooltip}},
    )


def _strokes(stacked: bool, step_line: bool) -> Json:
    return {
        # A line on top of a stack would show an empty series as if it were the sum.
        "lineWidth": 0 if stacked else 2,
        "fillOpacity": 70 if stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "off"},
        "lineInterpolation": "stepAfter" if step_line else "linear",
        "insertNulls": False,
    }


def heatmap(title: str, description: str, *, unit: str, targets: Targets) -> Any:
    """A distribution over time; the buckets of a histogram are its rows."""
    return ModernPanel(
        **common(title, description, targets) | {"maxDataPoints": HEATMAP_POINTS},
        kind="heatmap",
        options={
            "calculate": False,
            "cellGap": 1,
            "color": {
                "mode": "scheme",
                "scheme": "Viridis",
                "scale": "exponential",
                "exponent": 0.5,
                "fill": INFO,
                "reverse": False,
                "steps": 64,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},  # hides empty cells
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": True},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
        },
        defaults={"unit": "short", "custom": {"hideFrom": {"legend": False, "tooltip": False, "viz": False}}},
    )


def state_timeline(
    title: str, description: str, *, targets: Targets, mappings: Sequence[Json], links: Sequence[Json] = ()
) -> Any:
    """Which state each row was in, and when; every value has a word."""
    return ModernPanel(
        **common(title, description, targets),
        kind="state-timeline",
        thresholds=steps(base=INFO),
        options={
            "alignValue": "center",
            "mergeValues": True,
            "rowHeight": 0.85,
            "showValue": "auto",
            "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "single", "sort": "none"},
        },
        defaults={
            "color": {"mode": "thresholds"},
            "mappings": with_no_data(mappings),
            "links": list(links),
            "custom": {"fillOpacity": 85, "lineWidth": 0},
        },
    )
