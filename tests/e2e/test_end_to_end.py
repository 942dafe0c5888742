"""Fault, alert, the right receivers at each step, acknowledgement, recovery: all on the real servers.

The application answers with errors. That fires HighErrorRate, which somebody acknowledges after its second
step, and AvailabilityBudgetBurn, which nobody does: one run shows what an acknowledgement stops and leaves.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import requests

from alertmanager.acknowledgement import acknowledge
from alertmanager.client import Client
from alertmanager.table import Row, rows
from gradewatch.demo.incidents import incidents
from gradewatch.demo.messages import Message
from gradewatch.demo.sinks import Sinks
from gradewatch.demo.stack import Plan, running
from policy.model import Policy
from typedyaml.units import Duration

LATE = timedelta(seconds=6)
"""What evaluation, grouping and a busy machine may add to a step's time."""
ACKNOWLEDGED, UNATTENDED = "HighErrorRate", "AvailabilityBudgetBurn"

Who = Counter[tuple[str, str]]
"""Channel and contact, and how many messages they got."""


@dataclass(frozen=True)
class Told:
    """Who was told of one alert at priority P1."""

    sinks: Sinks
    alertname: str

    def messages(self, status: str) -> list[Message]:
        of_alert = (m for m in self.sinks.messages() if (m.alertname, m.priority) == (self.alertname, "P1"))
        return [m for m in of_alert if m.status == status]

    def firing(self, step: int | None = None) -> Who:
        return Counter((m.channel, m.contact) for m in self.messages("firing") if step in (None, m.step))

    def resolved(self) -> Who:
        return Counter((m.channel, m.contact) for m in self.messages("resolved"))


@pytest.mark.slow
def test_a_fault_reaches_the_right_people_at_each_step_and_nobody_else(plan):
    with running(plan, print) as (_, sinks):
        fast, client = plan.fast, Client(plan.ports.url("alertmanager"))
        acknowledged, unattended = Told(sinks, ACKNOWLEDGED), Told(sinks, UNATTENDED)
        steps = rows(fast, "P1")
        assert sinks.messages() == (), "somebody was told while all was well"

        control(plan, "POST", "/fault/error-burst")
        for step in steps[:2]:
            wait_until(lambda step=step: acknowledged.firing(step.step) == everybody(step), f"told of {step}")
        labels = {"alertname": ACKNOWLEDGED, "service": fast.service}
        acknowledge(client, labels, "ada", "on it", Duration(600), policy=fast)
        for step in steps:
            wait_until(lambda step=step: unattended.firing(step.step) == everybody(step), f"told of {step}")
        fired = fired_at(client, fast, sinks)
        last = fired[ACKNOWLEDGED] + timedelta(seconds=steps[-1].after.seconds) + LATE
        wait_until(lambda: datetime.now(UTC) > last, "the last step's time passed")

        control(plan, "DELETE", "/fault")
        wait_until(lambda: acknowledged.resolved() == without_calls(*steps[:2]), "those told heard the end")
        wait_until(lambda: unattended.resolved() == without_calls(*steps), "all heard the end of the other")

        assert acknowledged.firing() == everybody(*steps[:2])
        assert acknowledged.resolved() == without_calls(*steps[:2])
        assert unattended.firing() == everybody(*steps)
        for one in (acknowledged, unattended):
            for message in one.messages("firing"):
                due = fired[one.alertname] + timedelta(seconds=steps[message.step].after.seconds)
                assert due <= message.time <= due + LATE, f"{message} was due at {due}"
        assert strangers(sinks.messages(), fast) == []
        assert sinks.unread == []
        assert sinks.heartbeats, "the outside service would raise the alarm"


def control(plan: Plan, method: str, path: str) -> None:
    """Break or repair the demo grader."""
    requests.request(method, plan.ports.url("grader") + path, timeout=5).raise_for_status()


def wait_until(holds: Callable[[], object], what: str, within: float = 60) -> None:
    """Fails with `what` when it does not hold within so many seconds."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(0.1)


def everybody(*steps: Row) -> Who:
    """All that steps tell, copies included."""
    return Counter(told for step in steps for told in (*step.told, *step.copied))


def without_calls(*steps: Row) -> Who:
    """The same for good news: nobody is rung up for it."""
    return Counter({who: count for who, count in everybody(*steps).items() if who[0] != "call"})


def fired_at(client: Client, fast: Policy, sinks: Sinks) -> dict[str, datetime]:
    """When the alerts of P1 fired, by Alertmanager's account."""
    return {i.alertname: i.since for i in incidents(client, fast, sinks.messages()) if i.priority == "P1"}


def strangers(messages: tuple[Message, ...], policy: Policy) -> list[Message]:
    """Messages, of any alert, that no row of the matrix asks for."""
    return [
        message
        for message in messages
        if (message.channel, message.contact)
        not in everybody(*(row for row in rows(policy, message.priority) if message.step in (None, row.step)))
    ]
