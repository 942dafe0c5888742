"""Every alert at every step reaches the receiver of its row, as amtool of each version sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import rules.render
from alertmanager import amtool as wrapper
from alertmanager.checks import config_findings
from alertmanager.render import ROUTES, config, render
from alertmanager.table import WATCHDOG, alert_labels, cases, receiver_for
from gradewatch.programs import Program
from policy.load import load_policy
from tests.routing.conftest import policy_for, write


@pytest.fixture(scope="session")
def built(amtool: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated configuration for this amtool."""
    folder = tmp_path_factory.mktemp("built")
    return write(render(policy_for(amtool.release, folder)), folder)


def test_amtool_accepts_the_configuration_and_its_templates(amtool: Program, built: Path) -> None:
    assert wrapper.Amtool(amtool.path).check_config(built) == []


def generated(built: Path) -> tuple[wrapper.RouteTest, ...]:
    """The label sets of the build: every alert at every step."""
    return wrapper.read_tests(yaml.safe_load((built.parent / Path(ROUTES).name).read_text("utf-8")))


def one_a_receiver(tests: Iterable[wrapper.RouteTest]) -> tuple[wrapper.RouteTest, ...]:
    """amtool takes one label set a call, so one stands for all that routes cannot tell apart."""
    return tuple({test.receivers: test for test in tests}.values())


def test_each_receiver_is_reached(amtool: Program, built: Path) -> None:
    tests = one_a_receiver(generated(built))
    assert len(tests) == len(yaml.safe_load(built.read_text("utf-8"))["receivers"])
    assert [str(wrong) for wrong in wrapper.Amtool(amtool.path).route_tests(built, tests)] == []


def test_routes_tell_alerts_apart_by_priority_and_step_only(built: Path) -> None:
    """So that one alert of a priority and step stands for all: every matcher's label, and every label set."""

    def matchers(route: dict[str, Any]) -> Iterator[str]:
        yield from route.get("matchers", ())
        for child in route.get("routes", ()):
            yield from matchers(child)

    named = {
        matcher.partition("=")[0] for matcher in matchers(yaml.safe_load(built.read_text("utf-8"))["route"])
    }
    assert named == {"alertname", "priority", "escalation"}
    reached: dict[tuple[str | None, ...], set[tuple[str, ...]]] = {}
    for test in generated(built):
        watchdog = WATCHDOG if test.labels["alertname"] == WATCHDOG else None
        known = (watchdog, test.labels.get("priority"), test.labels.get("escalation"))
        reached.setdefault(known, set()).add(test.receivers)
    assert all(len(receivers) == 1 for receivers in reached.values())


@pytest.mark.full
def test_every_alert_at_every_step_reaches_its_receiver(amtool: Program, built: Path) -> None:
    tests = generated(built)
    assert len(tests) > 200
    assert [str(wrong) for wrong in wrapper.Amtool(amtool.path).route_tests(built, tests)] == []


def test_a_wrong_route_is_found(amtool: Program, built: Path) -> None:
    tests = [
        wrapper.RouteTest({"priority": "P1", "escalation": "1"}, ("P1-2-engineering-manager",)),
        wrapper.RouteTest({"priority": "P1", "escalation": "1"}, ("P1-1-team-lead",)),
    ]
    wrong = wrapper.Amtool(amtool.path).route_tests(built, tests)
    expected = "priority=P1 escalation=1: reaches P1-1-team-lead, not P1-2-engineering-manager"
    assert [str(found) for found in wrong] == [expected]


MUTANTS = [
    ("a step is gone", 'escalation="1"', 'escalation="9"'),
    ("a priority is gone", 'priority="P3"', 'priority="P5"'),
    ("a receiver is exchanged", "receiver: P2-1-team-lead", "receiver: P2-0-oncall"),
    ("the heartbeat is gone", 'alertname="Watchdog"', 'alertname="Watchdogs"'),
    ("everything goes to the heartbeat", 'alertname="Watchdog"', 'alertname!="Watchdog"'),
]


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in MUTANTS], ids=[case[0] for case in MUTANTS])
def test_the_route_tests_notice_that(old: str, new: str, newest_amtool: Program, tmp_path: Path) -> None:
    path = write(render(load_policy()), tmp_path)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    assert wrapper.Amtool(newest_amtool.path).route_tests(path, one_a_receiver(generated(path)))


def test_the_rules_send_the_labels_that_the_route_tests_assume() -> None:
    """Alerts at every step as the rules have them, against the label sets made from the matrix."""
    policy = load_policy()
    mine = {frozenset(case.labels.items()) for case in cases(policy.value)}
    theirs = [alert for alert in rules.render.alerts(policy) if alert.alertname != WATCHDOG]
    assert theirs
    for alert in theirs:
        assert frozenset({"alertname": alert.alertname, **alert.labels}.items()) in mine, alert
    assert len(theirs) == len(mine)


def test_the_configuration_has_none_of_the_faults_that_amtool_overlooks() -> None:
    assert list(config_findings(config(load_policy().value))) == []


def test_the_watchdog_and_unknown_alerts_reach_their_own_receivers() -> None:
    policy = load_policy().value
    assert receiver_for(policy, {"alertname": "Watchdog", "priority": "none"}) == "heartbeat"
    assert receiver_for(policy, {"alertname": "Unknown"}) == "unrouted"
    assert {labels["alertname"] for labels in alert_labels(policy)} >= {
        "ServiceDown",
        "AvailabilityBudgetBurn",
    }
