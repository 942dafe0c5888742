"""The stand-ins answer as the services do, and read back who was told of what."""

from __future__ import annotations

import json
import smtplib
from email.message import EmailMessage

import pytest
import requests

from gradewatch.demo.sinks import Sinks
from policy.load import load_policy

SUBJECT = "[P1 ESCALATION 1] GradingStopped auto-grader"


@pytest.fixture
def sinks():
    with Sinks(load_policy().value.contacts) as found:
        yield found


def webhook(status: str, **labels: str) -> dict:
    common = {"alertname": "GradingStopped", "priority": "P1", "service": "auto-grader", **labels}
    return {"status": status, "commonLabels": common, "commonAnnotations": {"summary": "It stopped."}}


def pagerduty(action: str, summary: str) -> dict:
    return {"event_action": action, "payload": {"summary": summary}}


def teams(title: str) -> dict:
    return {"attachments": [{"content": {"body": [{"text": title}, {"text": "more"}]}}]}


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("pagerduty/oncall", pagerduty("trigger", "[P1] GradingStopped x: y"), ("oncall", "firing", 0)),
        (
            "pagerduty/oncall",
            pagerduty("resolve", "[P1 resolved] GradingStopped x: y"),
            ("oncall", "resolved", None),
        ),
        ("slack/leads", {"attachments": [{"title": SUBJECT}]}, ("team-lead", "firing", 1)),
        ("msteams/oncall", teams(SUBJECT), ("oncall", "firing", 1)),
        ("sms/team-lead", webhook("firing", escalation="1"), ("team-lead", "firing", 1)),
        ("sms/oncall", webhook("resolved", escalation="0"), ("oncall", "resolved", 0)),
        ("call/team-lead", webhook("firing", escalation="2"), ("team-lead", "firing", 2)),
    ],
)
def test_every_channel_is_read_back(sinks, path, body, told):
    assert requests.post(f"{sinks.http}/{path}", json=body, timeout=5).ok
    (message,) = sinks.messages()
    assert (message.contact, message.status, message.step) == told
    assert (message.channel, message.alertname, message.priority) == (
        path.split("/")[0],
        "GradingStopped",
        "P1",
    )


def test_mail_is_kept_for_each_role(sinks):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = (
        "[P2] GradingBacklog auto-grader",
        "a@example.org",
        "x@example.org",
    )
    mail.set_content("Too many submissions wait.")
    host, _, port = sinks.smtp.partition(":")
    with smtplib.SMTP(host, int(port)) as server:
        server.send_message(mail, to_addrs=["oncall@example.org", "team-lead@example.org"])
    assert [(m.contact, m.channel, m.priority) for m in sinks.messages()] == [
        ("oncall", "email", "P2"),
        ("team-lead", "email", "P2"),
    ]


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        ("pagerduty/oncall", 202, "application/json"),
        ("slack/oncall", 200, "text/plain"),
        ("sms/oncall", 200, "application/json"),
    ],
)
def test_answers_are_those_of_the_services(sinks, path, status, content_type):
    answer = requests.post(f"{sinks.http}/{path}", json=webhook("firing"), timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)


def test_heartbeats_are_counted_and_not_shown(sinks):
    for _ in range(3):
        requests.post(f"{sinks.http}/heartbeat", data=json.dumps({"status": "firing"}), timeout=5)
    assert (sinks.heartbeats, sinks.messages()) == (3, ())


@pytest.mark.parametrize("body", ["not JSON", "{}", '{"attachments": [{"title": "no subject of ours"}]}'])
def test_what_is_not_understood_is_kept_as_such(sinks, body):
    requests.post(f"{sinks.http}/slack/oncall", data=body, timeout=5)
    assert sinks.messages() == ()
    assert len(sinks.unread) == 1
    assert sinks.unread[0].startswith("slack/oncall: ")


def test_the_inbox_page_shows_messages_as_text(sinks):
    requests.post(f"{sinks.http}/sms/oncall", json=webhook("firing", service="<script>"), timeout=5)
    page = requests.get(f"{sinks.http}/", timeout=5).text
    assert "1 messages" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
