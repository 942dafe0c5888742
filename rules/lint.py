"""What promtool does not look at: names, labels and texts of rules, as mixins and the routes need them.

The limits are those of monitoring-mixins/mixtool, so that its lint of our files is clean.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

from policy.model import AlertType, Category, Priority, Severity

ALERT_NAME = re.compile(r"^([A-Z]+[a-z0-9]+)+$")
RECORD_NAME = re.compile(r"^[a-z_]+:[a-z_]+:[a-z_]+[0-9a-z]*$")
SUMMARY = re.compile(r"^[A-Z].+\.$")
LONGEST_NAME = 40
MOST_RULES = 20
CLOSED = {
    "priority": get_args(Priority),
    "severity": get_args(Severity),
    "category": get_args(Category),
    "alert_type": get_args(AlertType),
}
LABELS = ("priority", "severity", "service", "team", "category", "alert_type", "escalation")
ANNOTATIONS = ("summary", "description", "runbook_url", "dashboard_url")

Rule = dict[str, Any]


def findings(rules: dict[str, Any]) -> Iterator[str]:
    """All findings of a rule file as data."""
    groups = rules["groups"]
    for name, times in Counter(group["name"] for group in groups).items():
        if times > 1:
            yield f"group {name} is there {times} times"
    for group in groups:
        yield from (f"group {group['name']}: {text}" for text in _group(group))
    every = [rule for group in groups for rule in group["rules"]]
    for rule, times in Counter(_identity(rule) for rule in every).items():
        if times > 1:
            yield f"{rule} is there {times} times with the same labels"


def _group(group: dict[str, Any]) -> Iterator[str]:
    if len(group["name"]) > LONGEST_NAME:
        yield f"the name is longer than {LONGEST_NAME} characters"
    alerts = [rule for rule in group["rules"] if "alert" in rule]
    if len(alerts) > MOST_RULES:
        yield f"{len(alerts)} alerts; mixtool allows {MOST_RULES}"
    for rule in group["rules"]:
        if "record" in rule:
            yield from _record(rule)
        else:
            yield from (
                f"{rule['alert']}, step {rule['labels'].get('escalation')}: {t}" for t in _alert(rule)
            )


def _record(rule: Rule) -> Iterator[str]:
    if not RECORD_NAME.match(rule["record"]):
        yield f"{rule['record']} is not level:metric:operations"
    yield from _strings(rule["record"], rule.get("labels", {}))


def _alert(rule: Rule) -> Iterator[str]:
    name, labels, texts = rule["alert"], rule["labels"], rule.get("annotations", {})
    if not ALERT_NAME.match(name) or len(name) > LONGEST_NAME:
        yield f"the name is not CamelCase of at most {LONGEST_NAME} characters"
    yield from _strings("labels", labels)
    yield from _strings("annotations", texts)
    yield from (f"annotation {text} is missing" for text in ANNOTATIONS if not texts.get(text))
    if not SUMMARY.match(texts.get("summary", "")) or "{{" in texts.get("summary", ""):
        yield "the summary is not one static sentence with a full stop"
    if re.search(r"\s", texts.get("ack", "")):
        yield "the acknowledgement contains a blank, which breaks its link"
    if any("$value" in str(value) for value in labels.values()):
        yield "a label holds a measured value: each value would be a new alert"
    if labels.get("alert_type") == "heartbeat":
        return
    if "{{" not in texts.get("description", ""):
        yield "the description has no template"
    if labels.get("escalation") == "0":
        yield from _first(rule)
    elif labels.get("alertstate") != "":
        yield "a later step keeps the label alertstate"
    elif "$value" in "".join(texts.values()):
        yield "a later step tells $value, which is always 1"


def _first(rule: Rule) -> Iterator[str]:
    labels = rule["labels"]
    yield from (f"label {label} is missing or empty" for label in LABELS if not labels.get(label))
    for label, values in CLOSED.items():
        if labels.get(label) not in values:
            yield f'label {label} is "{labels.get(label)}"; allowed: {", ".join(values)}'
    if not rule.get("for"):
        yield "fires at once: it has no `for`"
    if not re.search(r"[<>=]=?|absent\(", re.sub(r"\{[^}]*\}", "", rule["expr"])):
        yield "the expression compares nothing"


def _strings(where: str, values: dict[str, Any]) -> Iterator[str]:
    yield from (f"{where}: {key} is not text" for key, value in values.items() if not isinstance(value, str))


def _identity(rule: Rule) -> str:
    labels = ", ".join(f"{label}={value}" for label, value in sorted(rule.get("labels", {}).items()))
    return f"{rule.get('alert') or rule['record']} ({labels})"
