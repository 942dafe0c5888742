"""The rules say what the matrix of the policy says, and nothing else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import rules.render
from policy.model import Inhibition, InhibitTargets, Policy
from rules import lint
from rules.mixin import evaluate
from tests.rules.matrix import differences
from typedyaml.load import Document
from typedyaml.units import Duration


def test_rules_and_policy_agree(document: Document[Policy], groups: list[dict[str, Any]]) -> None:
    assert list(differences(groups, document.value)) == []


def test_the_comparison_notices_a_wrong_step(document: Document[Policy]) -> None:
    groups = evaluate(document.value).groups
    rule = next(g for g in groups if g["name"] == "ServiceDown")["rules"][2]
    rule["for"] = "16m"
    rule["labels"]["alertstate"] = "firing"
    assert len(list(differences(groups, document.value))) == 2


def test_rules_pass_the_lint(groups: list[dict[str, Any]]) -> None:
    assert list(lint.findings({"groups": groups})) == []


def test_other_steps_and_contacts_give_other_rules(document: Document[Policy]) -> None:
    """P4 gets a second step, P1 loses its last, a source more silences the backlog."""
    rows = document.value.priorities
    more = dataclasses.replace(rows["P3"].steps[1], after=Duration.parse("1d"))
    priorities = rows | {
        "P1": dataclasses.replace(rows["P1"], steps=rows["P1"].steps[:2]),
        "P4": dataclasses.replace(rows["P4"], steps=(*rows["P4"].steps, more)),
    }
    source = Inhibition("DatabaseConnectionFailed", InhibitTargets(alerts=("GradingBacklog",)), ("service",))
    changed = dataclasses.replace(
        document.value, priorities=priorities, inhibit=(*document.value.inhibit, source)
    )
    groups = evaluate(changed).groups
    assert list(differences(groups, changed)) == []
    assert list(differences(groups, document.value)) != []


def test_a_quote_in_a_label_does_not_end_the_matcher_of_an_acknowledgement(
    document: Document[Policy],
) -> None:
    policy = dataclasses.replace(document.value, identity=("alertname", "service", "probe"))
    group = next(group for group in evaluate(policy).groups if group["name"] == "ProbeFailing")
    told = (
        'alertname="ProbeFailing",service="auto-grader",probe={{ printf "%q" $labels.probe }},escalation=~"1"'
    )
    assert group["rules"][0]["annotations"]["ack"] == told


def test_the_clock_of_a_step_runs_on_where_its_silencer_is_off(document: Document[Policy]) -> None:
    source = dataclasses.replace(document.value.alerts["GradingStopped"], enabled=False)
    off = dataclasses.replace(document.value, alerts=document.value.alerts | {"GradingStopped": source})
    assert "GradingStopped" in str(evaluate(document.value).groups)
    assert "GradingStopped" not in str(evaluate(off).groups)


def test_alerts_arrive_with_every_label_that_routes_and_texts_need(document: Document[Policy]) -> None:
    for alert in rules.render.alerts(document):
        assert alert.labels["escalation"] == str(alert.step)
        assert "alertstate" not in alert.labels
        assert alert.labels.keys() >= set(lint.LABELS)


def test_steps_of_an_alert_differ_in_the_step_alone(document: Document[Policy]) -> None:
    steps = [alert for alert in rules.render.alerts(document) if alert.alertname == "GradingStopped"]
    assert [(alert.step, alert.for_) for alert in steps] == [(0, "5m"), (1, "15m"), (2, "30m")]
    assert len({tuple(sorted((alert.labels | {"escalation": ""}).items())) for alert in steps}) == 1


@pytest.mark.parametrize("name", ["HighErrorRate", "AvailabilityBudgetBurn"])
def test_no_step_tells_a_measured_value(document: Document[Policy], name: str) -> None:
    texts = [str(a.annotations) for a in rules.render.alerts(document) if a.alertname == name and a.step]
    assert texts
    assert not [text for text in texts if "$value" in text]
