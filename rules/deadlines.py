"""How late a message can be after the fault, against what the policy promises for some alerts.

The worst case: the fault comes right after a scrape, the next one hangs until its timeout, the evaluation has
just been, and `for` is rounded up to evaluations. A new group waits group_wait.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from policy.model import Alert, Policy
from rules.mixin import declarations
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

SCRAPE_TIMEOUT = Duration(10)
"""Prometheus' default; never longer than the interval."""


def latest(policy: Policy, name: str) -> Duration:
    """From the fault to the message's departure, at worst; of an alert that compares what is scraped."""
    alert = policy.alerts[name]
    job = policy.scrape.jobs[declarations()[name].job]
    interval = job.interval or policy.scrape.interval
    waits = interval.seconds + min(interval, SCRAPE_TIMEOUT).seconds
    return Duration(waits + _evaluated(policy, alert) + policy.priorities[alert.priority].group_wait.seconds)


def _evaluated(policy: Policy, alert: Alert) -> float:
    pace = policy.scrape.evaluation.seconds
    return pace + math.ceil(alert.for_.seconds / pace) * pace


def faults_of(doc: Document[Policy]) -> Iterator[Fault]:
    """Promises for alerts that do not exist, or that cannot be kept."""
    policy = doc.value
    for name, promised in policy.notify_within.items():
        at = ("notify_within", name)
        if name not in policy.alerts or not policy.alerts[name].enabled:
            yield doc.fault(at, unknown("alert", name, policy.alerts))
        elif policy.alerts[name].window:
            yield doc.fault(at, f"{name} looks back over a window: how late it is depends on the fault")
        elif (found := latest(policy, name)) > promised:
            message = (
                f"{name} can be told {found} after the fault, later than {promised}: shorten for, interval"
            )
            yield doc.fault(at, f"{message}, evaluation or group_wait")
