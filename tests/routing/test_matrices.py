"""The ready sets of the matrix, and what rows and contacts can do beyond the default."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import yaml

from alertmanager import amtool as wrapper
from alertmanager.checks import config_findings
from alertmanager.render import ROUTES, config, render
from alertmanager.table import Row, all_rows
from gradewatch.demo.messages import Message
from gradewatch.programs import Program
from policy.matrices import NAMES
from policy.model import Policy
from tests.routing.conftest import PRIORITIES, Server, eventually, policy_for, write
from typedyaml.load import Document

READY = {name: ((PRIORITIES, f"matrix: {name}\n"),) for name in NAMES}
SNS = (
    (
        "^  cto: .*",
        '  cto: {call: true, sns: {topic_arn: "arn:aws:sns:eu-central-1:123456789012:cto"}}\n'
        "  vp: {call: true, sns: {phone_number: '+4930123456'}, webhook: {url: \"https://pager.example.org/in\"}}",
    ),
    (
        "^  webhook: {base.*",
        '  webhook: {base: "http://127.0.0.1:9876"}\n  sns: {region: eu-central-1}',
    ),
    (
        r"^      - {after: 30m, to: engineering-manager, via: \[call\]}",
        "      - {after: 30m, to: [cto, vp], via: [sms, call], repeat: 15m}",
    ),
    (
        "^  email: {priorities.*",
        "  email: {priorities: [P2, P3, P4], within: 15m}\n  webhook: {priorities: [P4], within: 15m}",
    ),
    (
        r"^      - {after: 0m, to: engineering, via: \[email\]}",
        "      - {after: 0m, to: engineering, via: [email]}\n      - {after: 2h, to: vp, via: [webhook]}",
    ),
)
"""Text messages by SNS, a step that tells two, one that repeats, a webhook of one's own."""
VARIANTS = {**READY, "sns": SNS}


def document(name: str, program: Program, folder: Path) -> Document[Policy]:
    return policy_for(program.release, folder, *VARIANTS[name])


@pytest.mark.parametrize("name", VARIANTS)
def test_amtool_accepts_it_and_every_route_leads_where_it_should(
    name: str, amtool: Program, tmp_path: Path
) -> None:
    policy = document(name, amtool, tmp_path)
    path = write(render(policy), tmp_path)
    program = wrapper.Amtool(amtool.path)
    assert program.check_config(path) == []
    assert list(config_findings(config(policy.value))) == []
    tests = wrapper.read_tests(yaml.safe_load((tmp_path / ROUTES).read_text("utf-8")))
    once = {test.receivers: test for test in tests}.values()
    assert {row.receiver for row in all_rows(policy.value)} <= {test.receivers[0] for test in once}
    assert [str(wrong) for wrong in program.route_tests(path, once)] == []


def labels(row: Row, service: str) -> dict[str, str]:
    return {
        "alertname": "Anything",
        "priority": row.priority,
        "escalation": str(row.step),
        "service": service,
    }


@pytest.mark.parametrize("name", VARIANTS)
def test_each_row_is_told_to_its_contacts_and_to_nobody_else(
    name: str, start: Callable[..., Server], alertmanager: Program, tmp_path: Path
) -> None:
    policy = document(name, alertmanager, tmp_path)
    server = start(policy=policy)
    wanted = {server.service(): row for row in all_rows(policy.value)}
    server.fire(*(labels(row, service) for service, row in wanted.items()))
    for service, row in wanted.items():
        who = {*row.told, *row.copied}
        eventually(f"{row.receiver} is told", lambda s=service, w=who: server.told(s) >= w)
    server.resolve(*(labels(row, service) for service, row in wanted.items()))
    for service, row in wanted.items():
        told = {*row.told, *row.copied}
        expected = [(*one, "firing") for one in told]
        expected += [(*one, "resolved") for one in told if one[0] != "call"]
        eventually(f"{service} is over", lambda s=service, e=expected: len(server.arrived(s)) >= len(e))
        assert server.arrived(service) == sorted(expected), row
    assert server.sinks.unread == []


def test_a_text_message_by_sns_is_short_and_goes_to_topic_or_number(
    start: Callable[..., Server], alertmanager: Program, tmp_path: Path
) -> None:
    server = start(policy=document("sns", alertmanager, tmp_path))
    service = server.service()
    server.fire({"alertname": "Anything", "priority": "P1", "escalation": "2", "service": service})
    both = {("sms", "cto"), ("sms", "vp")}
    eventually("both have a text message", lambda: server.told(service) >= both)
    forms = {m.contact: parse_qs(m.body) for m in mine(server, service) if m.channel == "sms"}
    assert forms["cto"]["TopicArn"] == ["arn:aws:sns:eu-central-1:123456789012:cto"]
    assert forms["vp"]["PhoneNumber"] == ["+4930123456"]
    for form in forms.values():
        assert form["Action"] == ["Publish"]
        assert form["Message"] == [f"[P1 ESCALATION 2] Anything {service}: It is broken."]
        assert len(form["Message"][0]) <= 160
        assert form["MessageAttributes.entry.1.Name"] == ["AWS.SNS.SMS.SMSType"]


def mine(server: Server, service: str) -> list[Message]:
    return [message for message in server.sinks.messages() if service in message.text]


def test_a_webhook_of_ones_own_gets_the_whole_message(
    start: Callable[..., Server], alertmanager: Program, tmp_path: Path
) -> None:
    server = start(policy=document("sns", alertmanager, tmp_path))
    service = server.service()
    server.fire({"alertname": "Anything", "priority": "P4", "escalation": "1", "service": service})
    eventually("it arrives", lambda: ("webhook", "vp") in server.told(service))
    (message,) = mine(server, service)
    assert json.loads(message.body)["alerts"][0]["labels"]["escalation"] == "1"


def test_a_step_that_repeats_is_told_again_until_it_is_acknowledged(
    start: Callable[..., Server], alertmanager: Program, tmp_path: Path
) -> None:
    """With the repeat of the policy made as fast as the group's tick; step 0 keeps its own four hours."""

    def hurry(found: dict[str, object]) -> None:
        first = found["route"]["routes"][1]  # type: ignore[index]
        assert [route.get("repeat_interval") for route in first["routes"]] == [None, "15m"]
        assert first["repeat_interval"] == "4h"
        first["routes"][1]["repeat_interval"] = "1s"

    server = start(hurry, policy=document("sns", alertmanager, tmp_path))
    service = server.service()
    step = {"alertname": "Anything", "priority": "P1", "service": service}
    server.fire({**step, "escalation": "0"}, {**step, "escalation": "2"})

    def calls() -> int:
        return server.arrived(service).count(("call", "cto", "firing"))

    eventually("it is told three times", lambda: calls() >= 3)
    assert server.arrived(service).count(("pagerduty", "oncall", "firing")) == 1
    from alertmanager.acknowledgement import acknowledge

    (ack,) = acknowledge(
        server.client, {"alertname": "Anything", "service": service}, "ada", policy=server.policy
    )
    assert ack.record_only
    assert ack.reached == 2
