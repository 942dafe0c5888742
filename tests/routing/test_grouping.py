"""What belongs to one incident is one message, and incidents stay apart."""

from __future__ import annotations

from collections.abc import Callable

import requests

from tests.routing.conftest import Server, eventually
from tests.routing.test_inhibition import hold_messages


def test_the_parts_of_an_incident_are_one_group_for_each_step(start: Callable[..., Server]) -> None:
    server = start(hold_messages)
    service = server.service()
    alerts = [
        {"alertname": name, "service": service, "priority": "P2", "escalation": step, "instance": instance}
        for name in ("GradingBacklog", "SlowResponseTime")
        for step in ("0", "1")
        for instance in ("a", "b")
    ]
    server.fire(*alerts)
    eventually("all arrived", lambda: len(server.client.firing({"service": service})) == len(alerts))
    groups = requests.get(f"{server.client.url}/api/v2/alerts/groups", timeout=10).json()
    found = {
        (group["labels"]["alertname"], group["labels"]["service"], group["receiver"]["name"]): sorted(
            alert["labels"]["instance"] for alert in group["alerts"]
        )
        for group in groups
    }
    assert found == {
        (name, service, receiver): ["a", "b"]
        for name in ("GradingBacklog", "SlowResponseTime")
        for receiver in ("P2-0-oncall", "P2-1-team-lead")
    }
