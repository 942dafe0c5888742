"""What fires, at which step, who was told and who is next: Alertmanager's state and the matrix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import requests

from alertmanager.acknowledgement import Acknowledgement, acknowledgements
from alertmanager.client import Client, Firing
from alertmanager.table import WATCHDOG, Row, rows
from gradewatch.demo.messages import Message
from policy.model import Policy

StepState = Literal["told", "due", "stopped"]
_STEP = "escalation"
_APART = ("slo", "burn_tier")
"""Labels that tell alerts of one name and priority apart."""


@dataclass(frozen=True, slots=True)
class StepNow:
    """A step of an incident. `due` is when it fires; `told` when the first of its messages arrived."""

    row: Row
    due: datetime
    state: StepState
    told: datetime | None


@dataclass(frozen=True, slots=True)
class Incident:
    """An alert that fires, with all its steps."""

    alertname: str
    priority: str
    apart: str
    """The burn tier of an objective's alert; empty for others."""
    labels: Mapping[str, str]
    summary: str
    since: datetime
    steps: tuple[StepNow, ...]
    inhibited: bool
    acknowledged_by: str

    @property
    def next(self) -> StepNow | None:
        """The step that is told next unless somebody acknowledges."""
        return next((step for step in self.steps if step.state == "due"), None)


@dataclass(frozen=True, slots=True)
class Pending:
    """An alert whose condition holds, but not for long enough yet."""

    name: str
    """The alert's name, with its burn tier if it has one."""
    priority: str
    fires: datetime


def incidents(client: Client, fast: Policy, messages: Sequence[Message]) -> tuple[Incident, ...]:
    """All that fires, most urgent first, by the policy in the demo's time. Raises AlertmanagerError."""
    groups: dict[tuple[str, ...], list[Firing]] = defaultdict(list)
    for alert in client.firing({}):
        if alert.labels["alertname"] != WATCHDOG:
            groups[_key(alert)].append(alert)
    acknowledged = acknowledgements(client) if groups else ()
    found = [_incident(group, fast, messages, acknowledged) for group in groups.values()]
    return tuple(sorted(found, key=lambda one: (one.inhibited, one.priority, one.since)))


def _key(alert: Firing) -> tuple[str, ...]:
    return tuple(alert.labels.get(label, "") for label in ("alertname", "priority", *_APART))


def _incident(
    group: Sequence[Firing],
    fast: Policy,
    messages: Sequence[Message],
    acknowledged: Iterable[Acknowledgement],
) -> Incident:
    base = [alert for alert in group if alert.labels.get(_STEP, "0") == "0"] or list(group)
    first = min(base, key=lambda alert: alert.starts)
    mine = [one for one in acknowledged if _covers(one, first.labels)]
    stopped = {step for one in mine for step in one.stopped}
    name, priority = first.labels["alertname"], first.labels.get("priority", "")
    heard = [m for m in messages if m.status == "firing" and (m.alertname, m.priority) == (name, priority)]
    reached = max(int(alert.labels.get(_STEP, "0")) for alert in group)
    return Incident(
        name,
        priority,
        first.labels.get("burn_tier", ""),
        first.labels,
        first.annotations.get("summary", ""),
        first.starts,
        tuple(_step(row, first.starts, reached, stopped, heard) for row in _rows(fast, priority)),
        all(alert.inhibited_by for alert in base),
        ", ".join(one.by for one in mine),
    )


def _rows(policy: Policy, priority: str) -> tuple[Row, ...]:
    return rows(policy, priority) if priority in policy.priorities else ()


def _step(row: Row, since: datetime, reached: int, stopped: set[int], heard: Iterable[Message]) -> StepNow:
    due = since + timedelta(seconds=row.after.seconds)
    told = min((m.time for m in heard if m.step == row.step and m.time >= since), default=None)
    if told or (row.step <= reached and row.step not in stopped):
        return StepNow(row, due, "told", told)
    return StepNow(row, due, "stopped" if row.step in stopped else "due", None)


def _covers(one: Acknowledgement, labels: Mapping[str, str]) -> bool:
    wanted = {**one.identity, **({"priority": one.priority} if one.priority else {})}
    return all(labels.get(name) == value for name, value in wanted.items())


def pending(prometheus: str, fast: Policy) -> tuple[Pending, ...]:
    """What will fire unless its condition goes away; empty when Prometheus, a URL, does not answer."""
    found = []
    for alert in _ask(prometheus, "alerts", {}).get("alerts", ()):
        labels = alert["labels"]
        if alert["state"] == "pending" and labels.get(_STEP) == "0":
            begins = datetime.fromisoformat(alert["activeAt"].replace("Z", "+00:00"))
            fires = begins + timedelta(seconds=_for(fast, labels))
            name = " ".join(filter(None, (labels["alertname"], labels.get("burn_tier"))))
            found.append(Pending(name, labels["priority"], fires))
    return tuple(sorted(found, key=lambda one: (one.priority, one.fires)))


def _for(fast: Policy, labels: Mapping[str, str]) -> float:
    """How long the condition must hold, in seconds of the demo."""
    if tier := fast.burn_tiers.get(labels.get("burn_tier", "")):
        return tier.for_.seconds
    alert = fast.alerts.get(labels["alertname"])
    return alert.for_.seconds if alert else 0.0


def figures(prometheus: str, expressions: Mapping[str, str]) -> dict[str, float]:
    """The values of some expressions, one number each; those without a value are left out."""
    found = {}
    for name, expression in expressions.items():
        result = _ask(prometheus, "query", {"query": expression}).get("result", ())
        if result and (value := float(result[0]["value"][1])) == value:  # NaN: nothing to divide by yet
            found[name] = value
    return found


def _ask(prometheus: str, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        answer = requests.get(f"{prometheus}/api/v1/{path}", params=query, timeout=2)
        return cast("Mapping[str, Any]", answer.json()["data"]) if answer.ok else {}
    except (requests.RequestException, ValueError):
        return {}
