"""The contract with the exporters: only metrics, labels and values that exist, and counters as counters.

Offline: the catalogue is the authority, no Prometheus is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

import promql_parser as promql

from exporter.catalogue import FAMILIES, FOREIGN
from policy.model import Application, Policy, Sli
from typedyaml.faults import unknown

OF_COUNTERS = frozenset({"rate", "irate", "increase", "resets"})
WHATEVER_TYPE = frozenset({"absent", "absent_over_time", "present_over_time", "changes", "timestamp"})
EVERY_SERIES = ("job", "instance")
SIDECARS = "grader_"
"""How the sidecar's own metrics begin; the catalogue knows them all."""
BY_SERVICE = "service_priority:"
"""How records begin that are made of ALERTS: they belong to a service and to no job."""
DEFAULTS = Application()
_HISTOGRAM_LABELS: dict[str, tuple[str, ...]] = {"_bucket": ("le",), "_sum": (), "_count": ()}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one series name; `labels` is None where rules make them (ALERTS, records)."""

    counter: bool
    labels: frozenset[str] | None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def known(
    application: Application = DEFAULTS, records: Mapping[str, frozenset[str] | None] | None = None
) -> dict[str, Known]:
    """Every series that an expression may use: the catalogue's, the application's under its configured names,
    and `records` (name -> labels, where they are known)."""
    renamed = {getattr(DEFAULTS, own.name): getattr(application, own.name) for own in fields(DEFAULTS)}
    found: dict[str, Known] = {}
    for family in FAMILIES.values():
        found |= _series(family.name, family.type, family.labels, family.values)
    # The application's last: it may call them as another exporter calls its own.
    for foreign in sorted(FOREIGN.values(), key=lambda family: family.name in renamed):
        own = (application.status_label,) if foreign.name == "http_requests_total" else foreign.labels
        found |= _series(renamed.get(foreign.name, foreign.name), foreign.type, own, {})
    found |= {name: Known(False, None) for name in ("ALERTS", "ALERTS_FOR_STATE")}
    return found | {name: Known(False, labels) for name, labels in (records or {}).items()}


def _series(
    name: str, kind: str, labels: tuple[str, ...], values: Mapping[str, tuple[str, ...]]
) -> dict[str, Known]:
    every = frozenset({*labels, *EVERY_SERIES})
    if kind != "histogram":
        return {name: Known(kind == "counter", every, values)}
    return {f"{name}{end}": Known(True, every | {*more}, values) for end, more in _HISTOGRAM_LABELS.items()}


def measured(policy: Policy, series: Mapping[str, Known]) -> dict[str, Known]:
    """What objectives are measured on and no catalogue has: the application's own metrics, and the labels by
    which an objective chooses among them. The sidecar's have those of the catalogue and no more."""
    found: dict[str, Known] = {}
    for sli in (objective.sli for objective in policy.objectives.values()):
        name = sli.metric or _of_application(policy.application, sli)
        if name.startswith(SIDECARS):
            continue
        more = frozenset({*(sli.where or {}), *(sli.bad or {})})
        for end in ("_bucket", "_count") if sli.kind == "latency" else ("",):
            known = found.get(f"{name}{end}") or series.get(f"{name}{end}")
            counter = known.counter if known else sli.kind not in ("availability", "freshness")
            labels = known.labels | more if known and known.labels is not None else None
            found[f"{name}{end}"] = Known(counter, labels, known.values if known else {})
    return found


def _of_application(application: Application, sli: Sli) -> str:
    return {"request_errors": application.requests, "latency": application.duration}.get(sli.kind, "up")


def used(expr: str) -> frozenset[str]:
    """The names of the series that an expression reads."""
    return frozenset(selector.name or "" for selector, _ in _selectors(promql.parse(expr), ""))


def findings(expr: str, series: Mapping[str, Known]) -> Iterator[str]:
    """What an expression does that the catalogue does not allow, one sentence each."""
    try:
        tree = promql.parse(expr)
    except ValueError as error:
        yield f"not PromQL: {error}"
        return
    for selector, function in _selectors(tree, ""):
        name = selector.name or ""
        if name not in series:
            yield unknown("metric", name, series)
            continue
        yield from _matchers(selector, series[name])
        if series[name].counter and function not in OF_COUNTERS | WHATEVER_TYPE:
            yield f"{name} is a counter: take its rate or increase"
        if not series[name].counter and function in OF_COUNTERS:
            yield f"{name} is a gauge: {function}() is for counters"
    yield from _groupings(tree, series)


def _matchers(selector: promql.VectorSelector, of: Known) -> Iterator[str]:
    matchers = selector.matchers.matchers
    names = {matcher.name for matcher in matchers}
    of_service = (selector.name or "").startswith(BY_SERVICE) and "service" in names
    if selector.name not in ("ALERTS", "ALERTS_FOR_STATE") and "job" not in names and not of_service:
        yield f"{selector.name} is selected without a job"
    for matcher in matchers:
        if of.labels is not None and matcher.name not in of.labels:
            yield f"{selector.name}: {unknown('label', matcher.name, of.labels)}"
        elif matcher.op == promql.MatchOp.Equal and matcher.value not in of.values.get(
            matcher.name, (matcher.value,)
        ):
            yield f"{selector.name}: {unknown(matcher.name, matcher.value, of.values[matcher.name])}"


def _selectors(node: promql.Expr, function: str) -> Iterator[tuple[promql.VectorSelector, str]]:
    """Every selector below `node`, with the function that takes it directly."""
    if isinstance(node, promql.VectorSelector):
        yield node, function
    elif isinstance(node, promql.MatrixSelector):
        yield node.vector_selector, function
    elif isinstance(node, promql.Call):
        for argument in node.args:
            yield from _selectors(argument, node.func.name)
    else:
        for child in _children(node):
            yield from _selectors(child, "")


def _children(node: promql.Expr) -> list[promql.Expr]:
    if isinstance(node, promql.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, promql.Call):
        return list(node.args)
    inner = getattr(node, "expr", None)
    return [inner] if inner is not None else []


def _groupings(node: promql.Expr, series: Mapping[str, Known]) -> Iterator[str]:
    """Labels in by() that no series below can have."""
    if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
        below = [series[s.name].labels for s, _ in _selectors(node.expr, "") if s.name and s.name in series]
        if below and None not in below:
            possible = frozenset[str]().union(*(labels for labels in below if labels))
            for label in set(node.modifier.labels) - possible:
                yield f"aggregated by a label that is not there: {unknown('label', label, possible)}"
    for child in _children(node):
        yield from _groupings(child, series)
