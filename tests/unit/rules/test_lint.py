"""Each lint finds its fault, and none finds another."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from rules import lint

GOOD: dict[str, Any] = {
    "alert": "GraderSlow",
    "expr": 'x{job="g"} > 1',
    "for": "5m",
    "labels": {
        "priority": "P2",
        "severity": "critical",
        "service": "s",
        "team": "t",
        "category": "queue",
        "alert_type": "symptom",
        "escalation": "0",
    },
    "annotations": {
        "summary": "The grader is slow.",
        "description": "{{ $labels.job }}",
        "runbook_url": "https://example.org",
        "dashboard_url": "https://example.org",
    },
}
STEP = copy.deepcopy(GOOD) | {"labels": {"escalation": "1", "alertstate": ""}}


def found(*rules: dict[str, Any], group: str = "G") -> list[str]:
    return list(lint.findings({"groups": [{"name": group, "rules": list(rules)}]}))


def put(part: str, key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda rule: rule[part].update({key: value})


def test_good_rules_are_silent() -> None:
    assert found(GOOD, STEP) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda rule: rule.update(alert="GraderSLO"), "the name is not CamelCase"),
        (lambda rule: rule.update(alert="A" + "a" * 40), "the name is not CamelCase"),
        (put("labels", "priority", "P9"), 'label priority is "P9"'),
        (put("labels", "severity", "page"), 'label severity is "page"'),
        (put("labels", "category", "misc"), 'label category is "misc"'),
        (put("labels", "service", ""), "label service is missing or empty"),
        (put("labels", "team", 5), "labels: team is not text"),
        (put("labels", "value", "{{ $value }}"), "a label holds a measured value"),
        (
            put("annotations", "summary", "{{ $labels.job }} is slow."),
            "the summary is not one static sentence",
        ),
        (put("annotations", "summary", "The grader is slow"), "the summary is not one static sentence"),
        (put("annotations", "description", "It is slow."), "the description has no template"),
        (put("annotations", "runbook_url", ""), "annotation runbook_url is missing"),
        (put("annotations", "ack", 'a="b", c="d"'), "the acknowledgement contains a blank"),
        (lambda rule: rule.pop("for"), "fires at once"),
        (lambda rule: rule.update(expr='x{job="g"}  + 1'), "the expression compares nothing"),
    ],
)
def test_a_fault_is_found(change: Callable[[dict[str, Any]], None], finding: str) -> None:
    rule = copy.deepcopy(GOOD)
    change(rule)
    (text,) = found(rule)
    assert finding in text


def test_a_step_must_drop_the_label_of_its_source() -> None:
    assert "keeps the label alertstate" in found(STEP | {"labels": {"escalation": "1"}})[0]


def test_a_step_must_not_tell_its_own_value() -> None:
    texts = GOOD["annotations"] | {"description": "{{ $labels.job }} {{ $value }}"}
    assert "which is always 1" in found(STEP | {"annotations": texts})[0]


def test_equal_rules_and_groups_are_found() -> None:
    group = {"name": "G", "rules": [GOOD, GOOD]}
    texts = list(lint.findings({"groups": [group, {"name": "G", "rules": []}]}))
    assert [text.split(" is there")[1] for text in texts] == [" 2 times", " 2 times with the same labels"]


def test_a_group_holds_no_more_than_mixtool_allows() -> None:
    many = [GOOD | {"alert": f"Grader{'x' * n}"} for n in range(1, 22)]
    assert found(*many) == ["group G: 21 alerts; mixtool allows 20"]


def test_a_record_is_named_by_level_metric_and_operations() -> None:
    assert found({"record": "job:errors:ratio_rate5m", "expr": "1"}) == []
    assert "not level:metric:operations" in found({"record": "error_ratio", "expr": "1"})[0]
