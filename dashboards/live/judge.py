"""Whether a panel's answers are good data, and not merely no error."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dashboards.finding import Finding, Json, panels_of
from dashboards.live.ask import Answer, times
from dashboards.live.client import Prometheus, QueryError, Series
from dashboards.live.variables import Values, fill
from dashboards.live.window import Window
from dashboards.series import NO_NUMBER

MOST_SERIES = 60
SLOWEST = 2.0
"""Seconds of one query."""
NAN_SHARE = 0.3
RARE = ("no-series",)
"""What a system in which nothing happens may answer: nothing."""
_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_NEVER_NEGATIVE = ("s", "bytes", "locale", "reqps", "percentunit")
# A budget can be overdrawn.
_MAY_BE_NEGATIVE = re.compile(r"budget", re.IGNORECASE)


def judge(board: str, found: Iterable[Answer]) -> Iterator[Finding]:
    """All findings on the answers of one board."""
    by_panel: dict[int, list[Answer]] = {}
    for answer in found:
        by_panel.setdefault(answer.panel["id"], []).append(_with_numbers(answer))
    for answers in by_panel.values():
        panel = answers[0].panel
        for rule, message in (
            *(pair for answer in answers for pair in _answer(answer)),
            *_legends(answers),
            *_values(panel, answers),
            *_fields(panel, answers),
        ):
            yield Finding(board, panel["title"], rule, message)


def variable_findings(board: str, values: Values) -> Iterator[Finding]:
    """Variables without a single value."""
    for name in values.without:
        yield Finding(board, "", "variable", f"Prometheus has no value for ${name}")


def annotation_findings(
    board: str, document: Json, prometheus: Prometheus, window: Window, values: Values
) -> Iterator[Finding]:
    """Annotations that Prometheus refuses, or that mark nothing in a window that holds their event."""
    step = 60.0
    start, end = window.aligned(step)
    for annotation in document["annotations"]["list"]:
        if "expr" not in annotation:
            continue
        expr = fill(annotation["expr"], values.texts | times(window, step))
        try:
            marks = prometheus.range(expr, start, end, step)
        except QueryError as error:
            yield Finding(board, annotation["name"], "error", str(error))
            continue
        if not marks:
            yield Finding(board, annotation["name"], "annotation", "marks nothing")


Pairs = Iterator[tuple[str, str]]


def _with_numbers(answer: Answer) -> Answer:
    """Without the points at which the query itself says that there is no number."""
    if f"or {NO_NUMBER} *" not in answer.expr:
        return answer
    kept = (
        Series(series.labels, [point for point in series.points if not math.isnan(point[1])])
        for series in answer.series
    )
    return dataclasses.replace(answer, series=tuple(series for series in kept if series.points))


def _answer(answer: Answer) -> Pairs:
    where = f"query {answer.target['refId']}"
    if answer.error:
        yield "error", f"{where}: {answer.error}"
        return
    if not answer.series:
        yield "no-series", f"{where}: no series"
        return
    values = [value for series in answer.series for _, value in series.points]
    nans = sum(math.isnan(value) for value in values)
    if nans == len(values):
        yield "only-nan", f"{where}: nothing but NaN"
    elif nans > NAN_SHARE * len(values):
        yield "many-nan", f"{where}: {nans} of {len(values)} values are NaN"
    if len(answer.series) > MOST_SERIES:
        yield "many-series", f"{where}: {len(answer.series)} series"
    if answer.took > SLOWEST:
        yield "slow", f"{where}: {answer.took:.1f} s"
    if not answer.target["instant"]:
        wanted = (answer.end - answer.start) / answer.step / 2
        longest = max(len(series.points) for series in answer.series)
        if longest < wanted:
            yield "few-points", f"{where}: {longest} points where at least {wanted:.0f} were expected"


def _legends(answers: Sequence[Answer]) -> Pairs:
    """Labels of a legend exist, and no two lines have one name."""
    names: Counter[str] = Counter()
    for answer in answers:
        template = answer.target["legendFormat"]
        if not template or template == "__auto":
            continue
        for label in _LEGEND.findall(template):
            if any(label not in series.labels for series in answer.series):
                yield "legend", f'query {answer.target["refId"]}: the answer has no label "{label}"'
        for series in answer.series:
            labels = series.labels
            names[_LEGEND.sub(lambda match, own=labels: own.get(match[1], ""), template)] += 1  # type: ignore[misc]
    for name, number in names.items():
        if number > 1:
            yield "legend", f'{number} series have the name "{name}"'


def _values(panel: Json, answers: Sequence[Answer]) -> Pairs:
    """The figures fit the unit."""
    unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit")
    points = [
        v for answer in answers for series in answer.series for _, v in series.points if not math.isnan(v)
    ]
    if not points or panel["type"] == "table":
        return
    overdrawn = bool(_MAY_BE_NEGATIVE.search(panel["title"]))
    if unit == "percentunit" and (max(points) > 1 or (min(points) < 0 and not overdrawn)):
        yield "unit", f"values from {min(points):g} to {max(points):g} as a share of 1"
    if unit == "percent" and max(points) <= 1:
        yield "unit", f"a percentage that is never above {max(points):g}: the unit is percentunit"
    if unit in _NEVER_NEGATIVE and min(points) < 0 and not overdrawn:
        yield "unit", f"a negative value, {min(points):g}"


def _fields(panel: Json, answers: Sequence[Answer]) -> Pairs:
    """Renamed fields and overridden names exist in the answers."""
    fields = {"Time"}
    shown = set()
    for answer in answers:
        fields |= {f"Value #{answer.target['refId']}", "Value"}
        fields |= {label for series in answer.series for label in series.labels}
        template = answer.target["legendFormat"]
        for series in answer.series:
            labels = series.labels
            shown.add(_LEGEND.sub(lambda match, own=labels: own.get(match[1], ""), template))  # type: ignore[misc]
    for transformation in panel.get("transformations", ()):
        if transformation["id"] == "organize":
            renamed = transformation["options"]["renameByName"]
            for name in renamed:
                if name not in fields:
                    yield "field", f'no answer has the field "{name}"'
            shown |= set(renamed.values())
    for rule in panel.get("fieldConfig", {}).get("overrides", ()):
        name = rule["matcher"]["options"]
        if rule["matcher"]["id"] == "byName" and name not in shown | fields:
            yield "override", f'"{name}" is the name of nothing here'


def accepted_when_quiet(finding: Finding) -> bool:
    """Whether a finding is no fault in a system in which nothing happens or of which nothing is known yet."""
    return finding.rule in (*RARE, "variable", "annotation", "few-points", "field", "override")


def panels_without_data(document: Json, findings: Iterable[Finding]) -> list[str]:
    """Titles of panels of which every query was without series."""
    empty = Counter(finding.panel for finding in findings if finding.rule == "no-series")
    return [p["title"] for p in panels_of(document) if 0 < len(p.get("targets", ())) <= empty[p["title"]]]
