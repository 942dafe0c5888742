"""Who keeps whom quiet: every pair of alerts on a real Alertmanager, also those that must stay loud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from alertmanager.table import WATCHDOG, Case, cases
from policy.model import Policy
from tests.routing.conftest import Server, eventually

TIERS = ("fast", "medium", "slow", "longterm")


def is_kept_quiet(policy: Policy, source: Mapping[str, str], target: Mapping[str, str]) -> bool:
    """What the policy says, written a second time: listed rules, and faster tiers of one objective."""
    for rule in policy.inhibit:
        listed = target["alertname"] in rule.targets.alerts or target["priority"] in rule.targets.priorities
        if source["alertname"] == rule.source and listed:
            return True
    tiers = [TIERS.index(labels["burn_tier"]) for labels in (source, target) if "burn_tier" in labels]
    return len(tiers) == 2 and tiers[0] < tiers[1] and source.get("slo") == target.get("slo")


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


def test_alerts_are_quiet_or_loud_as_the_policy_says(start: Callable[..., Server]) -> None:
    server = start(hold_messages)
    sources, targets = representatives(server.policy)
    pairs: dict[str, tuple[Case, Case]] = {}
    for source in sources:
        for target in targets:
            if source.labels | {"escalation": ""} != target.labels | {"escalation": ""}:
                pairs[server.service()] = (source, target)
    alerts = [{**case.labels, "service": service} for service, pair in pairs.items() for case in pair]
    server.fire(*alerts, {"alertname": WATCHDOG, "priority": "none", "service": next(iter(pairs))})
    eventually("all arrived", lambda: len(server.client.firing({})) == len(alerts) + 1)
    quiet = {
        (
            alert.labels["service"],
            alert.labels["alertname"],
            alert.labels.get("burn_tier"),
            alert.labels["escalation"],
        )
        for alert in server.client.firing({})
        if alert.inhibited_by
    }
    expected = {
        (service, to.labels["alertname"], to.labels.get("burn_tier"), to.labels["escalation"])
        for service, pair in pairs.items()
        for by, to in (pair, pair[::-1])
        if is_kept_quiet(server.policy, by.labels, to.labels)
    }
    assert 20 < len(expected) < len(alerts)
    assert quiet == expected


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
