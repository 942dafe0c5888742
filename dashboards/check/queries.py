"""What a query may be: the linter's rules on targets, and our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.check.known import Known
from dashboards.check.promql import (
    RANGE,
    RATE_INTERVAL,
    Found,
    bare,
    is_number,
    matchers,
    parse,
    walk,
)
from dashboards.finding import Finding, Json
from dashboards.series import NO_NUMBER

RATES = frozenset({"rate", "irate", "increase"})
CHANGES = frozenset({"delta", "deriv", "idelta"})
# Not in every Prometheus from 2.42 to 3.x.
UNCOMMON = frozenset(
    [
        "sort_by_label",
        "sort_by_label_desc",
        "mad_over_time",
        "info",
        "histogram_avg",
        "double_exponential_smoothing",
        "holt_winters",
        "limitk",
        "limit_ratio",
        "ts_of_max_over_time",
        "ts_of_min_over_time",
    ]
)
REQUIRED = {"target-job": ("job", "$job"), "target-instance": ("instance", "$instance")}


@dataclass(frozen=True, slots=True)
class Target:
    """A query of a panel with its tree."""

    board: str
    panel: Json
    target: Json
    nodes: tuple[Found, ...]
    metrics: Mapping[str, Known]

    def finding(self, rule: str, message: str) -> Finding:
        """A finding at this query."""
        return Finding(
            self.board, str(self.panel.get("title", "")), rule, f"query {self.target.get('refId')}: {message}"
        )

    def selectors(self) -> Iterator[Found]:
        """The selectors of series."""
        return (found for found in self.nodes if found.kind == "VectorSelector")


def target_findings(board: str, panel: Json, target: Json, metrics: Mapping[str, Known]) -> Iterator[Finding]:
    """All rules on one query."""
    try:
        nodes = tuple(walk(parse(target["expr"])))
    except ValueError as error:
        message = f"query {target.get('refId')}: {error}"
        yield Finding(board, str(panel.get("title", "")), "target-promql", message)
        return
    query = Target(board, panel, target, nodes, metrics)
    for rule in (_selected, _ranges, _counters, _labels, _quantiles, _ratios, _functions, _kind):
        yield from rule(query)


def expr_findings(board: str, where: str, expr: str, metrics: Mapping[str, Known]) -> Iterator[Finding]:
    """The rules that also hold for annotations: it parses, and its metrics and labels exist."""
    try:
        nodes = tuple(walk(parse(expr)))
    except ValueError as error:
        yield Finding(board, where, "target-promql", str(error))
        return
    query = Target(board, {"title": where}, {"refId": "", "expr": expr}, nodes, metrics)
    yield from _selected(query)
    yield from _labels(query)


def _selected(query: Target) -> Iterator[Finding]:
    """Metric, labels, closed values, job and instance of each selector."""
    for found in query.selectors():
        name, given = found.node.name, matchers(found.node)
        if found.node.matchers.or_matchers:
            yield query.finding("or-matchers", "a selector with `or` is understood by no Prometheus")
        metric = query.metrics.get(name or "")
        if metric is None:
            yield query.finding(
                "metric", f"no metric {name}" if name else "a selector without a metric's name"
            )
            continue
        for label, sign, value in given:
            if metric.labels is not None and label not in metric.labels:
                yield query.finding("label", f'{name} has no label "{label}"')
            allowed = (metric.values or {}).get(label)
            if sign == "=" and allowed and value not in allowed:
                yield query.finding("label", f'{name}: {label} is never "{value}"')
        yield from _target_labels(query, name, metric, given)


def _target_labels(
    query: Target, name: str, metric: Known, given: list[tuple[str, str, str]]
) -> Iterator[Finding]:
    if metric.ruled:  # rules aggregate: their series are of a service and have no instance
        return
    for rule, (label, value) in REQUIRED.items():
        if (label, "=~", value) not in given:
            yield query.finding(rule, f'{name} is asked for without {label}=~"{value}"')


def _ranges(query: Target) -> Iterator[Finding]:
    for found in query.nodes:
        if found.kind == "MatrixSelector":
            call = found.within_call(RATES | CHANGES)
            if call and found.node.range not in (RATE_INTERVAL, RANGE):
                message = f"{call.func.name} over a fixed range instead of $__rate_interval"
                yield query.finding("target-rate-interval", message)
            if found.parent is None:
                yield query.finding("target-promql", "a range vector is no answer")


def _counters(query: Target) -> Iterator[Finding]:
    for found in query.selectors():
        metric = query.metrics.get(found.node.name or "")
        if metric is None:
            continue
        rated = found.within_call(RATES)
        if metric.counter and not rated:
            yield query.finding("target-counter-agg", f"counter {found.node.name} without a rate")
        if not metric.counter and rated:
            yield query.finding(
                "rate-of-gauge", f"{rated.func.name} of {found.node.name}, which is no counter"
            )


def _labels(query: Target) -> Iterator[Finding]:
    """Labels in `by`, `without` and `on` exist on a metric of the query, or are made by it."""
    asked = [query.metrics.get(found.node.name or "") for found in query.selectors()]
    if any(metric is None or metric.labels is None for metric in asked):
        return
    have = {label for metric in asked if metric for label in metric.labels or ()}
    for found in query.nodes:
        if found.kind == "Call" and found.node.func.name in ("label_replace", "label_join"):
            have.add(found.node.args[1].val)
    for found in query.nodes:
        for label in _grouped(found.node):
            if label not in have:
                yield query.finding("label", f'grouping by "{label}", which no metric here has')


def _grouped(node: Any) -> list[str]:
    modifier = getattr(node, "modifier", None)
    if modifier is None:
        return []
    labels = getattr(modifier, "labels", None)
    if labels is None and getattr(modifier, "matching", None):
        labels = modifier.matching.labels
    return list(labels or ())


def _quantiles(query: Target) -> Iterator[Finding]:
    for found in query.nodes:
        if found.kind == "AggregateExpr" and str(found.node.op) == "avg" and _has_quantile(found.node):
            yield query.finding("average-of-quantiles", "an average of quantiles is no quantile")
        if found.kind != "Call" or found.node.func.name != "histogram_quantile":
            continue
        guard = found.parent
        guarded = type(guard).__name__ == "BinaryExpr" and str(guard.op) == ">=" and is_number(guard.rhs, 0)
        if not guarded:
            yield query.finding(
                "quantile-guard", "without traffic histogram_quantile is NaN: write `... >= 0`"
            )
        inner = bare(found.node.args[1])
        if type(inner).__name__ == "AggregateExpr" and not _keeps(inner, "le"):
            yield query.finding("quantile-le", "the buckets are summed without keeping `le`")


def _has_quantile(node: Any) -> bool:
    return any(f.kind == "Call" and f.node.func.name == "histogram_quantile" for f in walk(node))


def _keeps(aggregate: Any, label: str) -> bool:
    modifier = aggregate.modifier
    if modifier is None:
        return False
    listed = label in modifier.labels
    return not listed if str(modifier.type).endswith("Without") else listed


def _ratios(query: Target) -> Iterator[Finding]:
    for found in query.nodes:
        if found.kind != "BinaryExpr" or str(found.node.op) != "/" or is_number(found.node.rhs):
            continue
        below = bare(found.node.rhs)
        guarded = (
            type(below).__name__ == "BinaryExpr" and str(below.op) in (">", "!=") and is_number(below.rhs, 0)
        )
        if not guarded:
            yield query.finding("denominator", "a denominator that can be 0: write `/ (... > 0)`")


def _functions(query: Target) -> Iterator[Finding]:
    for found in query.nodes:
        name = found.node.func.name if found.kind == "Call" else ""
        if name == "vector":
            yield query.finding(
                "vector", "`vector(...)` hides an outage of the scraping: write `or 0 * max(up{...})`"
            )
        if name in UNCOMMON:
            yield query.finding("function", f"{name} is not in every supported Prometheus")


def _kind(query: Target) -> Iterator[Finding]:
    type_, instant = query.panel.get("type"), query.target.get("instant")
    if type_ in ("timeseries", "state-timeline", "heatmap") and instant:
        yield query.finding("query-kind", "an instant query in a panel over time")
    whole = any(found.kind == "MatrixSelector" and found.node.range == RANGE for found in query.nodes)
    if type_ == "stat" and whole and not instant:
        yield query.finding("query-kind", "a figure over the whole range needs one instant query")
    calcs = query.panel.get("options", {}).get("reduceOptions", {}).get("calcs")
    current = calcs == ["last"] and f"or {NO_NUMBER} *" in query.target["expr"]
    if type_ == "stat" and not instant and not current:
        message = (
            "shows a figure from before an outage as one of now: ask once, or reduce to the last point and "
        )
        yield query.finding("stale", f"{message}write `or {NO_NUMBER} * max(up{{...}})`")
