"""An acknowledgement on a real Alertmanager: it stops what was not told yet, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from alertmanager.acknowledgement import (
    SETTLE,
    Acknowledgement,
    NothingFiring,
    acknowledge,
    acknowledgements,
    collect,
    end,
)
from alertmanager.client import AlertmanagerError, Client, equal, one_of
from tests.routing.conftest import Server, eventually
from typedyaml.units import Duration

AT_ONCE = Duration(0)
ONCALL = {("pagerduty", "oncall"), ("sms", "oncall"), ("slack", "oncall")}
LEAD = {("sms", "team-lead"), ("call", "team-lead")}
MANAGER = {("call", "engineering-manager")}


def step(service: str, index: int, priority: str = "P1") -> dict[str, str]:
    return {"alertname": "ServiceDown", "service": service, "priority": priority, "escalation": str(index)}


def identity(service: str) -> dict[str, str]:
    return {"alertname": "ServiceDown", "service": service}


def tell(server: Server, service: str, index: int, who: set[tuple[str, str]]) -> None:
    """Let a step fire and wait until it is told."""
    server.fire(step(service, index))
    eventually(f"step {index} of {service} is told", lambda: server.told(service) >= who)


def resolved(server: Server, service: str) -> set[tuple[str, str]]:
    return {(channel, who) for channel, who, status in server.arrived(service) if status == "resolved"}


def test_later_steps_stop_and_those_who_were_told_hear_of_the_recovery(server: Server) -> None:
    acked, control = server.service(), server.service()
    tell(server, acked, 0, ONCALL)
    tell(server, control, 0, ONCALL)
    (ack,) = acknowledge(server.client, identity(acked), "alice", "on it", policy=server.policy)
    assert (ack.reached, ack.stopped, ack.priority, ack.record_only) == (0, (1, 2), "P1", False)
    server.fire(*(step(service, index) for service in (acked, control) for index in (1, 2)))
    eventually("the control escalates", lambda: server.told(control) >= LEAD | MANAGER)
    server.resolve(*(step(service, index) for service in (acked, control) for index in (0, 1, 2)))
    eventually(
        "the control is resolved", lambda: resolved(server, control) >= ONCALL | {("sms", "team-lead")}
    )
    eventually("on-call hears of the recovery", lambda: resolved(server, acked) >= ONCALL)
    assert not server.told(acked) & (LEAD | MANAGER)
    assert not resolved(server, acked) & (LEAD | MANAGER)


def test_a_lead_who_was_told_before_hears_of_the_recovery_too(server: Server) -> None:
    service = server.service()
    tell(server, service, 0, ONCALL)
    tell(server, service, 1, ONCALL | LEAD)
    (ack,) = acknowledge(server.client, identity(service), "bob", policy=server.policy)
    assert (ack.reached, ack.stopped) == (1, (2,))
    server.fire(step(service, 2))
    eventually("step 2 is silent", lambda: server.client.firing(step(service, 2))[0].silenced_by)
    server.resolve(*(step(service, index) for index in (0, 1, 2)))
    eventually("both hear", lambda: resolved(server, service) >= ONCALL | {("sms", "team-lead")})
    assert not server.told(service) & MANAGER


def test_ended_early_the_overdue_step_comes(server: Server) -> None:
    service = server.service()
    tell(server, service, 0, ONCALL)
    (ack,) = acknowledge(server.client, identity(service), "alice", policy=server.policy)
    server.fire(step(service, 1))
    eventually("step 1 is silent", lambda: server.client.firing(step(service, 1))[0].silenced_by)
    assert end(server.client, ack.id[:8]).by == "alice"
    eventually("step 1 is told", lambda: server.told(service) >= LEAD)
    server.resolve(step(service, 0), step(service, 1))


def test_with_no_step_left_it_is_a_record(server: Server) -> None:
    service = server.service()
    server.fire(step(service, 2))
    eventually("it fires", lambda: server.client.firing(identity(service)))
    (ack,) = acknowledge(server.client, identity(service), "alice", policy=server.policy)
    assert (ack.reached, ack.stopped, ack.record_only) == (2, (3,), True)
    server.resolve(step(service, 2))


def test_priorities_under_one_name_are_acknowledged_each_at_its_own_step(server: Server) -> None:
    service = server.service()
    server.fire(step(service, 0, "P1"), step(service, 1, "P2"), step(service, 0, "P2"))
    eventually("all fire", lambda: len(server.client.firing(identity(service))) == 3)
    found = acknowledge(server.client, identity(service), "alice", policy=server.policy)
    assert [(one.priority, one.reached, one.stopped) for one in found] == [("P1", 0, (1, 2)), ("P2", 1, (2,))]
    assert not server.client.firing(step(service, 1, "P2"))[0].silenced_by, (
        "the lead must hear of the recovery"
    )
    server.resolve(step(service, 0, "P1"), step(service, 1, "P2"), step(service, 0, "P2"))


def test_the_list_says_who_until_when_and_whether_it_still_fires(server: Server) -> None:
    service = server.service()
    tell(server, service, 0, ONCALL)
    length = Duration(3600)
    (ack,) = acknowledge(
        server.client, identity(service), "alice", "disk: full", length, policy=server.policy
    )
    (listed,) = mine(server, service)
    assert (listed.id, listed.by, listed.note, listed.reached, listed.stopped, listed.firing) == (
        (ack.id, "alice", "disk: full", 0, (1, 2), True)
    )
    left = listed.ends - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    server.resolve(step(service, 0))
    eventually("it is over", lambda: not mine(server, service)[0].firing)


def mine(server: Server, service: str) -> list[Acknowledgement]:
    return [one for one in acknowledgements(server.client) if one.identity["service"] == service]


def test_an_acknowledgement_ends_with_its_incident_and_the_next_one_escalates(server: Server) -> None:
    service = server.service()
    server.watchdog(present=True)
    tell(server, service, 0, ONCALL)
    acknowledge(server.client, identity(service), "alice", policy=server.policy)
    collect(server.client, settle=AT_ONCE)
    assert mine(server, service), "the incident still fires"
    server.resolve(step(service, 0))
    eventually("it is over", lambda: not server.client.firing(identity(service)))
    collected = collect(server.client, settle=AT_ONCE)
    assert service in {one.identity["service"] for one in collected.ended}
    assert not mine(server, service)
    server.fire(step(service, 0), step(service, 1))
    eventually("the next one escalates", lambda: server.told(service) >= LEAD)
    server.resolve(step(service, 0), step(service, 1))


def test_nothing_is_ended_while_the_watchdog_is_missing(server: Server) -> None:
    service = server.service()
    acknowledged_and_over(server, service)
    server.watchdog(present=False)
    collected = collect(server.client, settle=AT_ONCE)
    assert collected.ended == ()
    assert "Watchdog is missing" in collected.waiting
    assert mine(server, service)
    server.watchdog(present=True)
    assert service in {one.identity["service"] for one in collect(server.client, settle=AT_ONCE).ended}


def test_nothing_is_ended_soon_after_a_start(server: Server) -> None:
    service = server.service()
    server.watchdog(present=True)
    acknowledged_and_over(server, service)
    collected = collect(server.client, settle=Duration(SETTLE.seconds * 100))
    assert collected.ended == ()
    assert "waiting until 5h" in collected.waiting
    assert mine(server, service)


def acknowledged_and_over(server: Server, service: str) -> None:
    tell(server, service, 0, ONCALL)
    acknowledge(server.client, identity(service), "alice", policy=server.policy)
    server.resolve(step(service, 0))
    eventually("it is over", lambda: not server.client.firing(identity(service)))


def test_a_silence_made_by_the_link_in_a_message_is_an_acknowledgement_too(server: Server) -> None:
    """What the form of Alertmanager's page sends when its comment begins as the link has it."""
    service = server.service()
    server.watchdog(present=True)
    tell(server, service, 1, LEAD)
    matchers = [
        *(equal(name, value) for name, value in identity(service).items()),
        one_of("escalation", ["2"]),
    ]
    ends = datetime.now(UTC) + timedelta(hours=2)
    server.client.silence(matchers, ends=ends, by="bob", comment="ACK! looking")
    (one,) = mine(server, service)
    assert (one.by, one.note, one.reached, one.stopped, one.firing) == ("bob", "looking", 1, (2,), True)
    server.resolve(step(service, 1))
    eventually("it is over", lambda: not server.client.firing(identity(service)))
    assert service in {one.identity["service"] for one in collect(server.client, settle=AT_ONCE).ended}


def test_other_silences_are_left_alone(server: Server) -> None:
    service = server.service()
    server.watchdog(present=True)
    ends = datetime.now(UTC) + timedelta(hours=1)
    maintenance = server.client.silence(
        [equal("service", service)], ends=ends, by="carol", comment="maintenance"
    )
    collect(server.client, settle=AT_ONCE)
    with pytest.raises(AlertmanagerError, match="no acknowledgement in force begins with"):
        end(server.client, maintenance)
    assert [silence.state for silence in server.client.silences() if silence.id == maintenance] == ["active"]


FAULTY: list[tuple[str, Mapping[str, str]]] = [
    ("never fired", {"alertname": "ServiceDown", "service": "nowhere"}),
    ("quotes are no way out", {"alertname": 'x",alertname=~".*', "service": 'y"'}),
]


@pytest.mark.parametrize("labels", [case[1] for case in FAULTY], ids=[case[0] for case in FAULTY])
def test_what_does_not_fire_cannot_be_acknowledged(server: Server, labels: Mapping[str, str]) -> None:
    with pytest.raises(NothingFiring, match="no such alert is firing: alertname="):
        acknowledge(server.client, labels, "alice", policy=server.policy)


def test_an_alertmanager_that_is_away_is_one_sentence(free_port: Callable[[], int]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(
        AlertmanagerError, match=f"^Alertmanager at {url} cannot be reached: Connection refused$"
    ):
        acknowledgements(Client(url))
