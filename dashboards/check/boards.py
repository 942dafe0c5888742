"""What a board as a whole must have: the linter's rules on templates, our own, and the way it is shipped."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from dashboards.check.known import Known
from dashboards.check.promql import variables
from dashboards.check.queries import expr_findings
from dashboards.finding import Finding, Json, panels_of
from dashboards.grid import COLUMNS

UID = re.compile(r"gradewatch-[a-z0-9-]{1,29}")
LONGEST_TAG = 50
LARGEST = 262_144
"""Bytes: `kubectl apply` keeps a copy of a ConfigMap in an annotation of at most this size."""
SOURCE_UID = "${datasource}"
_BUILT_IN = ("__interval", "__interval_ms", "__rate_interval", "__range", "__range_s", "__url_time_range")
_BUILT_IN_PREFIX = ("__value", "__field", "__data", "__cell")
_TEMPLATE = re.compile(r"(label_values|label_names|metrics|query_result)\((.*)\)")


def board_findings(board: str, document: Json, metrics: Mapping[str, Known]) -> Iterator[Finding]:
    """All rules on the board itself."""
    for rule, message in (
        *_shipping(document),
        *_identity(document),
        *_templates(document, metrics),
        *_usage(document),
        *_marks(document),
        *_grid(document),
    ):
        yield Finding(board, "", rule, message)
    for annotation in document.get("annotations", {}).get("list", ()):
        if "expr" in annotation:
            yield from expr_findings(board, f"annotation {annotation['name']}", annotation["expr"], metrics)


Pairs = Iterator[tuple[str, str]]


def _shipping(document: Json) -> Pairs:
    if "dashboard" in document or "title" not in document:
        yield "shipping", "is not a bare dashboard: provisioning and import refuse a wrapper"
    for key in ("__inputs", "__requires", "elements"):
        if key in document:
            yield "shipping", f'has "{key}", which only one of the ways to import understands'
    if any(len(tag) > LONGEST_TAG for tag in document.get("tags", ())):
        yield "shipping", f"has a tag of more than {LONGEST_TAG} characters"
    size = len(json.dumps(document, separators=(",", ":")).encode())
    if size >= LARGEST:
        yield "shipping", f"is {size} bytes large; a ConfigMap may be {LARGEST}"


def _identity(document: Json) -> Pairs:
    if not UID.fullmatch(str(document.get("uid"))):
        yield "uid", f'uid "{document.get("uid")}" is not gradewatch-<name>'
    if document.get("id") is not None:
        yield "id", "has a number as id, which would overwrite whichever board has it"
    if not document.get("description") or not document.get("tags"):
        yield "identity", "has no description or no tags"
    if document.get("editable") is not False:
        yield "uneditable-dashboard", "can be edited in the browser: such changes are lost"
    panels = [*panels_of(document), *(p for p in document.get("panels", ()) if p.get("type") == "row")]
    for key in ("id", "title"):
        for value, times in Counter(panel.get(key) for panel in panels).items():
            if times > 1:
                yield "unique", f'{times} panels have the {key} "{value}"'


def _templates(document: Json, metrics: Mapping[str, Known]) -> Pairs:
    listed = document.get("templating", {}).get("list", [])
    sources = [entry for entry in listed if entry.get("type") == "datasource"]
    if [(entry["name"], entry.get("label")) for entry in sources] != [("datasource", "Data source")]:
        yield "template-datasource", 'needs one variable "datasource" with the label "Data source"'
    by_name = {entry["name"]: entry for entry in listed}
    for name, label in (("job", "Job"), ("instance", "Instance")):
        entry = by_name.get(name, {})
        fits = (
            entry.get("type") == "query"
            and entry.get("datasource", {}).get("uid") == SOURCE_UID
            and entry.get("label") == label
            and entry.get("multi") is True
            and entry.get("allValue") == ".+"
        )
        if not fits:
            yield f"template-{name}", f'needs a query variable "{name}", multi, with .+ for All'
    for entry in listed:
        if entry.get("type") != "query":
            continue
        if entry.get("refresh") != 2:
            yield (
                "template-on-time-change-reload",
                f"variable {entry['name']} is not refreshed on a change of time",
            )
        yield from _template_query(entry, metrics)


def _template_query(entry: Json, metrics: Mapping[str, Known]) -> Pairs:
    query = entry["query"]["query"]
    match = _TEMPLATE.fullmatch(query)
    if not match:
        yield "template-label-promql", f'variable {entry["name"]}: "{query}" is not label_values(...)'
        return
    selector, _, label = match[2].rpartition(",")
    name = re.match(r"[\w:]*", selector.strip())
    metric = metrics.get(name[0]) if name else None
    if metric is None:
        yield "template-label-promql", f"variable {entry['name']}: no metric {name[0] if name else selector}"
    elif metric.labels is not None and label.strip() not in metric.labels:
        yield "template-label-promql", f"variable {entry['name']}: no label {label.strip()}"


def _usage(document: Json) -> Pairs:
    """Every variable that is used is defined, and every defined one is used."""
    defined = {entry["name"] for entry in document.get("templating", {}).get("list", ())}
    without_menu = {key: value for key, value in document.items() if key != "templating"}
    queries = [entry.get("query") for entry in document.get("templating", {}).get("list", ())]
    used = variables(json.dumps([without_menu, queries]))
    for name in sorted(used - defined):
        if name not in _BUILT_IN and not name.startswith(_BUILT_IN_PREFIX):
            yield "variables", f"${name} is not a variable of this board"
    for name in sorted(defined - used):
        yield "variables", f"variable {name} is not used"


def _marks(document: Json) -> Pairs:
    """Alerts and deployments are marked, and the other boards are one click away."""
    exprs = {
        entry["name"]: entry.get("expr", "") for entry in document.get("annotations", {}).get("list", ())
    }
    if not any("ALERTS{" in expr and 'escalation="0"' in expr for expr in exprs.values()):
        yield "annotations", "does not mark the alerts"
    if any("ALERTS{" in expr and 'escalation="0"' not in expr for expr in exprs.values()):
        yield "annotations", "marks every step of escalation as an alert of its own"
    if not any("grader_build_info" in expr for expr in exprs.values()):
        yield "annotations", "does not mark the deployments"
    if not any(
        link.get("type") == "dashboards" and link.get("asDropdown") for link in document.get("links", ())
    ):
        yield "menu", "has no menu of the other boards"


def _grid(document: Json) -> Pairs:
    groups = [list(document.get("panels", ()))]
    groups += [row["panels"] for row in groups[0] if row.get("type") == "row" and row.get("panels")]
    for group in filter(None, groups):
        cells: Counter[tuple[int, int]] = Counter()
        for panel in group:
            at = panel["gridPos"]
            if at["x"] < 0 or at["x"] + at["w"] > COLUMNS:
                yield "grid", f'"{panel.get("title")}" is outside of the {COLUMNS} columns'
            cells.update(
                (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
            )
        if any(times > 1 for times in cells.values()):
            yield "grid", "panels overlap"
        lines = {y for _, y in cells}
        if len(cells) != COLUMNS * len(lines) or lines != set(range(min(lines), max(lines) + 1)):
            yield "grid", "a cell is empty"
