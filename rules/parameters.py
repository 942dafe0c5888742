"""The figures of an alert against what its rule takes: unknown alerts, missing and superfluous figures."""

from __future__ import annotations

from collections.abc import Iterator

from policy.model import Alert, Policy
from rules.mixin import Declaration, declarations
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

FIGURES = ("above", "below", "window", "minimum", "quantile")
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
    takes = declared.takes
    for figure in FIGURES:
        at = ("alerts", name, figure)
        value = getattr(alert, figure)
        if value is None and figure in takes:
            yield doc.fault(("alerts", name), f'{name} needs "{figure}"; it takes {_listed(takes)}')
        elif value is not None and figure not in takes:
            yield doc.fault(at, f'{name} takes no "{figure}"; it takes {_listed(takes)}')
        elif value is not None and (wrong := _wrong(takes[figure], value)):
            yield doc.fault(at, f"{name}, {figure}: {wrong}, found {value}")
    if alert.window:
        yield from _window(doc, ("alerts", name, "window"), alert.window, declared.job)


def _listed(takes: dict[str, str]) -> str:
    return ", ".join(takes) or "no figures"


def _wrong(kind: str, value: float | Duration) -> str | None:
    """What a figure of this kind must be, when it is not."""
    if kind == "ratio" and (isinstance(value, Duration) or not 0 < value < 1):
        return "must be a ratio between 0 and 1 (0.05 is 5 %)"
    if kind == "count" and (isinstance(value, Duration) or value < 0):
        return "must be a number, 0 or more"
    if kind == "seconds" and (value.seconds if isinstance(value, Duration) else value) <= 0:
        return "must be a duration or a number of seconds, above 0"
    return None


def _window(doc: Document[Policy], at: tuple[str, ...], window: Duration, purpose: str) -> Iterator[Fault]:
    scrape = doc.value.scrape
    interval = scrape.jobs[purpose].interval or scrape.interval
    least = Duration(interval.seconds * SCRAPES_PER_WINDOW)
    if window < least:
        yield doc.fault(
            at, f"{window} holds fewer than {SCRAPES_PER_WINDOW} scrapes ({interval}); at least {least}"
        )
