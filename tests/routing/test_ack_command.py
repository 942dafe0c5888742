"""`gradewatch ack` on a real Alertmanager: what the person on call reads."""

from __future__ import annotations

import re

import pytest

from gradewatch.cli import main
from tests.routing.conftest import Server, eventually


def ack(server: Server, *arguments: str) -> int:
    return main(["ack", "--url", server.client.url, *arguments])


def fires(server: Server) -> tuple[str, dict[str, str]]:
    """A service with an incident at step 0."""
    service = server.service()
    labels = {"alertname": "ServiceDown", "service": service, "priority": "P1", "escalation": "0"}
    server.fire(labels)
    eventually("it fires", lambda: server.client.firing(labels))
    return service, labels


def words(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_acknowledge_list_end(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    service, labels = fires(server)
    assert ack(server, "--by", "alice", "--note", "disk full", "ServiceDown", f"service={service}") == 0
    said = words(capsys)
    found = re.fullmatch(
        rf"Acknowledged ServiceDown {service} P1 by alice until .*\d\d:\d\d \(id (\w{{8}})\)\. "
        r"Step 0 \(oncall\) told so far\. "
        r"Steps 1 \(team-lead\) and 2 \(engineering-manager\) stay silent; "
        r"who was told hears of the recovery\.",
        said,
    )
    assert found, said
    assert ack(server, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ID", "INCIDENT", "BY", "UNTIL", "STATE", "NOTE"]
    assert [line for line in lines if service in line and found[1] in line and "fires  disk full" in line]
    assert ack(server, "end", found[1]) == 0
    assert (
        words(capsys)
        == f"Ended alice's acknowledgement of ServiceDown {service} P1; overdue steps come at once."
    )
    assert ack(server, "end", found[1]) == 2
    assert "no acknowledgement in force begins with" in capsys.readouterr().err
    server.resolve(labels)


def test_nothing_to_acknowledge_is_a_finding(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    service, labels = fires(server)
    server.watchdog(present=True)
    assert ack(server, "--by", "alice", "ServiceDown", "service=nowhere") == 1
    sentence, firing = capsys.readouterr().err.splitlines()
    assert sentence == "no such alert is firing: alertname=ServiceDown service=nowhere"
    assert firing.startswith("Firing now: ")
    assert f"ServiceDown {service}" in firing
    assert "Watchdog" not in firing
    server.resolve(labels)


def test_collecting_says_what_it_waits_for(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.watchdog(present=False)
    assert ack(server, "gc") == 0
    assert capsys.readouterr().err.startswith("Nothing ended: Watchdog is missing")
