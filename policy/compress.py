"""The same policy in faster time, for demonstrations and end-to-end tests: minutes become seconds."""

from __future__ import annotations

import dataclasses
from typing import Any

from policy.escalation import PriorityPolicy
from policy.model import Policy, Scrape
from typedyaml.units import Duration

FASTEST_SCRAPE = Duration(0.5)
SCRAPES_PER_WINDOW = 4
"""A rate needs samples: no window is made shorter than this many scrapes."""


_THRESHOLDS = ("above", "below", "within", "good", "bad")
_OPERATION = Duration(60)
"""A threshold below a minute is about one operation (a request, a statement): that runs no faster."""


def compress(policy: Policy, speed: float) -> Policy:
    """Every duration divided by `speed`, thresholds of a minute and more too; plain numbers stay.

    Scrapes happen no more often than every half second, and windows keep at least four of them. Retention and
    the objectives' periods are divided like the rest, so burn rates keep their factors. Hours are gone.
    """
    if speed == 1:
        return policy
    fast: Policy = _divide(policy, speed)
    interval = max(FASTEST_SCRAPE, fast.scrape.interval)
    jobs = {
        name: dataclasses.replace(job, interval=max(FASTEST_SCRAPE, job.interval) if job.interval else None)
        for name, job in fast.scrape.jobs.items()
    }
    scrape = Scrape(interval, max(FASTEST_SCRAPE, fast.scrape.evaluation), jobs)
    least = Duration(interval.seconds * SCRAPES_PER_WINDOW)
    alerts = {
        name: dataclasses.replace(alert, window=max(least, alert.window) if alert.window else None)
        for name, alert in fast.alerts.items()
    }
    tiers = {
        name: dataclasses.replace(tier, short=max(least, tier.short), long=max(least, tier.long))
        for name, tier in fast.burn_tiers.items()
    }
    rows = {name: _at_any_hour(row) for name, row in fast.priorities.items()}
    return dataclasses.replace(fast, scrape=scrape, alerts=alerts, burn_tiers=tiers, priorities=rows)


def _at_any_hour(row: PriorityPolicy) -> PriorityPolicy:
    """Times of day cannot run faster: hours are gone, and a daily digest is an ordinary message."""
    digest = row.digest if row.digest and row.digest.every else None
    return dataclasses.replace(row, hours=None, digest=digest)


def _divide(value: Any, speed: float) -> Any:
    if isinstance(value, Duration):
        return value / speed
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value,
            **{f.name: _figure(f.name, getattr(value, f.name), speed) for f in dataclasses.fields(value)},
        )
    if isinstance(value, dict):
        return {key: _divide(item, speed) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_divide(item, speed) for item in value)
    return value


def _figure(name: str, value: Any, speed: float) -> Any:
    if name in _THRESHOLDS and isinstance(value, Duration) and value < _OPERATION:
        return value
    return _divide(value, speed)
