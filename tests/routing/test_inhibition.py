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
    return len(tiers) == 2 and tiers[0] < tiers[1]


def hold_messages(config: dict[str, Any]) -> None:
    """Nothing is sent: this test asks Alertmanager, not the sinks."""
    for route in (config["route"], *config["route"]["routes"]):
        route["group_wait"] = "1h"


def test_every_pair_of_alerts_is_quiet_or_loud_as_the_policy_says(start: Callable[..., Server]) -> None:
    server = start(hold_messages)
    first = [case for case in cases(server.policy) if case.row.step == 0]
    pairs: dict[str, tuple[Case, Case]] = {}
    for source in first:
        for target in cases(server.policy):
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
