"""What Alertmanager sends, read back as one kind of message whatever the channel."""

from __future__ import annotations

import email.policy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, Literal, cast
from urllib.parse import parse_qs

Status = Literal["firing", "resolved"]

HEARTBEAT = "heartbeat"

# The subject of alertmanager/templates/common.tmpl: "[P1 ESCALATION 1] GradingStopped auto-grader".
_SUBJECT = re.compile(
    r"\[(?P<priority>P\d)?(?P<resolved> resolved)?(?: ESCALATION (?P<step>\d+))?\] (?P<alertname>\S+)"
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived at a sink."""

    time: datetime
    channel: str
    contact: str
    """The role, such as `oncall`."""
    status: Status
    alertname: str
    priority: str
    step: int | None
    """None where the channel does not say it: a "resolved" names no step."""
    text: str
    """What the reader sees first: one line."""
    body: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a body says, before it is known when and for whom it came."""

    status: Status
    alertname: str
    priority: str
    step: int | None
    text: str


def read(channel: str, body: bytes) -> Content:
    """The content of a body that came in by `channel`; raises ValueError for one that is not understood."""
    try:
        return _READERS.get(channel, _webhook)(body)
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"a {channel} message without {error}") from error


def _pagerduty(body: bytes) -> Content:
    event = json.loads(body)
    status: Status = "resolved" if event["event_action"] == "resolve" else "firing"
    return _titled(event["payload"]["summary"], status)


def _slack(body: bytes) -> Content:
    return _titled(json.loads(body)["attachments"][0]["title"])


def _msteams(body: bytes) -> Content:
    card = json.loads(body)["attachments"][0]["content"]
    return _titled(card["body"][0]["text"])


def _email(body: bytes) -> Content:
    return _titled(str(parsed(body)["Subject"]))


def _webhook(body: bytes) -> Content:
    """SMS, calls and the heartbeat: Alertmanager's own JSON."""
    found = json.loads(body)
    labels: Mapping[str, str] = found["commonLabels"]
    status = cast("Status", found["status"])
    step = labels.get("escalation", "")
    alertname, priority = labels.get("alertname", "several alerts"), labels.get("priority", "")
    state = " resolved" if status == "resolved" else f" ESCALATION {step}" if step not in ("", "0") else ""
    summary = found["commonAnnotations"].get("summary", "")
    text = f"[{priority}{state}] {alertname} {labels.get('service', '')}: {summary}"
    return Content(status, alertname, priority, int(step) if step.isdigit() else None, text)


def _sns(body: bytes) -> Content:
    """Amazon's form: the message is the short template, whose beginning is the subject."""
    return _titled(parse_qs(body.decode())["Message"][0])


def _titled(title: str, status: Status | None = None) -> Content:
    """A title made by the template esc.subject, perhaps with more behind it."""
    match = _SUBJECT.match(title)
    if not match:
        raise ValueError(f"a title that the templates do not make: {title!r}")
    found: Status = status or ("resolved" if match["resolved"] else "firing")
    step = int(match["step"] or 0) if found == "firing" else None
    return Content(found, match["alertname"], match["priority"] or "", step, title)


def parsed(body: bytes) -> EmailMessage:
    """An e-mail with decoded headers and parts."""
    return BytesParser(policy=email.policy.default).parsebytes(body)


_READERS: dict[str, Callable[[bytes], Content]] = {
    "pagerduty": _pagerduty,
    "slack": _slack,
    "msteams": _msteams,
    "email": _email,
    "sns": _sns,
}


def role_of(channel: str, address: str, contacts: Mapping[str, Any]) -> str:
    """The role behind an address: Slack's channel and the mail address are not called after it."""
    for role, contact in contacts.items():
        if channel == "slack" and contact.slack and contact.slack.channel.lstrip("#@") == address:
            return role
        if channel == "email" and contact.email and contact.email.to == address:
            return role
    return address
