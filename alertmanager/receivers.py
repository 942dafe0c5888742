"""Receivers: how each row of the matrix reaches its contact, with every secret as a file.

A block remembers the place of the policy that asked for it: what the target version lacks is refused there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alertmanager.table import HEARTBEAT, UNROUTED, Row, Told, all_rows
from policy.contacts import Contact
from policy.model import Policy, Priority

Config = dict[str, Any]
Path = tuple[str | int, ...]

MAX_ALERTS = 5
"""A text message or a call names no more alerts than this."""


@dataclass(frozen=True, slots=True)
class Block:
    """One integration of a receiver, e.g. an entry of `slack_configs`."""

    section: str
    body: Config
    origin: Path
    """Where the policy asks for it."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A named set of integrations; without any it takes alerts and tells nobody."""

    name: str
    blocks: tuple[Block, ...]

    def plain(self) -> Config:
        """The form of the configuration file; blocks of one kind stand together."""
        config: Config = {"name": self.name}
        for block in self.blocks:
            config.setdefault(block.section, []).append(block.body)
        return config


def receivers(policy: Policy) -> tuple[Receiver, ...]:
    """All receivers: unrouted, heartbeat, then one a row of the matrix."""
    return (_unrouted(policy), _heartbeat(policy), *(_receiver(policy, row) for row in all_rows(policy)))


def global_block(policy: Policy) -> Block:
    """What all receivers share: the mail server, and Slack's address."""
    body: Config = {}
    if smtp := policy.delivery.smtp:
        body |= {"smtp_smarthost": smtp.smarthost, "smtp_from": smtp.from_}
        if smtp.username:
            body["smtp_auth_username"] = smtp.username
        if smtp.password_file:
            body["smtp_auth_password_file"] = smtp.password_file
    if slack := policy.delivery.slack:
        body["slack_api_url_file"] = slack.api_url_file
    return Block("global", body, ("delivery",))


def _receiver(policy: Policy, row: Row) -> Receiver:
    """The step's own channels, then the copy; what both would send is sent once."""
    told = dict.fromkeys((*row.told, *row.copied))
    return Receiver(row.receiver, tuple(_block(policy, one, row.priority) for one in told))


def _unrouted(policy: Policy) -> Receiver:
    """Alerts that no priority knows go to somebody who reads them, by the first channel of that contact."""
    channel = policy.contacts[policy.unrouted].channels()[0]
    return Receiver(UNROUTED, (_block(policy, (channel, policy.unrouted), max(policy.priorities)),))


def _heartbeat(policy: Policy) -> Receiver:
    """Without an address the receiver is empty: the Watchdog alert must not reach a person either way."""
    if policy.heartbeat is None:
        return Receiver(HEARTBEAT, ())
    body = {"url_file": policy.heartbeat.url_file, "send_resolved": False, "max_alerts": 1}
    return Receiver(HEARTBEAT, (Block("webhook_configs", body, ("heartbeat", "url_file")),))


def _block(policy: Policy, told: Told, priority: Priority) -> Block:
    channel, role = told
    contact = policy.contacts[role]
    key = "sns" if channel == "sms" and contact.sns else channel
    section, build = _CHANNELS[key]
    return Block(section, build(policy, contact, role, priority), ("contacts", role, key))


def _pagerduty(policy: Policy, contact: Contact, role: str, priority: Priority) -> Config:
    assert contact.pagerduty
    return {
        "routing_key_file": contact.pagerduty.routing_key_file,
        "send_resolved": True,
        "severity": policy.priorities[priority].severity,
        "description": _template("short"),
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.service }}",
        "group": "{{ .CommonLabels.category }}",
        "client": "gradewatch",
        "client_url": "{{ .ExternalURL }}",
        "details": {"message": _template("text")},
        "links": [
            {"href": "{{ .CommonAnnotations.runbook_url }}", "text": "Runbook"},
            {"href": "{{ .CommonAnnotations.dashboard_url }}", "text": "Dashboard"},
            {"href": _template("ackurl"), "text": "Acknowledge (stops later steps)"},
        ],
    }


def _slack(policy: Policy, contact: Contact, role: str, priority: Priority) -> Config:
    assert contact.slack
    return {
        "channel": contact.slack.channel,
        "send_resolved": True,
        "color": _template("color"),
        "title": _template("subject"),
        "title_link": "{{ .CommonAnnotations.runbook_url }}",
        "fallback": _template("short"),
        "text": _template("slack"),
    }


def _msteams(policy: Policy, contact: Contact, role: str, priority: Priority) -> Config:
    assert contact.msteams
    return {
        "webhook_url_file": contact.msteams.webhook_url_file,
        "send_resolved": True,
        "title": _template("subject"),
        "text": _template("msteams"),
    }


def _email(policy: Policy, contact: Contact, role: str, priority: Priority) -> Config:
    assert contact.email
    return {
        "to": contact.email.to,
        "send_resolved": True,
        "headers": {"Subject": _template("subject")},
        "html": _template("html"),
        "text": _template("text"),
    }


def _sns(policy: Policy, contact: Contact, role: str, priority: Priority) -> Config:
    """A text message by Amazon's service: short, and sent before what merely advertises."""
    assert contact.sns
    assert policy.delivery.sns
    region = {"region": policy.delivery.sns.region}
    region |= {"profile": policy.delivery.sns.profile} if policy.delivery.sns.profile else {}
    region |= {"role_arn": policy.delivery.sns.role_arn} if policy.delivery.sns.role_arn else {}
    to = {"topic_arn": contact.sns.topic_arn} if contact.sns.topic_arn else {}
    to |= {"phone_number": contact.sns.phone_number} if contact.sns.phone_number else {}
    return {
        "sigv4": region,
        **to,
        "send_resolved": True,
        "subject": _template("subject"),
        "message": _template("short"),
        "attributes": {"AWS.SNS.SMS.SMSType": "Transactional"},
    }


def _own_webhook(policy: Policy, contact: Contact, role: str, priority: Priority) -> Config:
    assert contact.webhook
    address = {"url": contact.webhook.url} if contact.webhook.url else {"url_file": contact.webhook.url_file}
    return {**address, "send_resolved": True}


def _webhook(kind: str, *, resolved: bool) -> Callable[[Policy, Contact, str, Priority], Config]:
    def build(policy: Policy, contact: Contact, role: str, priority: Priority) -> Config:
        assert policy.delivery.webhook
        url = f"{policy.delivery.webhook.base}/{kind}/{role}"
        return {"url": url, "send_resolved": resolved, "max_alerts": MAX_ALERTS}

    return build


def _template(name: str) -> str:
    return f'{{{{ template "esc.{name}" . }}}}'


_CHANNELS: dict[str, tuple[str, Callable[[Policy, Contact, str, Priority], Config]]] = {
    "pagerduty": ("pagerduty_configs", _pagerduty),
    "sms": ("webhook_configs", _webhook("sms", resolved=True)),
    "call": ("webhook_configs", _webhook("call", resolved=False)),  # nobody is rung up for good news
    "slack": ("slack_configs", _slack),
    "msteams": ("msteamsv2_configs", _msteams),
    "email": ("email_configs", _email),
    "webhook": ("webhook_configs", _own_webhook),
    "sns": ("sns_configs", _sns),
}
