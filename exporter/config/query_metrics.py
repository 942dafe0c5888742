"""What may be wrong with one metric of `queries:`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exporter.catalogue import FAMILIES, FOREIGN, Family
from exporter.queries.families import family_of, queryable
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document

Place = tuple[str | int, ...]

_ALERT_LABELS = ("priority", "severity", "service", "team", "category", "alert_type", "escalation")
_RESERVED_LABELS = ("job", "instance", "le", "quantile", "alertname", "type")
_RESERVED_NAMES = ("scrape_", "process_", "python_", "grader_exporter_")
_SUFFIXES = ("_bucket", "_count", "_sum", "_info", "_created")
_OWN_KEYS = ("type", "help", "bounds")


def metric_faults(document: Document[Any], query: str, index: int) -> Iterator[Fault]:
    """Faults of the `index`-th metric of a query."""
    metric = document.value.queries[query].metrics[index]
    place = ("queries", query, "metrics", index)
    known = FAMILIES.get(metric.metric)
    if known is not None and known not in queryable():
        message = f"{metric.metric} is made by the collector {known.collector}, not by queries"
        yield document.fault((*place, "metric"), message)
        return
    if known is None:
        yield from _own_faults(document, place, metric)
        if metric.type is None or metric.help is None:
            return
    else:
        for key in _OWN_KEYS:
            if (*place, key) in document.positions:
                yield document.fault((*place, key), f"{key} of {metric.metric} is fixed by the catalogue")
    yield from _label_faults(document, place, metric, known)
    yield from _shape_faults(document, place, metric, query)


def definition_faults(document: Document[Any]) -> Iterator[Fault]:
    """An own metric that two queries define differently."""
    first: dict[str, Family] = {}
    for query, spec in document.value.queries.items():
        for index, metric in enumerate(spec.metrics):
            if metric.metric in FAMILIES or metric.type is None or metric.help is None:
                continue
            family = family_of(metric)
            before = first.setdefault(family.base_name, family)
            if before.name != family.name:
                message = f"{family.name} and {before.name} would be one metric: only their ends differ"
                yield document.fault(("queries", query, "metrics", index, "metric"), message)
            elif (before.type, before.help, before.labels, before.buckets) != (
                family.type,
                family.help,
                family.labels,
                family.buckets,
            ):
                message = f"{metric.metric} is defined differently by another query: one metric has one"
                yield document.fault(
                    ("queries", query, "metrics", index), f"{message} type, help, bounds and set of labels"
                )


def _own_faults(document: Document[Any], place: Place, metric: Any) -> Iterator[Fault]:
    name: str = metric.metric
    begins = [f for f in FAMILIES.values() if name.startswith(f.base_name)]
    if begins or name in {f.name for f in FOREIGN.values()}:
        taken = begins[0].name if begins else name
        yield document.fault((*place, "metric"), f"{name} begins like {taken}, a name of the catalogue")
        return
    if name.startswith("grader_"):
        yield document.fault((*place, "metric"), unknown("metric", name, (f.name for f in queryable())))
        return
    if name == "up" or name.startswith(_RESERVED_NAMES):
        yield document.fault((*place, "metric"), f"{name} is Prometheus' own or ours; choose another name")
    for key in ("type", "help"):
        if getattr(metric, key) is None:
            yield document.fault(place, f"{key} is missing: {name} is not in the catalogue")
    if name.endswith(_SUFFIXES):
        yield document.fault(
            (*place, "metric"), f"{name} ends like a part of a histogram; choose another name"
        )
    elif (metric.type == "counter") != name.endswith("_total") and metric.type is not None:
        rule = "a counter's name ends in _total, and no other's does"
        yield document.fault((*place, "metric"), f"{name}: {rule}")


def _label_faults(
    document: Document[Any], place: Place, metric: Any, known: Family | None
) -> Iterator[Fault]:
    for label in metric.labels.keys() & metric.constants.keys():
        yield document.fault((*place, "constants", label), f"{label} is a column's label already")
    if known is None:
        yield from _own_label_faults(document, place, metric)
    else:
        yield from _known_label_faults(document, place, metric, known)


def _own_label_faults(document: Document[Any], place: Place, metric: Any) -> Iterator[Fault]:
    for key in ("labels", "constants"):
        for label in getattr(metric, key):
            if label in _ALERT_LABELS:
                message = f'"{label}" is a label that alerts carry; it would be overwritten'
                yield document.fault((*place, key, label), message)
            elif label in _RESERVED_LABELS or label.startswith("__"):
                yield document.fault((*place, key, label), f'"{label}" is a reserved label')


def _known_label_faults(document: Document[Any], place: Place, metric: Any, known: Family) -> Iterator[Fault]:
    for key in ("labels", "constants"):
        for label in getattr(metric, key):
            if label not in known.labels:
                yield document.fault((*place, key, label), unknown("label", label, known.labels))
    for label in known.labels:
        if label not in metric.labels and label not in metric.constants:
            yield document.fault(place, f'{known.name} needs a column or a constant for the label "{label}"')
    for label, value in metric.constants.items():
        allowed = known.values.get(label)
        if allowed is not None and value not in allowed:
            yield document.fault((*place, "constants", label), unknown(label, value, allowed))


def _shape_faults(document: Document[Any], place: Place, metric: Any, query: str) -> Iterator[Fault]:
    """Which columns a metric needs, by its type and by how the rows are read."""
    family = family_of(metric)
    followed = document.value.queries[query].follow == "watermark"
    shape = _shape(family.type, metric, followed=followed)
    needs, may = shape
    keys = ("value", "le", "sum", "count", "buckets", "bounds", "map", "null")
    for key in needs:
        if not getattr(metric, key):
            yield document.fault(place, f"{key} is missing: {_what(family, followed=followed)} needs it")
    for key in keys:
        if key not in (*needs, *may) and (*place, key) in document.positions:
            yield document.fault(
                (*place, key), f"{key} says nothing about {_what(family, followed=followed)}"
            )
    if family.type == "gauge" and followed:
        yield document.fault(place, f"{family.name} is a gauge: rows that are read once make no state")
    bounds = tuple(sorted(metric.buckets.values()))
    if bounds and metric.metric in FAMILIES and bounds != family.buckets:
        listed = ", ".join(f"{bound:g}" for bound in family.buckets)
        yield document.fault((*place, "buckets"), f"the bounds of {family.name} are {listed}")
    elif list(family.buckets) != sorted(set(family.buckets)):
        key = "buckets" if metric.buckets else "bounds"
        yield document.fault((*place, key), "bounds must rise, and none be there twice")


def _shape(type_: str, metric: Any, *, followed: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys that are needed and keys that are possible."""
    own = metric.metric not in FAMILIES
    if type_ != "histogram":
        return ((), ("value", "map")) if followed else (("value",), ("map", "null"))
    if followed:
        return (("value", "bounds") if own else ("value",)), ("map",)
    if metric.le is not None:
        return ("le", "value", "sum", *(("bounds",) if own else ())), ()
    return ("buckets", "sum", "count"), ()


def _what(family: Family, *, followed: bool) -> str:
    return f"a {'followed ' if followed else ''}{family.type}"
