"""Every alert at every step reaches the receiver of its row, as amtool of each version sees it."""

from __future__ import annotations

from pathlib import Path

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


def test_every_generated_route_test_passes(amtool: Program, built: Path) -> None:
    tests = wrapper.read_tests(yaml.safe_load((built.parent / Path(ROUTES).name).read_text("utf-8")))
    assert len(tests) > 30
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
    tests = wrapper.read_tests(yaml.safe_load((tmp_path / ROUTES).read_text("utf-8")))
    assert wrapper.Amtool(newest_amtool.path).route_tests(path, tests)


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
