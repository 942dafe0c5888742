"""What a panel must say and show: the linter's rules on panels, and our own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files

from dashboards.finding import Finding, Json, single_values
from dashboards.limits import limit
from dashboards.palette import SERIES, STATES
from policy.model import Policy

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WITHOUT_DATA = ("text", "alertlist")
WITHOUT_UNIT = ("state-timeline", "status-history")
LEAST_WORDS = 20
_ALERT = re.compile(r"\(alert (\w+)\)")
Maker = Callable[[str, str], Finding]
_COLOURS = frozenset({*STATES.values(), *SERIES.values(), "transparent"})


def panel_findings(board: str, panel: Json, policy: Policy | None) -> Iterator[Finding]:
    """All rules on one panel, its queries apart."""
    title = str(panel.get("title", ""))

    def finding(rule: str, message: str) -> Finding:
        return Finding(board, title, rule, message)

    if not title or len(panel.get("description", "")) < LEAST_WORDS:
        yield finding(
            "panel-title-description", f"needs a title and a description of {LEAST_WORDS} characters"
        )
    if panel.get("type") in WITHOUT_DATA:
        return
    if not panel.get("targets"):
        yield finding("panel-no-targets", "has no query")
    for part in (panel, *panel.get("targets", ())):
        source = part.get("datasource")
        if source != SOURCE:
            kind = "target-logql" if source and source.get("type") == "loki" else "panel-datasource"
            yield finding(kind, f"data source {source} instead of the variable's")
    if "maxDataPoints" in panel and panel["type"] != "heatmap":
        yield finding("max-data-points", "only a heatmap has a fixed number of points")
    yield from _units(panel, finding)
    yield from _states(panel, finding)
    yield from _colours(panel, finding)
    yield from _limits(panel, policy, finding)


def _units(panel: Json, finding: Maker) -> Iterator[Finding]:
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    real = [mapping for mapping in defaults.get("mappings", ()) if mapping.get("type") != "special"]
    if not defaults.get("unit") and not real and panel["type"] not in WITHOUT_UNIT:
        yield finding("panel-units", "has no unit")
    given = [defaults.get("unit"), panel.get("options", {}).get("yAxis", {}).get("unit")]
    for rule in panel.get("fieldConfig", {}).get("overrides", ()):
        given += [entry.get("value") for entry in rule["properties"] if entry["id"] == "unit"]
    for unit in given:
        if unit and unit not in _known_units():
            yield finding("panel-units", f'unit "{unit}" does not exist')


def _states(panel: Json, finding: Maker) -> Iterator[Finding]:
    """No data must look like no data, and a single figure must be judged or worded."""
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    mappings = defaults.get("mappings", [])
    null = [m for m in mappings if m.get("type") == "special" and m["options"]["match"] == "null+nan"]
    if (single_values(panel) or panel["type"] in WITHOUT_UNIT) and not null:
        yield finding(
            "no-data", "has no mapping for null and NaN: an outage of the monitoring would look good"
        )
    steps = defaults.get("thresholds", {}).get("steps", [])
    if single_values(panel) and len(steps) < 2 and not mappings:
        yield finding("thresholds", "a single figure needs thresholds or mappings")


def _colours(panel: Json, finding: Maker) -> Iterator[Finding]:
    for colour in _walk_colours(panel.get("fieldConfig", {})):
        if colour not in _COLOURS:
            yield finding("palette", f"colour {colour} is not of the palette that everybody can tell apart")


def _walk_colours(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("color", "fixedColor") and isinstance(value, str):
                yield value
            else:
                yield from _walk_colours(value)
    elif isinstance(node, list):
        for item in node:
            yield from _walk_colours(item)


def _limits(panel: Json, policy: Policy | None, finding: Maker) -> Iterator[Finding]:
    """A panel whose description names an alert has that alert's figure among its thresholds."""
    fields = panel.get("fieldConfig", {})
    rules = [entry for rule in fields.get("overrides", ()) for entry in rule["properties"]]
    given = [entry["value"] for entry in rules if entry["id"] == "thresholds"]
    given.append(fields.get("defaults", {}).get("thresholds", {}))
    values = [step["value"] for thresholds in given for step in thresholds.get("steps", ())]
    for alert in _ALERT.findall(panel.get("description", "")) if policy else ():
        found = limit(policy, alert)  # type: ignore[arg-type]  # there is a policy in this loop
        if found is None:
            yield finding("alert", f"its description names alert {alert}, which the policy does not have")
        elif found.value not in values and found.share_left not in values:
            yield finding("alert", f"no threshold at {found.value:g}, which is that of alert {alert}")


@cache
def _known_units() -> frozenset[str]:
    text = files("dashboards.schema").joinpath("units.json").read_text(encoding="utf-8")
    return frozenset(json.loads(text))
