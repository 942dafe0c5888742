"""The family that a metric of `queries:` writes: the catalogue's, or one of the configuration's own."""

from __future__ import annotations

import functools
from typing import Any

from exporter import catalogue
from exporter.catalogue import FAMILIES, Family

_UNITS = ("seconds", "bytes", "ratio")
_QUERIED = ("queries",)
_ALSO: tuple[str, ...] = ("grader_build_info", "grader_check_failures")
"""Families of other collectors that a statement may fill as well."""


@functools.cache
def queryable() -> tuple[Family, ...]:
    """Families of the catalogue that SQL of the configuration may fill."""
    return tuple(f for f in FAMILIES.values() if f.collector in _QUERIED or f.name in _ALSO)


def family_of(metric: Any) -> Family:
    """The family of a metric of the configuration (`exporter.config.queries.Metric`), whose name is good."""
    if metric.metric in FAMILIES:
        return FAMILIES[metric.metric]
    base = metric.metric.removesuffix("_total")
    return Family(
        name=metric.metric,
        type=metric.type,
        help=metric.help,
        # In one order, so that two queries that feed one metric may name them in any.
        labels=tuple(sorted({**metric.labels, **metric.constants})),
        unit=next((unit for unit in _UNITS if base.endswith(f"_{unit}")), ""),
        buckets=tuple(sorted(metric.buckets.values())) or metric.bounds,
        collector="queries",
        subject="queries",
    )


def is_personal(family: Family) -> bool:
    """Whether a family counts people of whom nobody may be singled out by a small number."""
    return family is catalogue.GRADER_EDUCATION_AT_RISK_STUDENTS
