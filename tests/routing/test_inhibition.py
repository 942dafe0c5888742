"""Who keeps whom quiet: every pair of alerts on a real Alertmanager, also those that must stay loud."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from alertmanager.table import WATCHDOG, Case, cases
from policy.model import Policy
from tests.routing.conftest import Server, eventually
from typedyaml.units import Duration

TIERS = ("fast", "medium", "slow", "longterm")


def is_kept_quiet(policy: Policy, source: Mapping[str, str], target: Mapping[str, str]) -> bool:
    """What the policy says, written a second time: listed rules, and faster tiers of one objective."""
    for rule in policy.inhibit:
        listed = target["alertname"] in rule.targets.alerts or target["priority"] in rule.targets.priorities
        if source["alertname"] == rule.source and listed:
            return True
    tiers = [TIERS.index(labels["burn_tier"]) for labels in (source, target) if "burn_tier" in labels]
    return len(tiers) == 2 and tiers[0] < tiers[1] and source.get("slo") == target.get("slo")


def series_labels(policy: Policy) -> dict[str, str]:
    """The labels of series by which pairs are told apart, one value each: everything fires in one place."""
    named = {label for rule in policy.inhibit for label in rule.equal} - {"service"}
    return {label: f"one-{label}" for label in sorted(named)}


def hold_messages(config: dict[str, Any]) -> None:
    """Nothing is sent: this test asks Alertmanager, not the sinks."""
    for route in (config["route"], *config["route"]["routes"]):
        route["group_wait"] = "1h"


def representatives(policy: Policy) -> tuple[list[Case], list[Case]]:
    """Sources: all that silence anything, and an alert a priority that does not. Targets: every alert at its
    first step, and of each priority one at all its steps."""
    first = [case for case in cases(policy) if case.row.step == 0]
    named = {rule.source for rule in policy.inhibit}
    loud = {case.row.priority: case for case in first if not {case.labels["alertname"], "burn_tier"} & named}
    sources = [case for case in first if case.labels["alertname"] in named or "burn_tier" in case.labels]
    sources += [case for case in loud.values() if case not in sources]
    whole = {case.labels["alertname"] for case in loud.values()}
    later = [case for case in cases(policy) if case.row.step and case.labels["alertname"] in whole]
    return sources, first + later


def scenes(policy: Policy) -> Iterator[tuple[Case, ...]]:
    """What fires together, each scene at a service of its own: every source with every alert that silences
    nobody, and every two sources, so that whoever is quiet in a scene was silenced by a source of it."""
    sources, targets = representatives(policy)
    harmless = [case for case in targets if case not in sources]
    for index, source in enumerate(sources):
        mine = source.labels["alertname"], source.labels.get("burn_tier")
        yield source, *(c for c in harmless if (c.labels["alertname"], c.labels.get("burn_tier")) != mine)
        yield from ((source, other) for other in sources[:index])


def test_alerts_are_quiet_or_loud_as_the_policy_says(start: Callable[..., Server]) -> None:
    server = start(hold_messages)
    # Thousands of alerts at once: the answer takes seconds, on a busy machine many.
    server.client = replace(server.client, timeout=Duration(120.0))
    same_place = series_labels(server.policy)
    at = {server.service(): scene for scene in scenes(server.policy)}
    alerts = [{**same_place, **case.labels, "service": service} for service in at for case in at[service]]
    for batch in range(0, len(alerts), 500):
        server.fire(*alerts[batch : batch + 500])
    server.fire({"alertname": WATCHDOG, "priority": "none", "service": next(iter(at))})
    found = server.client.firing({})
    assert len(found) == len(alerts) + 1
    quiet = {
        (
            alert.labels["service"],
            alert.labels["alertname"],
            alert.labels.get("burn_tier"),
            alert.labels["escalation"],
        )
        for alert in found
        if alert.inhibited_by
    }
    expected = {
        (service, to.labels["alertname"], to.labels.get("burn_tier"), to.labels["escalation"])
        for service, scene in at.items()
        for to in scene
        if any(is_kept_quiet(server.policy, by.labels, to.labels) for by in scene if by is not to)
    }
    assert 20 < len(expected) < len(alerts)
    assert quiet == expected


def test_what_happens_in_another_place_stays_loud(start: Callable[..., Server]) -> None:
    """Another disk, host, model, certificate: a pair that differs in one label of `equal`, each in turn."""
    server = start(hold_messages)
    by_name = {case.labels["alertname"]: case.labels for case in cases(server.policy) if case.row.step == 0}
    same_place = series_labels(server.policy)
    elsewhere: list[dict[str, str]] = []
    here: list[dict[str, str]] = []
    for rule in server.policy.inhibit:
        for label in set(rule.equal) - {"service"}:
            for name in rule.targets.alerts:
                service = server.service()
                target = {**same_place, **by_name[name], "service": service}
                here.append({**same_place, **by_name[rule.source], "service": service})
                elsewhere.append({**target, label: f"another-{label}"})
    assert len(elsewhere) > 20
    server.fire(*here, *elsewhere)
    firing = {tuple(sorted(a.labels.items())): a for a in server.client.firing({})}
    assert firing.keys() >= {tuple(sorted(labels.items())) for labels in (*here, *elsewhere)}
    loud = [labels for labels in elsewhere if not firing[tuple(sorted(labels.items()))].inhibited_by]
    assert loud == elsewhere


DISK = ("DiskSpaceLow", "DiskFullSoon", "DiskRunsOut")
SLOW = (
    "SlowResponseTime",
    "SlowTailResponse",
    "SlowMedianResponse",
    "MeanResponseTimeHigh",
    "LatencyBudgetBurn",
)


@pytest.mark.parametrize(
    ("worst", "milder"), [("DiskSpaceCritical", DISK), ("VerySlowResponseTime", SLOW)], ids=["disk", "slow"]
)
def test_the_worst_grade_is_told_once_and_the_milder_ones_not(
    start: Callable[..., Server], worst: str, milder: tuple[str, ...]
) -> None:
    server = start()
    service, barrier = server.service(), server.service()
    by_name = {case.labels["alertname"]: case.labels for case in cases(server.policy) if case.row.step == 0}
    same_place = series_labels(server.policy)
    one = {**same_place, **by_name[worst], "service": service}
    server.fire(one)
    eventually("the worst is told", lambda: ("pagerduty", "oncall") in server.told(service))
    others = [{**same_place, **by_name[name], "service": service} for name in milder]
    server.fire(*others)
    eventually("the milder are quiet", lambda: all(server.client.firing(o)[0].inhibited_by for o in others))
    # The milder ones of another service are told: by then ours would have been, too.
    server.fire(*({**labels, "service": barrier} for labels in others))
    eventually("another service's are told", lambda: ("email", "oncall") in server.told(barrier))
    assert server.arrived(service).count(("pagerduty", "oncall", "firing")) == 1
    assert ("email", "oncall") not in server.told(service)


OUTAGE = (
    "HighErrorRate",
    "ErrorRateElevated",
    "SlowResponseTime",
    "GradingStopped",
    "GradingBacklog",
    "GradingQueueStalled",
    "CollectorFailing",
)
"""What a grader without its database shows some minutes later."""


def test_one_outage_is_one_call(start: Callable[..., Server]) -> None:
    """The database goes; its symptoms fire after it. One incident at PagerDuty, one text message."""
    server = start()
    service = server.service()
    by_name = {case.labels["alertname"]: case for case in cases(server.policy) if case.row.step == 0}
    cause = {**by_name["DatabaseConnectionFailed"].labels, "service": service}
    symptoms = [{**by_name[name].labels, "service": service} for name in OUTAGE]
    server.fire(cause)
    eventually("the cause is told", lambda: ("pagerduty", "oncall") in server.told(service))
    server.fire(*symptoms)
    eventually(
        "they are all quiet", lambda: all(server.client.firing(one)[0].inhibited_by for one in symptoms)
    )
    barrier = server.service()
    server.fire({**cause, "service": barrier})
    eventually("another outage is told", lambda: ("sms", "oncall") in server.told(barrier))
    arrived = server.arrived(service)
    assert arrived.count(("pagerduty", "oncall", "firing")) == 1
    assert arrived.count(("sms", "oncall", "firing")) == 1
    assert ("email", "oncall") not in server.told(service)


def test_another_service_stays_loud(start: Callable[..., Server]) -> None:
    server = start(hold_messages)
    here, elsewhere = server.service(), server.service()
    server.fire({"alertname": "ServiceDown", "priority": "P1", "escalation": "0", "service": here})
    slow = {"alertname": "SlowResponseTime", "priority": "P2", "escalation": "1"}
    server.fire({**slow, "service": here}, {**slow, "service": elsewhere})
    eventually(
        "the one here is quiet", lambda: server.client.firing({**slow, "service": here})[0].inhibited_by
    )
    assert not server.client.firing({**slow, "service": elsewhere})[0].inhibited_by
