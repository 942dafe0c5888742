"""The figures of an alert against what its rule takes: unknown alerts, missing and superfluous figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exporter.catalogue import GRADER_COMPLIANCE_INCIDENT_REPORT_SECONDS as INCIDENT_REPORT
from policy.model import Alert, Policy
from rules.mixin import Declaration, declarations
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

FIGURES = ("above", "below", "window", "minimum", "quantile", "offset", "horizon")
SCRAPES_PER_WINDOW = 4
"""A rate needs samples also when a scrape is late."""


def faults_of(doc: Document[Policy]) -> Iterator[Fault]:
    """All faults of the alerts' figures, with their place in the policy."""
    known = declarations()
    for name, alert in doc.value.alerts.items():
        if name in known:
            yield from _figures(doc, name, alert, known[name])
        else:
            yield doc.fault(("alerts", name), unknown("alert", name, known))
    for name, tier in doc.value.burn_tiers.items():
        yield from _window(doc, ("burn_tiers", name, "short"), tier.short, "application")


def _figures(doc: Document[Policy], name: str, alert: Alert, declared: Declaration) -> Iterator[Fault]:
    given = _given(alert)
    at = ("alerts", name)
    for figure in sorted(declared.takes.keys() - given.keys()):
        yield doc.fault(at, f'{name} needs "{figure}"; it takes {_listed(declared.takes)}')
    for figure, value in given.items():
        place = (*at, *figure.split("."))
        if figure not in declared.takes:
            yield doc.fault(place, f'{name} takes no "{figure}"; it takes {_listed(declared.takes)}')
        elif declared.takes[figure] == "horizon" and not alert.enabled:
            continue  # forecasts may be gone with the alerts that read them
        elif wrong := _wrong(declared.takes[figure], value, doc.value):
            yield doc.fault(place, f"{name}, {figure}: {wrong}, found {value}")
    if declared.job not in doc.value.scrape.jobs:
        lacking = f'{name} watches job "{declared.job}", which scrape.jobs does not have'
        if alert.enabled:
            yield doc.fault(at, f"{lacking}; add it or disable the alert")
    elif alert.window:
        yield from _window(doc, (*at, "window"), alert.window, declared.job)
    for key in ("window", "offset"):
        value = getattr(alert, key)
        if value and value > doc.value.retention:
            message = f"{value} is longer than Prometheus keeps samples ({doc.value.retention})"
            yield doc.fault((*at, key), message)


def _given(alert: Alert) -> dict[str, Any]:
    """The figures of an alert by name; one of several limits is `limits.<name>`."""
    single = {figure: getattr(alert, figure) for figure in FIGURES}
    several = {f"limits.{name}": value for name, value in alert.limits.items()}
    return {figure: value for figure, value in (single | several).items() if value is not None}


def _listed(takes: dict[str, str]) -> str:
    return ", ".join(takes) or "no figures"


def _wrong(kind: str, value: float | Duration, policy: Policy) -> str | None:
    """What a figure of this kind must be, when it is not."""
    if kind == "ratio" and (isinstance(value, Duration) or not 0 < value < 1):
        return "must be a ratio between 0 and 1 (0.05 is 5 %)"
    if kind in ("count", "bytes", "rate") and (isinstance(value, Duration) or value < 0):
        return "must be a number, 0 or more"
    if kind in ("seconds", "bucket") and (value.seconds if isinstance(value, Duration) else value) <= 0:
        return "must be a duration or a number of seconds, above 0"
    if kind == "bucket" and _seconds(value) not in INCIDENT_REPORT.buckets:
        return f"must be a bucket of {INCIDENT_REPORT.name}"
    if kind == "horizon" and value not in (planned := policy.capacity.horizons if policy.capacity else ()):
        return f"must be one of capacity.horizons ({', '.join(map(str, planned)) or 'there are none'})"
    return None


def _seconds(value: float | Duration) -> float:
    return value.seconds if isinstance(value, Duration) else value


def _window(doc: Document[Policy], at: tuple[str, ...], window: Duration, purpose: str) -> Iterator[Fault]:
    scrape = doc.value.scrape
    interval = scrape.jobs[purpose].interval or scrape.interval
    least = Duration(interval.seconds * SCRAPES_PER_WINDOW)
    if window < least:
        yield doc.fault(
            at, f"{window} holds fewer than {SCRAPES_PER_WINDOW} scrapes ({interval}); at least {least}"
        )
