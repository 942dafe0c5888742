"""One number for how a part of the system is, with the word for it: 0 good, 1 impaired, 2 down."""

from __future__ import annotations

from dashboards.palette import CRITICAL, OK, WARNING, words
from dashboards.series import ALERTS, Like, Value, series
from policy.model import Policy

GOOD, IMPAIRED, DOWN = 0, 1, 2
COMPONENT = words({GOOD: ("OK", OK), IMPAIRED: ("Impaired", WARNING), DOWN: ("Down", CRITICAL)})
SERVED = words({GOOD: ("Yes", OK), IMPAIRED: ("With trouble", WARNING), DOWN: ("No", CRITICAL)})


def state(policy: Policy, alive: str, **alerts: Value) -> str:
    """Down when all of `alive` is 0 or a P1 alert fires, impaired on a P2 alert, good while `alive` is seen.

    Where nothing is seen, or no rules are evaluated, there is no value: no data must not look good.
    """
    return (
        f"{DOWN} + (max({alive}) == 0)"
        f" or {DOWN} * max({_firing(policy, 'P1', alerts)})"
        f" or max({_firing(policy, 'P2', alerts)})"
        f" or {GOOD} * (max({alive}) and max({heartbeat(policy)}))"
    )


def firing(policy: Policy, **matchers: Value) -> str:
    """The firing alerts of this policy, each once however far it was escalated; the heartbeat is not one."""
    given: dict[str, Value] = {"priority": Like("P[1-4]")} | matchers
    return series(ALERTS, alertstate="firing", escalation="0", service=policy.service, **given)


def number_firing(policy: Policy, **matchers: Value) -> str:
    """How many of them; 0 only while the heartbeat proves that rules are evaluated."""
    return f"count({firing(policy, **matchers)}) or 0 * max({heartbeat(policy)})"


def heartbeat(policy: Policy) -> str:
    """The alert that always fires."""
    return series(ALERTS, alertname="Watchdog", alertstate="firing", service=policy.service)


def _firing(policy: Policy, priority: str, alerts: dict[str, Value]) -> str:
    return firing(policy, priority=priority, **alerts)


def categories(*names: str) -> Like:
    """A matcher of alert categories."""
    return Like("|".join(names))
