"""The generated configuration with its endpoints turned to local sinks, for the demo and the tests.

Routes, receivers and templates stay those that are deployed. A path names channel and contact:
/pagerduty/<role>, /slack/<channel without #>, /msteams/<role>, /sms/<role>, /call/<role>, /webhook/<role>,
/sns/<role>, /heartbeat.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from alertmanager.table import HEARTBEAT
from policy.contacts import Contact

Config = dict[str, Any]

_SECRETS = ("smtp_auth_username", "smtp_auth_password_file", "smtp_auth_identity", "slack_api_url_file")
_ADAPTED = ("sms", "call")
_OF_MAIL = ("smarthost", "auth_username", "auth_password_file", "require_tls")
_NOBODY: Mapping[str, Contact] = {}
_AT_ONCE = {"group_wait": "0s", "group_interval": "1s"}


def rewrite(
    config: Mapping[str, Any],
    *,
    http: str,
    smtp: str,
    templates: Path,
    now: bool = False,
    contacts: Mapping[str, Contact] = _NOBODY,
) -> Config:
    """The configuration for sinks at `http` (a URL without final slash) and `smtp` (host:port).

    `templates` is the folder of the *.tmpl files. With `now` nothing waits: groups are sent at once and
    each second, and time intervals are gone. `contacts` tell roles apart that one receiver reaches.
    """
    found: Config = copy.deepcopy(dict(config))
    shared: Config = found.setdefault("global", {})
    shared |= {"smtp_smarthost": smtp, "smtp_require_tls": False}
    for key in _SECRETS:
        shared.pop(key, None)
    found["templates"] = [str(templates.resolve() / "*.tmpl")]
    for receiver in found["receivers"]:
        _turn(receiver, http, contacts)
    if now:
        _hurry(found["route"])
        found.pop("time_intervals", None)
    return found


def _turn(receiver: Config, http: str, contacts: Mapping[str, Contact]) -> None:
    """Every block of a receiver to its sink; e-mail follows the global mail server."""
    role = receiver["name"].split("-", 2)[-1]
    for block in receiver.get("email_configs", ()):
        for key in _OF_MAIL:
            block.pop(key, None)
    for block in receiver.get("pagerduty_configs", ()):
        secret = block.pop("routing_key_file", None)
        contact = _by_secret(secret, contacts) or _contact(secret, "pagerduty", role)
        block |= {"routing_key": "key", "url": f"{http}/pagerduty/{contact}"}
    for block in receiver.get("sns_configs", ()):
        contact = _by_sns(block, contacts) or role
        keys = {"access_key": "key", "secret_key": "secret", "region": block["sigv4"]["region"]}
        block |= {"api_url": f"{http}/sns/{contact}", "sigv4": keys}
    for block in receiver.get("slack_configs", ()):
        block.pop("api_url_file", None)
        block["api_url"] = f"{http}/slack/{block['channel'].lstrip('#@')}"
    for block in receiver.get("msteamsv2_configs", ()):
        secret = block.pop("webhook_url_file", None)
        contact = _by_secret(secret, contacts) or _contact(secret, "msteams", role)
        block["webhook_url"] = f"{http}/msteams/{contact}"
    for block in receiver.get("webhook_configs", ()):
        block.pop("http_config", None)
        secret = block.pop("url_file", None)
        block["url"] = f"{http}{_webhook(secret or block['url'], contacts)}"


def _contact(secret: str | None, channel: str, role: str) -> str:
    """The contact of a block: secrets are named <channel>_<role>; else the role of the receiver."""
    name = PurePosixPath(secret or "").name
    return name.removeprefix(f"{channel}_") if name.startswith(f"{channel}_") else role


def _by_secret(secret: str | None, contacts: Mapping[str, Contact]) -> str | None:
    """The contact whose address lies in this file."""
    for role, contact in contacts.items():
        files = (
            contact.pagerduty and contact.pagerduty.routing_key_file,
            contact.msteams and contact.msteams.webhook_url_file,
        )
        if secret and secret in files:
            return role
    return None


def _by_sns(block: Config, contacts: Mapping[str, Contact]) -> str | None:
    to = (block.get("topic_arn"), block.get("phone_number"))
    for role, contact in contacts.items():
        if contact.sns and (contact.sns.topic_arn, contact.sns.phone_number) == to:
            return role
    return None


def _webhook(address: str, contacts: Mapping[str, Contact]) -> str:
    """A contact's own webhook by its address; else channel and role, the last two parts of a path; else a
    file that only the heartbeat has."""
    for role, contact in contacts.items():
        if contact.webhook and address in (contact.webhook.url, contact.webhook.url_file):
            return f"/webhook/{role}"
    path = urlsplit(address).path.split("/")
    return f"/{'/'.join(path[-2:])}" if path[-2] in _ADAPTED else f"/{HEARTBEAT}"


def _hurry(route: Config) -> None:
    """Take the waiting out of a route and all below it."""
    route.pop("active_time_intervals", None)
    route.pop("mute_time_intervals", None)
    route |= _AT_ONCE
    for child in route.get("routes", ()):
        _hurry(child)
