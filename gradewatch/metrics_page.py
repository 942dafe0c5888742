"""docs/metrics.md: the catalogue as a page, one table a subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from exporter.catalogue import FAMILIES, FOREIGN, LABELLED, Family, ForeignFamily
from exporter.collector import go_float

# Names that monitoring plans of graders commonly use, and what says the same here. A name without a metric of
# ours is the application's own, or of a subject that is not exported yet.
ALSO_CALLED = {
    "backup_last_status": "grader_backup_last_success",
    "auth_failures_total": "grader_security_failed_logins_total",
    "data_export_bytes": "grader_security_exported_bytes_total",
    "active_sessions_total": "grader_users_sessions",
    "mysql_up": "grader_database_up",
    "api_requests_total": "http_requests_total",
    "model_accuracy": "grader_model_accuracy",
    "feature_drift_score": "grader_model_feature_drift_ks_statistic",
    "false_positive_rate": "grader_model_false_positive_ratio",
    "false_negative_rate": "grader_model_false_negative_ratio",
}

_COLUMNS = ("name", "type", "labels", "unit", "help", "collector", "exported")

_HEAD = """\
# Metrics

Made from [exporter/catalogue.py](../exporter/catalogue.py) by `python -m gradewatch.golden`; edit it there.

Rules, dashboards and tests take their names from the same place: a name or a label that is not on this page
does not build. Every metric of the sidecar also has the labels `job` and `instance`, which Prometheus sets.
Families marked *later* have their final name and labels, and are not exported yet.

Labels with a list have exactly these values. The others hold names from the configuration, or are bounded by
`collection.max_label_values`; what is over the bound is counted as `other` (counters, histograms) or left out
(gauges), and `grader_exporter_label_values_dropped` says how many values that were. No label holds a person.

Where [graders[].labels](profiles.md#by-course-and-assignment) asks for it, {labelled}
have the labels `course` or `assignment` as well.
"""


def metrics_page() -> str:
    """The page, as Markdown."""
    *first, last = [f"`{family.name}`" for family in LABELLED]
    head = _HEAD.format(labelled=f"{', '.join(first)} and {last}")
    return "\n".join([head, *_ours(), *_also_called(), *_foreign()])


def _ours() -> Iterator[str]:
    for subject, families in groupby(FAMILIES.values(), key=lambda family: family.subject):
        yield f"## {subject}\n"
        yield from _table(_COLUMNS, map(_row, families))


def _row(family: Family) -> tuple[str, ...]:
    text = family.help.partition(" Collector ")[0]
    if family.buckets:
        text += f" Buckets: {' '.join(map(go_float, family.buckets))}."
    name = f"`{family.name}`"
    return (name, family.type, _labels(family), family.unit, text, family.collector, family.since)


def _labels(family: Family) -> str:
    return "<br>".join(
        f"`{label}`: {', '.join(family.values[label])}" if label in family.values else f"`{label}`"
        for label in family.labels
    )


def _also_called() -> Iterator[str]:
    yield "## Other names for the same thing\n"
    yield "What monitoring plans often call it, and where it is found here.\n"
    rows = ((f"`{name}`", f"`{ours}`" if ours else "not yet") for name, ours in ALSO_CALLED.items())
    yield from _table(("elsewhere", "here"), rows)


def _foreign() -> Iterator[str]:
    yield "## Metrics of other exporters\n"
    yield "What rules and dashboards use beside ours. The application's names can be changed in the policy.\n"
    rows = (_foreign_row(family) for family in FOREIGN.values())
    yield from _table(("name", "type", "labels", "exporter"), rows)


def _foreign_row(family: ForeignFamily) -> tuple[str, ...]:
    return (
        f"`{family.name}`",
        family.type,
        ", ".join(f"`{label}`" for label in family.labels),
        family.exporter,
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
