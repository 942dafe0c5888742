"""Every step reaches exactly the people and channels of its row, on a real Alertmanager."""

from __future__ import annotations

from alertmanager.table import Case, cases
from tests.routing.conftest import WATCHDOG, Arrived, Server, eventually


def expected(case: Case) -> list[Arrived]:
    """The row, firing and resolved; nobody is called for "resolved"."""
    told = {*case.row.told, *case.row.copied}
    firing = [(channel, contact, "firing") for channel, contact in told]
    return sorted(firing + [(channel, contact, "resolved") for channel, contact in told if channel != "call"])


def test_each_step_is_told_to_its_row_and_to_nobody_else(server: Server) -> None:
    """All alerts at all steps at once, each with a service of its own; the recovery is the barrier."""
    wanted = {server.service(): case for case in cases(server.policy)}
    alerts = [{**case.labels, "service": service} for service, case in wanted.items()]
    server.fire(*alerts)
    for service, case in wanted.items():
        who = {*case.row.told, *case.row.copied}
        eventually(f"{case.row.receiver} hears of {service}", lambda s=service, w=who: server.told(s) >= w)
    server.resolve(*alerts)
    for service, case in wanted.items():
        count = len(expected(case))
        eventually(f"{service} is resolved", lambda s=service, n=count: len(server.arrived(s)) >= n)
    assert {service: server.arrived(service) for service in wanted} == {
        service: expected(case) for service, case in wanted.items()
    }
    assert server.sinks.unread == []


def test_an_alert_that_nobody_knows_is_read_by_somebody(server: Server) -> None:
    service = server.service()
    server.fire({"alertname": "Unknown", "service": service})
    eventually("it arrives", lambda: _mail(server, service))
    assert _mail(server, service) == ["email/engineering@example.org"]


def _mail(server: Server, service: str) -> list[str]:
    """Where messages about a service went, read or not."""
    unread = [line.split(":")[0] for line in server.sinks.unread if service in line]
    return unread + [f"{m.channel}/{m.contact}" for m in server.sinks.messages() if service in m.text]


def test_the_watchdog_pings_and_tells_no_person(server: Server) -> None:
    before = len(server.sinks.messages())
    server.watchdog(present=True)
    (watchdog,) = server.client.firing(WATCHDOG)
    assert watchdog.receivers == ("heartbeat",)
    if server.policy.heartbeat:
        eventually("a ping", lambda: server.sinks.heartbeats)
    assert not [m for m in server.sinks.messages()[before:] if m.alertname == "Watchdog"]


def test_an_inhibited_alert_is_told_to_nobody_and_its_neighbour_is(server: Server) -> None:
    here, elsewhere = server.service(), server.service()
    down = {"alertname": "ServiceDown", "priority": "P1", "escalation": "0", "service": here}
    slow = {"alertname": "SlowResponseTime", "priority": "P2", "escalation": "0"}
    server.fire(down)
    eventually("ServiceDown is told", lambda: ("pagerduty", "oncall") in server.told(here))
    server.fire({**slow, "service": here}, {**slow, "service": elsewhere})
    eventually("the neighbour is told", lambda: ("email", "oncall") in server.told(elsewhere))
    server.resolve({**slow, "service": here}, {**slow, "service": elsewhere})
    eventually(
        "and hears of the recovery", lambda: ("email", "oncall", "resolved") in server.arrived(elsewhere)
    )
    assert ("email", "oncall") not in server.told(here)
