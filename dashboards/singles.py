"""Panels of one figure. Without data they are grey and say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grafanalib import core

from dashboards.fields import ModernPanel, Targets, common
from dashboards.palette import INFO, NO_DATA_TEXT, Json, no_data, steps


def stat(
    title: str,
    description: str,
    *,
    unit: str,
    targets: Targets,
    thresholds: list[Json] | None = None,
    mappings: Sequence[Json] = (),
    trend: bool = False,
    decimals: int | None = None,
    links: Sequence[Json] = (),
    overrides: Sequence[Json] = (),
    nothing: str = NO_DATA_TEXT,
    interval: str = "",
) -> Any:
    """One figure. Coloured all over; with `trend` the figure has the colour and a line below it.

    The query of a trend must end in `or_no_data`, so that its last point is of now.
    """
    return core.Stat(
        **common(title, description, targets),
        format=unit,
        decimals=decimals,
        interval=interval or None,
        thresholds=thresholds or steps(base=INFO),
        mappings=[*mappings, no_data(nothing)],
        noValue=nothing,
        overrides=list(overrides),
        reduceCalc="last" if trend else "lastNotNull",
        color={"mode": "thresholds"},
        colorMode="value" if trend else "background_solid",
        graphMode="area" if trend else "none",
        textMode="value_and_name" if len(targets) > 1 else "auto",
        extraJson={
            "fieldConfig": {"defaults": {"links": list(links)}},
            "options": {
                "wideLayout": True,
                "showPercentChange": False,
                "percentChangeColorMode": "standard",
                "justifyMode": "auto" if trend else "center",
            },
        },
    )


def gauge(
    title: str,
    description: str,
    *,
    unit: str,
    targets: Targets,
    thresholds: list[Json],
    maximum: float = 1,
    links: Sequence[Json] = (),
) -> Any:
    """A share of a whole that is used up."""
    return ModernPanel(
        **common(title, description, targets),
        kind="gauge",
        thresholds=thresholds,
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "auto",
            "showThresholdLabels": False,
            "showThresholdMarkers": True,
            "sizing": "auto",
            "minVizWidth": 75,
            "minVizHeight": 75,
        },
        defaults={
            "unit": unit,
            "min": 0,
            "max": maximum,
            "color": {"mode": "thresholds"},
            "mappings": [no_data()],
            "noValue": NO_DATA_TEXT,
            "links": list(links),
        },
    )


def bars(
    title: str,
    description: str,
    *,
    unit: str,
    targets: Targets,
    thresholds: list[Json] | None = None,
    maximum: float | None = None,
    decimals: int | None = None,
    links: Sequence[Json] = (),
    overrides: Sequence[Json] = (),
) -> Any:
    """One bar a series, for comparison; its targets are instant."""
    return ModernPanel(
        **common(title, description, targets),
        kind="bargauge",
        thresholds=thresholds or steps(base=INFO),
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "horizontal",
            "displayMode": "basic",
            "valueMode": "text",
            "namePlacement": "left",
            "showUnfilled": True,
            "sizing": "auto",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 40,
            "text": {"titleSize": 14, "valueSize": 16},
        },
        defaults={
            "unit": unit,
            "min": 0,
            "max": maximum,
            "decimals": decimals,
            "color": {"mode": "thresholds"},
            "mappings": [no_data()],
            "noValue": NO_DATA_TEXT,
            "links": list(links),
        },
        overrides=list(overrides),
    )
