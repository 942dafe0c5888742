"""Faults of inhibition in a policy, and of routing in anybody's configuration."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from alertmanager.checks import config_findings, inhibition_faults
from alertmanager.render import config
from policy.load import load_policy
from policy.model import Policy
from typedyaml.load import Document

APolicy = Callable[..., Document[Policy]]
LAST = "  - {source: SidecarDown, targets: {alerts: [CollectorFailing]}, equal: [service]}"


def test_the_shipped_policy_has_none() -> None:
    assert list(inhibition_faults(load_policy())) == []


INHIBITION = [
    (
        "{source: SidecarDown, targets: {priorities: [P2]}, equal: [service]}",
        "SidecarDown is itself among the targets (its priority is listed)",
    ),
    (
        "{source: SidecarAbsent, targets: {alerts: [SidecarDown]}, equal: [service]}\n"
        "  - {source: SidecarDown, targets: {alerts: [SidecarAbsent]}, equal: [service]}",
        "a circle of silence: SidecarDown -> SidecarAbsent -> SidecarDown",
    ),
]


@pytest.mark.parametrize(("rule", "message"), INHIBITION)
def test_a_dangerous_inhibition_is_refused_with_its_line(rule: str, message: str, a_policy: APolicy) -> None:
    document = a_policy((LAST, f"  - {rule}"))
    (fault,) = inhibition_faults(document)
    assert fault.message == message
    text = Path(document.path).read_text("utf-8").splitlines()[fault.line - 1]
    assert rule.splitlines()[-1].strip(" -") in text


def test_a_slower_burn_tier_is_not_more_urgent_than_a_faster_one(a_policy: APolicy) -> None:
    document = a_policy(("budget: 0.05, for: 15m, priority: P2", "budget: 0.05, for: 15m, priority: P4"))
    (fault,) = inhibition_faults(document)
    assert fault.message == "slow (P3) is silenced by medium (P4), which is less urgent"
    assert "slow: {" in Path(document.path).read_text("utf-8").splitlines()[fault.line - 1]


def broken(change: Callable[[dict[str, Any]], object]) -> list[str]:
    found = deepcopy(config(load_policy().value))
    change(found)
    return list(config_findings(found))


CONFIG = [
    (
        "an unused receiver",
        lambda c: c["receivers"].append({"name": "nobody"}),
        "receiver nobody is used by no route",
    ),
    (
        "a second route for the same alerts",
        lambda c: c["route"]["routes"].append(deepcopy(c["route"]["routes"][1])),
        "route.routes[5] is never reached: routes[1] takes its alerts",
    ),
    (
        "a narrower route behind a wider one",
        lambda c: c["route"]["routes"][1]["routes"].append(
            {"matchers": ['escalation="1"', 'team="a"'], "receiver": "P1-1-team-lead"}
        ),
        "route.routes[1].routes[2] is never reached: routes[0] takes its alerts",
    ),
    (
        "a repeat that is rounded up",
        lambda c: c["route"]["routes"][4].update(repeat_interval="7m"),
        "route.routes[4]: repeat_interval 7m is not a multiple of group_interval 5m and is rounded up",
    ),
    (
        "a heartbeat every second minute",
        lambda c: c["route"]["routes"][0].update(repeat_interval="1m"),
        "route.routes[0]: the heartbeat's repeat_interval 1m must be below its group_interval 1m",
    ),
    (
        "a heartbeat that is inhibited",
        lambda c: c["inhibit_rules"][0].update(target_matchers=['alertname="Watchdog"']),
        "Watchdog is inhibited: its silence would be taken for the death of the monitoring",
    ),
    (
        "an inhibition across all systems",
        lambda c: c["inhibit_rules"][0].pop("equal"),
        "inhibit rule ['alertname=\"ServiceDown\"'] has no equal: it silences across all systems",
    ),
]


@pytest.mark.parametrize(
    ("change", "finding"), [case[1:] for case in CONFIG], ids=[case[0] for case in CONFIG]
)
def test_a_configuration_is_told_what_amtool_overlooks(
    change: Callable[[dict[str, Any]], object], finding: str
) -> None:
    assert finding in broken(change)


def test_a_route_that_goes_on_hides_nobody() -> None:
    def go_on(found: dict[str, Any]) -> None:
        found["route"]["routes"][1]["continue"] = True
        found["route"]["routes"].append({"matchers": ['priority="P1"'], "receiver": "unrouted"})

    assert broken(go_on) == []
