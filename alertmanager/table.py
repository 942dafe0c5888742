"""The escalation matrix as rows: who is told, when, by which channels, through which receiver.

The rows are what routes, receivers, route tests, `gradewatch route` and the documentation have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policy.contacts import Channel
from policy.model import Policy, Priority
from typedyaml.units import Duration

WATCHDOG = "Watchdog"
"""The alert that always fires; its silence means that the monitoring is dead."""
HEARTBEAT = "heartbeat"
UNROUTED = "unrouted"

Labels = Mapping[str, str]
Told = tuple[Channel, str]
"""A channel and the contact (a role) that it reaches."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step of one priority."""

    priority: Priority
    step: int
    after: Duration
    contacts: tuple[str, ...]
    told: tuple[Told, ...]
    copied: tuple[Told, ...]
    """Told for information only; not part of the escalation."""
    repeat: Duration
    """How often the step is told again while it fires."""

    @property
    def to(self) -> str:
        """Who is told, for people to read."""
        return ", ".join(self.contacts)

    @property
    def receiver(self) -> str:
        """The receiver's name says priority, step and roles."""
        return f"{self.priority}-{self.step}-{'+'.join(self.contacts)}"

    @property
    def channels(self) -> tuple[Channel, ...]:
        """How the step's contacts are told."""
        return tuple(dict.fromkeys(channel for channel, _ in self.told))


@dataclass(frozen=True, slots=True)
class Case:
    """An alert as Prometheus sends it at one step."""

    labels: Labels
    row: Row


def rows(policy: Policy, priority: Priority) -> tuple[Row, ...]:
    """The steps of a priority in the order of time."""
    matrix = policy.priorities[priority]
    return tuple(
        Row(
            priority,
            index,
            step.after,
            step.contacts,
            tuple(one for role in step.contacts for one in _told(policy, role, step.via)),
            _told(policy, matrix.copy.to, matrix.copy.via) if matrix.copy and index == 0 else (),
            step.repeat or matrix.repeat_interval,
        )
        for index, step in enumerate(matrix.steps)
    )


def all_rows(policy: Policy) -> tuple[Row, ...]:
    """Every row of the matrix, most urgent priority first."""
    return tuple(row for priority in sorted(policy.priorities) for row in rows(policy, priority))


def _told(policy: Policy, role: str, via: Sequence[Channel]) -> tuple[Told, ...]:
    """The channels to a contact; Microsoft Teams goes beside Slack where the contact has it."""
    channels = list(via)
    if "slack" in channels and "msteams" not in channels and policy.contacts[role].msteams:
        channels.insert(channels.index("slack") + 1, "msteams")
    return tuple((channel, role) for channel in channels)


def row_for(policy: Policy, labels: Labels) -> Row | None:
    """The row that an alert with these labels reaches; None when no priority knows it.

    An alert without `escalation`, as those written by hand, or with a step that is not there reaches step 0.
    """
    for priority in policy.priorities:
        if labels.get("priority") == priority:
            steps = rows(policy, priority)
            found = [row for row in steps if str(row.step) == labels.get("escalation")]
            return found[0] if found else steps[0]
    return None


def due(steps: tuple[Row, ...], elapsed: Duration) -> tuple[tuple[Row, ...], Row | None]:
    """The rows that were told `elapsed` after the alert fired, if nobody acknowledged, and the next one."""
    told = tuple(row for row in steps if row.after <= elapsed)
    return told, steps[len(told)] if len(told) < len(steps) else None


def receiver_for(policy: Policy, labels: Labels) -> str:
    """The receiver that Alertmanager chooses for these labels."""
    if labels.get("alertname") == WATCHDOG:
        return HEARTBEAT
    row = row_for(policy, labels)
    return row.receiver if row else UNROUTED


def cases(policy: Policy) -> Iterator[Case]:
    """Every alert of the policy at every step, with the labels that routing can see."""
    for labels in alert_labels(policy):
        for row in rows(policy, labels["priority"]):  # type: ignore[arg-type]  # it came from a priority
            yield Case({**labels, "escalation": str(row.step)}, row)


def alert_labels(policy: Policy) -> Iterator[dict[str, str]]:
    """The labels of every alert that is switched on, one set a burn tier that can fire; no `escalation`."""
    for name, alert in policy.alerts.items():
        if alert.enabled:
            found = _common(policy, name, alert.priority, alert.category, alert.type)
            yield found | alert.labels
    for slo, objective in policy.objectives.items():
        for tier in policy.tiers(objective):
            burn = policy.burn_tiers[tier]
            found = _common(policy, objective.alert, burn.priority, objective.category, "symptom")
            yield found | {"slo": slo, "burn_tier": tier, "long": str(burn.long), "short": str(burn.short)}


def _common(policy: Policy, name: str, priority: Priority, category: str, kind: str) -> dict[str, str]:
    return {
        "alertname": name,
        "priority": priority,
        "severity": policy.priorities[priority].severity,
        "service": policy.service,
        "team": policy.team,
        "category": category,
        "alert_type": kind,
    }
