"""Selectors of series. What the catalogue lacks (family, label, value) raises: such a board is not built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.catalogue import ADDED_LABELS, FOREIGN, LABELLED, Family, ForeignFamily
from policy.model import Policy

RULE_LABELS = ("priority", "severity", "service", "team", "category", "alert_type", "escalation")
"""What the rules put on every alert."""
HISTOGRAM_PARTS = ("bucket", "count", "sum")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A series that a recording rule writes."""

    name: str
    labels: tuple[str, ...] = ("service", "slo")


@dataclass(frozen=True, slots=True)
class Like:
    """A regular expression instead of a value: `=~`."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Not:
    """Anything but this value: `!=`."""

    value: str


Value = str | Like | Not
Selectable = Family | ForeignFamily | Recorded

NO_NUMBER = "NaN"
UP = FOREIGN["up"]
ALERTS = FOREIGN["ALERTS"]
ALERTS_FOR_STATE = FOREIGN["ALERTS_FOR_STATE"]
_OF_RULES = (ALERTS.name, ALERTS_FOR_STATE.name)


class UnknownSeriesError(ValueError):
    """A board asks for a family, a label or a value that nobody exports."""


def requests(policy: Policy) -> ForeignFamily:
    """The application's request counter under the policy's names."""
    return ForeignFamily(
        policy.application.requests, "counter", (policy.application.status_label,), "application"
    )


def request_duration(policy: Policy) -> ForeignFamily:
    """The application's latency histogram under the policy's name."""
    return ForeignFamily(policy.application.duration, "histogram", (), "application")


def series(family: Selectable, part: str = "", /, **matchers: Value) -> str:
    """A selector: the board's job and instance, then the given matchers.

    `part` is bucket, count or sum of a histogram. What rules write carries neither job nor instance.
    """
    _refuse_unknown(family, part, matchers)
    name = f"{family.name}_{part}" if part else family.name
    own = "" if _is_ruled(family) else 'job=~"$job", instance=~"$instance"'
    given = ", ".join(_matcher(label, value) for label, value in matchers.items())
    inside = ", ".join(text for text in (own, given) if text)
    return f"{name}{{{inside}}}" if inside else name


def rate(family: Selectable, part: str = "", /, **matchers: Value) -> str:
    """Per second over the interval that fits the resolution of the panel."""
    return f"rate({series(family, part, **matchers)}[$__rate_interval])"


def quantile(q: float, family: Selectable, range_: str = "$__rate_interval", /, **matchers: Value) -> str:
    """A quantile of a histogram; without traffic there is no value instead of NaN."""
    buckets = f"rate({series(family, 'bucket', **matchers)}[{range_}])"
    return f"histogram_quantile({q:g}, sum by (le) ({buckets})) >= 0"


def or_no_data(expr: str, job: str) -> str:
    """The expression, and no number where it has none while Prometheus still looks after the job.

    A figure with a trend shows its last point: without this that would be the one from before an outage.
    """
    return f"({expr}) or {NO_NUMBER} * max({series(UP, job=job)})"


def _is_ruled(family: Selectable) -> bool:
    return isinstance(family, Recorded) or family.name in _OF_RULES


def _refuse_unknown(family: Selectable, part: str, matchers: Mapping[str, Value]) -> None:
    type_ = "" if isinstance(family, Recorded) else family.type
    if (type_ == "histogram") != bool(part) or (part and part not in HISTOGRAM_PARTS):
        raise UnknownSeriesError(f'{family.name} is a {type_ or "record"}: it has no part "{part}"')
    allowed = {*family.labels, "job", "instance", *(RULE_LABELS if _is_ruled(family) else ())}
    allowed |= {"le"} if part == "bucket" else set()
    allowed |= set(ADDED_LABELS if family in LABELLED else ())
    for label, value in matchers.items():
        if label not in allowed:
            raise UnknownSeriesError(
                f'{family.name} has no label "{label}"; it has {", ".join(sorted(allowed))}'
            )
        closed = family.values.get(label) if isinstance(family, Family) else None
        if closed and isinstance(value, str) and value not in closed:
            raise UnknownSeriesError(f'{family.name}: {label} is never "{value}"; it is {", ".join(closed)}')


def _matcher(label: str, value: Value) -> str:
    if isinstance(value, Like):
        return f'{label}=~"{value.pattern}"'
    if isinstance(value, Not):
        return f'{label}!="{value.value}"'
    return f'{label}="{value}"'
