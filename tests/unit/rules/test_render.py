"""What a change of the policy changes in the rules, and how they are written."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
import yaml

import rules.render
from policy.model import Alert, Application, Policy
from rules.mixin import declarations, evaluate
from typedyaml.load import Document
from typedyaml.units import Duration

RULES = "prometheus/auto-grader.rules.yaml"
RECORDED = {"traffic": {"TrafficStopped"}}
"""Records made for one alert's windows; those of the objectives have that of ErrorsAtLowVolume."""


def changed(document: Document[Policy], **changes: Any) -> Document[Policy]:
    """The document with other values in its policy."""
    return dataclasses.replace(document, value=dataclasses.replace(document.value, **changes))


def groups_of(document: Document[Policy]) -> dict[str, list[dict[str, Any]]]:
    return {group["name"]: group["rules"] for group in rules.render.groups(document)}


def distinct(figure: str, kind: str, number: int) -> Any:
    """A value that no other alert has."""
    if figure in ("for_", "keep_firing_for", "window", "offset"):
        return Duration(1000 + 7 * number)
    if kind == "ratio":
        return round(0.5001 + number / 1000, 4)
    return {"seconds": 41000, "bytes": 51000, "rate": 61000}.get(kind, 71000) + 7 * number


@pytest.mark.parametrize(
    "figure", ["above", "below", "window", "minimum", "quantile", "offset", "for_", "keep_firing_for"]
)
def test_a_figure_reaches_its_own_alert_and_no_other(document: Document[Policy], figure: str) -> None:
    given: dict[str, Any] = {}
    alerts: dict[str, Alert] = {}
    for number, (name, alert) in enumerate(document.value.alerts.items()):
        kind = declarations()[name].takes.get(figure, "")
        if kind not in ("", "bucket") or figure in ("for_", "keep_firing_for"):
            given[name] = distinct(figure, kind, number)
        alerts[name] = dataclasses.replace(alert, **{figure: given[name]}) if name in given else alert
    assert given
    before, after = groups_of(document), groups_of(changed(document, alerts=alerts))
    written = {
        name: str(value) if isinstance(value, Duration) else f"{value:g}" for name, value in given.items()
    }
    for name, group in after.items():
        text = yaml.safe_dump(group, width=10**6)
        mine = {
            alert for alert, value in written.items() if re.search(rf"(?<![\d.]){re.escape(value)}\b", text)
        }
        if name == "alert-thresholds":
            assert mine == (given.keys() if figure in ("above", "below") else set())
        elif name in RECORDED:
            assert mine <= RECORDED[name] & given.keys()
        elif name.startswith("slo-"):
            assert mine <= {"ErrorsAtLowVolume"} & given.keys()
        else:
            assert mine == ({name} & given.keys()), name
            assert (group != before[name]) == (name in given), name


def test_a_disabled_alert_is_not_there(document: Document[Policy]) -> None:
    off = dataclasses.replace(document.value.alerts["GradingBacklog"], enabled=False)
    less = changed(document, alerts=document.value.alerts | {"GradingBacklog": off})
    before, after = groups_of(document), groups_of(less)
    assert before.keys() - after.keys() == {"GradingBacklog"}
    assert "GradingBacklog" not in str(rules.render.render(less).files)


def test_a_label_of_the_policy_reaches_the_alert(document: Document[Policy]) -> None:
    more = dataclasses.replace(document.value.alerts["ServiceDown"], labels={"region": "north"})
    groups = groups_of(changed(document, alerts=document.value.alerts | {"ServiceDown": more}))
    assert groups["ServiceDown"][0]["labels"]["region"] == "north"


def test_the_application_may_call_its_metrics_otherwise(document: Document[Policy]) -> None:
    names = Application(requests="flask_http_request_total", status_label="code", duration="flask_seconds")
    text = rules.render.render(changed(document, application=names)).files[RULES]
    assert 'flask_http_request_total{job="auto-grader-backend", code=~"5.."}' in text
    assert "flask_seconds_bucket" in text
    assert "http_requests_total" not in text


def test_a_rule_outside_the_catalogue_does_not_build(document: Document[Policy]) -> None:
    """The application's requests must be a metric of their own."""
    broken = Application(requests="ALERTS")
    with pytest.raises(rules.render.ContractBroken, match="ALERTS is a gauge: rate"):
        rules.render.render(changed(document, application=broken))


def test_a_second_render_is_the_same(document: Document[Policy]) -> None:
    assert rules.render.render(document) == rules.render.render(document)


def test_what_is_written_is_what_was_made(document: Document[Policy]) -> None:
    """YAML reads back as the same text: no folding, no lost blank, no number that was a string."""
    text = rules.render.render(document).files[RULES]
    written = {g["name"]: g["rules"] for g in yaml.load(text, yaml.CSafeLoader)["groups"]}
    for group in evaluate(document.value).groups:
        for made, read in zip(group["rules"], written[group["name"]], strict=True):
            assert read == made | {"expr": made["expr"].rstrip("\n")}


def test_a_rule_is_written_in_reading_order(document: Document[Policy]) -> None:
    text = rules.render.render(document).files[RULES]
    assert text.startswith("# Generated by `gradewatch build` from the policy auto-grader; do not edit.\n")
    order = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")
    for rules_ in groups_of(document).values():
        for rule in rules_:
            assert list(rule) == [key for key in order if key in rule]
    assert "expr: |-\n" in text


def test_two_policies_in_one_prometheus_do_not_meet(document: Document[Policy]) -> None:
    """Every expression that reads alerts or records says of which service."""
    for name, rules_ in groups_of(changed(document, service="grader-b")).items():
        for rule in rules_:
            selectors = re.findall(r"(?:ALERTS|slo:\w+:\w+)\{([^}]*)\}", rule["expr"])
            assert all('service="grader-b"' in selector for selector in selectors), name


def test_one_of_several_limits_reaches_its_own_alert_and_its_threshold(document: Document[Policy]) -> None:
    alert = document.value.alerts["SupportAnswerOverdue"]
    limits = alert.limits | {"high": Duration(12345)}
    changes = document.value.alerts | {"SupportAnswerOverdue": dataclasses.replace(alert, limits=limits)}
    before, after = groups_of(document), groups_of(changed(document, alerts=changes))
    assert {name for name in after if after[name] != before[name]} == {
        "SupportAnswerOverdue",
        "alert-thresholds",
    }
    assert 'urgency="high"} > 12345' in after["SupportAnswerOverdue"][0]["expr"]


@pytest.mark.parametrize(
    ("name", "change", "texts"),
    [
        ("priority", {"priority": "P1"}, ("priority: P1", "severity: critical")),
        ("type", {"type": "symptom"}, ("alert_type: symptom",)),
        ("labels", {"labels": {"region": "north"}}, ("region: north",)),
    ],
)
def test_what_an_alert_overrides_changes_that_alert_only(
    document: Document[Policy], name: str, change: dict[str, Any], texts: tuple[str, ...]
) -> None:
    """Figures and durations have a test of their own."""
    alert = dataclasses.replace(document.value.alerts["HighCPUUsage"], **change)
    alerts = document.value.alerts | {"HighCPUUsage": alert}
    before, after = groups_of(document), groups_of(changed(document, alerts=alerts))
    assert {name for name in after if after[name] != before[name]} == {"HighCPUUsage"}
    text = yaml.safe_dump(after["HighCPUUsage"][0])
    assert all(wanted in text for wanted in texts)
