"""The matrix as rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alertmanager.inhibition import silencers
from alertmanager.table import alert_labels, all_rows, cases, due, receiver_for, rows
from policy.load import load_policy
from policy.model import Policy
from typedyaml.load import Document
from typedyaml.units import Duration

APolicy = Callable[..., Document[Policy]]
POLICY = load_policy().value

MATRIX = [
    ("P1-0-oncall", "0s", ["pagerduty", "sms"], ["slack", "msteams"]),
    ("P1-1-team-lead", "15m", ["sms", "call"], []),
    ("P1-2-engineering-manager", "30m", ["call"], []),
    ("P2-0-oncall", "0s", ["slack", "msteams", "email"], []),
    ("P2-1-team-lead", "1h", ["slack", "email"], []),
    ("P3-0-oncall", "0s", ["email"], []),
    ("P3-1-team-lead", "4h", ["email"], []),
    ("P4-0-engineering", "0s", ["email"], []),
]


def test_the_shipped_matrix_is_the_one_that_was_promised() -> None:
    found = [
        (row.receiver, str(row.after), list(row.channels), [channel for channel, _ in row.copied])
        for row in all_rows(POLICY)
    ]
    assert found == MATRIX


ROUTES = [
    ({"alertname": "Watchdog", "priority": "none"}, "heartbeat"),
    ({"alertname": "Watchdog", "priority": "P1"}, "heartbeat"),
    ({"alertname": "X"}, "unrouted"),
    ({"alertname": "X", "priority": "P9"}, "unrouted"),
    ({"alertname": "X", "priority": "P2"}, "P2-0-oncall"),
    ({"alertname": "X", "priority": "P2", "escalation": "1"}, "P2-1-team-lead"),
    ({"alertname": "X", "priority": "P2", "escalation": "7"}, "P2-0-oncall"),
]


@pytest.mark.parametrize(("labels", "receiver"), ROUTES, ids=str)
def test_labels_reach_a_receiver(labels: dict[str, str], receiver: str) -> None:
    assert receiver_for(POLICY, labels) == receiver


DUE = [
    ("0s", ["oncall"], "team-lead"),
    ("14m59s", ["oncall"], "team-lead"),
    ("15m", ["oncall", "team-lead"], "engineering-manager"),
    ("2d", ["oncall", "team-lead", "engineering-manager"], None),
]


@pytest.mark.parametrize(("elapsed", "told", "following"), DUE)
def test_who_was_told_by_then(elapsed: str, told: list[str], following: str | None) -> None:
    found, after = due(rows(POLICY, "P1"), Duration.parse(elapsed))
    assert [row.to for row in found] == told
    assert (after.to if after else None) == following


def test_teams_goes_beside_slack_only_where_the_contact_has_it(a_policy: APolicy) -> None:
    without = a_policy(
        ("    msteams: {webhook_url_file: /etc/alertmanager/secrets/msteams_oncall}\n", "")
    ).value
    assert [row.channels for row in rows(without, "P2")] == [("slack", "email"), ("slack", "email")]


def test_an_objective_is_one_alert_a_tier_each_with_its_priority() -> None:
    burning = [found for found in alert_labels(POLICY) if found["alertname"] == "AvailabilityBudgetBurn"]
    assert [(found["burn_tier"], found["priority"], found["long"]) for found in burning] == [
        ("fast", "P1", "1h"),
        ("medium", "P2", "6h"),
        ("slow", "P3", "1d"),
        ("longterm", "P4", "3d"),
    ]


def test_an_alert_that_is_switched_off_has_no_case(a_policy: APolicy) -> None:
    off = a_policy(("above: 200, for: 5m,", "above: 200, for: 5m, enabled: false,")).value
    names = {case.labels["alertname"] for case in cases(off)}
    assert "GradingBacklog" not in names
    assert len(names) == len({case.labels["alertname"] for case in cases(POLICY)}) - 1


def test_a_tier_that_an_objective_leaves_out_has_no_case(a_policy: APolicy) -> None:
    given = "sli: {kind: request_errors}"
    some = a_policy((given, f"{given}\n    tiers: [fast]")).value
    mine = [found for found in alert_labels(some) if found.get("slo") == "availability"]
    assert [found["burn_tier"] for found in mine] == ["fast"]


def test_a_tier_that_can_never_fire_has_no_case(a_policy: APolicy) -> None:
    """Of a target of 90 % the fast tier would need more than all answers bad: it is not built."""
    document = a_policy(
        (
            "    target: 0.999\n    period: 30d\n    sli: {kind: request",
            "    target: 0.9\n    period: 30d\n    sli: {kind: request",
        )
    )
    tiers = [
        found["burn_tier"] for found in alert_labels(document.value) if found.get("slo") == "availability"
    ]
    assert tiers == ["medium", "slow", "longterm"]


def test_only_the_tiers_of_its_own_objective_keep_a_tier_quiet() -> None:
    (labels,) = [
        found
        for found in alert_labels(POLICY)
        if found.get("slo") == "grading" and found["burn_tier"] == "longterm"
    ]
    assert silencers(POLICY, labels)[-1] == "GradingBudgetBurn (slow)"
