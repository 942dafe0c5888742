"""From grafanalib's objects to the JSON that Grafana 11 to 13 reads: ids, missing fields, nothing unknown."""

from __future__ import annotations

import json
from typing import Any

from grafanalib._gen import DashboardEncoder

from dashboards.palette import Json

_BOARD = frozenset(
    [
        "annotations",
        "description",
        "editable",
        "fiscalYearStartMonth",
        "graphTooltip",
        "id",
        "links",
        "liveNow",
        "panels",
        "preload",
        "refresh",
        "schemaVersion",
        "tags",
        "templating",
        "time",
        "timepicker",
        "timezone",
        "title",
        "uid",
        "version",
        "weekStart",
    ]
)
_PANEL = frozenset(
    [
        "id",
        "type",
        "title",
        "description",
        "gridPos",
        "options",
        "fieldConfig",
        "datasource",
        "targets",
        "transformations",
        "links",
        "interval",
        "maxDataPoints",
        "maxPerRow",
        "repeat",
        "repeatDirection",
        "timeFrom",
        "timeShift",
    ]
)
_ROW = frozenset(["id", "type", "title", "collapsed", "gridPos", "panels", "repeat"])
_STEP = ("color", "value")
_WITHOUT_DATA = ("text", "alertlist")
_EMPTY: tuple[Any, ...] = (None, [], {}, "")


def finalise(board: Any) -> Json:
    """The dashboard as plain JSON data. Panel ids follow the order of the panels."""
    document = json.loads(json.dumps(board.auto_panel_ids().to_json_data(), cls=DashboardEncoder))
    document |= {
        "id": None,
        "fiscalYearStartMonth": 0,
        "weekStart": "",
        "liveNow": False,
        "preload": False,
        "timepicker": {"refresh_intervals": ["15s", "30s", "1m", "5m", "15m", "1h"]},
        "templating": {"list": document["templating"]["list"]},
        "panels": [_row(panel) if panel["type"] == "row" else _panel(panel) for panel in document["panels"]],
    }
    return {key: value for key, value in document.items() if key in _BOARD}


def dump(document: Json) -> str:
    """The text of a file: the same bytes for the same document."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _row(row: Json) -> Json:
    kept = {key: value for key, value in row.items() if key in _ROW and value not in (None, "")}
    return kept | {"panels": [_panel(panel) for panel in row["panels"]]}


def _panel(panel: Json) -> Json:
    # Shallow on purpose: the base step of thresholds needs its `value: null`.
    kept = {key: value for key, value in panel.items() if key in _PANEL and value not in _EMPTY}
    if "repeat" not in kept:
        kept.pop("repeatDirection", None)
    if panel["type"] in _WITHOUT_DATA:
        return {
            key: value for key, value in kept.items() if key not in ("fieldConfig", "targets", "datasource")
        }
    kept["fieldConfig"] = _fields(panel["fieldConfig"])
    return kept


def _fields(fields: Json) -> Json:
    defaults = {
        key: value
        for key, value in fields["defaults"].items()
        if value is not None and not (key in ("links", "unit", "custom", "mappings") and not value)
    }
    if custom := defaults.get("custom"):
        defaults["custom"] = _custom(custom)
    if thresholds := defaults.get("thresholds"):
        bare = [{key: step[key] for key in _STEP} for step in thresholds["steps"]]
        defaults["thresholds"] = {"mode": thresholds["mode"], "steps": bare}
    return {"defaults": defaults, "overrides": fields.get("overrides", [])}


def _custom(custom: Json) -> Json:
    kept = {key: value for key, value in custom.items() if value is not None}
    scale = kept.get("scaleDistribution")
    if scale and scale.get("type") == "linear":
        kept["scaleDistribution"] = {"type": "linear"}
    return kept
