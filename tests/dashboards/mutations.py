"""Defects that somebody could put into a board, each with the checkers that must notice it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dashboards.finding import panels_of

Json = dict[str, Any]
Change = Callable[[Json], None]


class DoesNotApplyError(Exception):
    """The board has no place for this defect."""


@dataclass(frozen=True, slots=True)
class Mutation:
    name: str
    change: Change
    caught_by: frozenset[str]

    def apply(self, document: Json) -> Json:
        """A changed copy; raises DoesNotApplyError when there is nothing to change."""
        mutant = copy.deepcopy(document)
        self.change(mutant)
        if mutant == document:
            raise DoesNotApplyError(self.name)
        return mutant


def targets(document: Json, pattern: str = "", type_: str = "") -> Iterator[tuple[Json, Json]]:
    for panel in panels_of(document):
        for target in panel.get("targets", ()):
            if re.search(pattern, target["expr"]) and type_ in ("", panel["type"]):
                yield panel, target


def expr(old: str, new: str, type_: str = "") -> Change:
    """Replace a pattern in the first query that has it."""

    def change(document: Json) -> None:
        for _, target in targets(document, old, type_):
            target["expr"] = re.sub(old, new, target["expr"], count=1)
            return

    return change


def panel(type_: str, edit: Callable[[Json], Any]) -> Change:
    """Edit the first panel of a type that the edit changes."""

    def change(document: Json) -> None:
        for found in panels_of(document):
            before = copy.deepcopy(found)
            if found["type"] == type_:
                try:
                    edit(found)
                except (KeyError, IndexError):
                    continue
                if found != before:
                    return

    return change


def board(edit: Callable[[Json], Any]) -> Change:
    return edit


def defaults(panel_: Json) -> Json:
    found: Json = panel_["fieldConfig"]["defaults"]
    return found


def variable(document: Json, name: str) -> Json:
    return next(entry for entry in document["templating"]["list"] if entry["name"] == name)


def _drop_null(found: Json) -> None:
    defaults(found)["mappings"] = [m for m in defaults(found)["mappings"] if m["type"] != "special"]


def _last_known(found: Json) -> None:
    if not found["targets"][0]["instant"]:
        found["options"]["reduceOptions"]["calcs"] = ["lastNotNull"]


def _unjudged(found: Json) -> None:
    del defaults(found)["thresholds"]["steps"][1:]
    defaults(found)["mappings"] = []


def _drop_annotation(word: str) -> Change:
    def change(document: Json) -> None:
        entries = document["annotations"]["list"]
        document["annotations"]["list"] = [e for e in entries if word not in e.get("expr", "")]

    return change


def _break_annotation(document: Json) -> None:
    entry = next(e for e in document["annotations"]["list"] if "ALERTS" in e.get("expr", ""))
    entry["expr"] = entry["expr"].replace("firing", "burning")


def _one_name(document: Json) -> None:
    for found in panels_of(document):
        for target in found.get("targets", ()) if len(found.get("targets", ())) > 2 else ():
            target["legendFormat"] = "same"


def _organize(found: Json) -> None:
    rename = found["transformations"][-1]["options"]["renameByName"]
    rename["Value #Z"] = rename.pop("Value #A")


def _override(found: Json) -> None:
    found["fieldConfig"]["overrides"][0]["matcher"]["options"] = "Nobody"


def _overlap(document: Json) -> None:
    document["panels"][2]["gridPos"]["x"] -= 1


def _hole(document: Json) -> None:
    document["panels"][1]["gridPos"]["w"] -= 1


def _threshold(found: Json) -> None:
    if "(alert " in found["description"]:
        defaults(found)["thresholds"]["steps"][1]["value"] += 1


def _wrap(document: Json) -> None:
    inside = copy.deepcopy(document)
    document.clear()
    document["dashboard"] = inside


def _link(old: str, new: str) -> Callable[[Json], None]:
    def edit(found: Json) -> None:
        for entry in defaults(found)["links"]:
            entry["url"] = entry["url"].replace(old, new)

    return edit


def _runbook(found: Json) -> None:
    found["options"]["content"] = found["options"]["content"].replace("/GradingBacklog", "/GradingBacklogs")


def _key(name: str, value: Any) -> Callable[[Json], None]:
    return lambda mapping: mapping.__setitem__(name, value)


def _m(name: str, change: Change, *caught_by: str) -> Mutation:
    return Mutation(name, change, frozenset(caught_by))


def _legend(document: Json) -> None:
    for _, target in targets(document):
        if "{{" in target.get("legendFormat", ""):
            target["legendFormat"] = re.sub(r"{{(\w+)}}", r"{{\1s}}", target["legendFormat"])
            return


def _percent(document: Json) -> None:
    for found in panels_of(document):
        if found.get("fieldConfig", {}).get("defaults", {}).get("unit") == "percentunit":
            defaults(found)["unit"] = "percent"
            return


def _instant(document: Json) -> None:
    for _, target in targets(document, type_="timeseries"):
        target["instant"] = True
        return


def _recolour(found: Json) -> None:
    defaults(found)["thresholds"]["steps"][0]["color"] = "green"


def _misspell(document: Json) -> None:
    variable(document, "instance")["query"]["query"] = 'label_values(upp{job=~"$job"}, instance)'


def _unstep(document: Json) -> None:
    for entry in document["annotations"]["list"]:
        if "expr" in entry:
            entry["expr"] = entry["expr"].replace('escalation="0", ', "")


STAT, LINES, TABLE = "stat", "timeseries", "table"
MUTATIONS = (
    _m("metric name misspelt", expr("grader_queue_depth", "grader_queue_deep"), "lint", "live"),
    _m("matcher that matches nothing", expr(r'state="waiting"', 'state="waiting", queue="nowhere"'), "live"),
    _m("value outside of a closed set", expr(r'state="waiting"', 'state="waitin"'), "lint", "live"),
    _m("fixed window instead of $__rate_interval", expr(r"\$__rate_interval", "5m"), "lint"),
    _m("job matcher removed", expr(r'job=~"\$job", ', ""), "lint"),
    _m("instance matcher removed", expr(r', instance=~"\$instance"', ""), "lint"),
    _m("undefined variable", expr(r'^(sum\(grader_queue_depth.*)"\$instance"', r'\1"$host"'), "lint", "live"),
    _m("rate of a gauge", expr(r"grader_queue_depth\{[^}]*\}", r"rate(\g<0>[$__rate_interval])"), "lint"),
    _m("counter without rate", expr(r"rate\((grader_\w+_total\{[^}]*\})\[\S*?\]\)", r"\1"), "lint"),
    _m("quantile without le", expr(r"sum by \(le\)", "sum by (job)", LINES), "lint", "live"),
    _m("sum of a range vector", expr(r"sum\(rate\((\S+\{[^}]*\}\[\S*?\])\)\)", r"sum(\1)"), "lint", "live"),
    _m("unbalanced parenthesis", expr(r"\($|\)$|\}$", r"\g<0>)"), "lint", "live"),
    _m("stale figure", expr(r" or NaN \* .*$", ""), "lint"),
    _m("last figure that there was", panel(STAT, _last_known), "lint"),
    _m("quantile unguarded", expr(r" >= 0$", "", LINES), "lint", "quiet"),
    _m("denominator unguarded", expr(r" > 0\)", ")", LINES), "lint", "quiet"),
    _m("or vector(0)", expr(r"\Z", " or vector(0)"), "lint"),
    _m("grouping by a label that is not there", expr(r"by \(\w+", "by (student"), "lint"),
    _m(
        "average of quantiles",
        expr(r"^histogram_quantile(.*) >= 0$", r"avg(histogram_quantile\1 >= 0)"),
        "lint",
    ),
    _m("function of a newer Prometheus", expr(r"^max\((.*)\)$", r'sort_by_label(max(\1), "job")'), "lint"),
    _m("or between matchers", expr(r'state="waiting"', 'state="waiting" or state="running"'), "lint", "live"),
    _m("all names at once", expr(r"^.*$", '{__name__=~".+"}'), "lint", "live"),
    _m("legend label misspelt", _legend, "live"),
    _m("one legend name for many series", _one_name, "live"),
    _m("percent for a ratio", _percent, "live"),
    _m("instant query in a time series", _instant, "lint"),
    _m("unknown unit", panel(LINES, lambda p: defaults(p).__setitem__("unit", "secondses")), "lint"),
    _m("unit missing", panel(LINES, lambda p: defaults(p).pop("unit")), "lint"),
    _m("null mapping removed", panel(STAT, _drop_null), "lint"),
    _m("threshold differs from its alert's", panel(STAT, _threshold), "lint"),
    _m("colour outside of the palette", panel(STAT, _recolour), "lint"),
    _m("variable query misspelt", _misspell, "lint", "live"),
    _m("variable not refreshed", lambda d: variable(d, "job").__setitem__("refresh", 1), "lint"),
    _m("variable without .+ for All", lambda d: variable(d, "instance").pop("allValue"), "lint"),
    _m("override that names no series", panel(LINES, _override), "live"),
    _m("renamed field that does not exist", panel(TABLE, _organize), "live"),
    _m(
        "panel's data source hard-coded",
        panel(LINES, lambda p: p["datasource"].__setitem__("uid", "P1")),
        "lint",
    ),
    _m(
        "target's data source null",
        panel(LINES, lambda p: p["targets"][0].__setitem__("datasource", None)),
        "schema",
        "sdk",
        "lint",
    ),
    _m("panel without queries", panel(LINES, lambda p: p.pop("targets")), "lint"),
    _m("query to Loki", panel(LINES, lambda p: p["targets"][0]["datasource"].update(type="loki")), "lint"),
    _m("single figure without judgement", panel(STAT, _unjudged), "lint"),
    _m("panels overlap", _overlap, "lint"),
    _m("empty cell", _hole, "lint"),
    _m("duplicate panel id", lambda d: d["panels"][2].__setitem__("id", d["panels"][1]["id"]), "lint"),
    _m("description emptied", panel(LINES, _key("description", "")), "lint"),
    _m(
        "unknown option",
        panel(STAT, lambda p: p["options"].__setitem__("colourMode", "value")),
        "schema",
        "sdk",
    ),
    _m(
        "enum misspelt",
        panel(LINES, lambda p: p["options"]["legend"].__setitem__("displayMode", "tabel")),
        "schema",
    ),
    _m(
        "field option misspelt",
        panel(LINES, lambda p: defaults(p)["custom"].__setitem__("lineWidht", 2)),
        "schema",
        "sdk",
    ),
    _m("Angular panel", panel(LINES, _key("type", "graph")), "schema"),
    _m(
        "base threshold as a string",
        panel(STAT, lambda p: defaults(p)["thresholds"]["steps"][0].__setitem__("value", "null")),
        "schema",
    ),
    _m("hundred points on a graph", panel(LINES, _key("maxDataPoints", 100)), "lint"),
    _m("editable", _key("editable", True), "lint"),
    _m("dashboard id set", _key("id", 7), "schema", "lint"),
    _m("uid missing", lambda d: d.pop("uid"), "schema", "lint"),
    _m("inputs for the import by hand", _key("__inputs", []), "schema", "lint"),
    _m("wrapper of the API", _wrap, "schema", "lint"),
    _m("alert annotations removed", _drop_annotation("ALERTS"), "lint"),
    _m("deployment annotation removed", _drop_annotation("build_info"), "lint"),
    _m("every step of escalation marked", _unstep, "lint"),
    _m("annotation query broken", _break_annotation, "live"),
    _m("menu of boards removed", lambda d: d["links"].pop(0), "lint"),
    _m("link to a board that is not there", panel(STAT, _link("/d/gradewatch-", "/d/gradwatch-")), "lint"),
    _m("link passes a variable that is not there", panel(STAT, _link("${job:", "${jobs:")), "lint"),
    _m(
        "link of a value to a board that is not there",
        expr('"gradewatch-database"', '"gradewatch-databse"', TABLE),
        "lint",
    ),
    _m("runbook that is not there", panel("text", _runbook), "lint"),
)
