"""The generated configuration with its endpoints turned to local sinks, for the demo and the tests.

Routes, receivers and templates stay those that are deployed. A path names channel and contact:
/pagerduty/<role>, /slack/<channel without #>, /msteams/<role>, /sms/<role>, /call/<role>, /heartbeat.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from alertmanager.table import HEARTBEAT

Config = dict[str, Any]

_SECRETS = ("smtp_auth_username", "smtp_auth_password_file", "smtp_auth_identity", "slack_api_url_file")
_AT_ONCE = {"group_wait": "0s", "group_interval": "1s"}


def rewrite(config: Mapping[str, Any], *, http: str, smtp: str, templates: Path, now: bool = False) -> Config:
    """The configuration for sinks at `http` (a URL without final slash) and `smtp` (host:port).

    `templates` is the folder of the *.tmpl files. With `now` nothing waits: groups are sent at once and
    each second, and time intervals are gone.
    """
    found: Config = copy.deepcopy(dict(config))
    shared: Config = found.setdefault("global", {})
    shared |= {"smtp_smarthost": smtp, "smtp_require_tls": False}
    for key in _SECRETS:
        shared.pop(key, None)
    found["templates"] = [str(templates.resolve() / "*.tmpl")]
    for receiver in found["receivers"]:
        _turn(receiver, http)
    if now:
        _hurry(found["route"])
    return found


def _turn(receiver: Config, http: str) -> None:
    """Every block of a receiver to its sink; e-mail follows the global mail server."""
    role = receiver["name"].split("-", 2)[-1]
    for block in receiver.get("pagerduty_configs", ()):
        contact = _contact(block.pop("routing_key_file", None), "pagerduty", role)
        block |= {"routing_key": "key", "url": f"{http}/pagerduty/{contact}"}
    for block in receiver.get("slack_configs", ()):
        block.pop("api_url_file", None)
        block["api_url"] = f"{http}/slack/{block['channel'].lstrip('#@')}"
    for block in receiver.get("msteamsv2_configs", ()):
        contact = _contact(block.pop("webhook_url_file", None), "msteams", role)
        block["webhook_url"] = f"{http}/msteams/{contact}"
    for block in receiver.get("webhook_configs", ()):
        block.pop("http_config", None)
        secret = block.pop("url_file", None)
        path = f"/{HEARTBEAT}" if receiver["name"] == HEARTBEAT or secret else _sms_or_call(block["url"])
        block["url"] = f"{http}{path}"


def _contact(secret: str | None, channel: str, role: str) -> str:
    """The contact of a block: secrets are named <channel>_<role>; else the role of the receiver."""
    name = PurePosixPath(secret or "").name
    return name.removeprefix(f"{channel}_") if name.startswith(f"{channel}_") else role


def _sms_or_call(url: str) -> str:
    """The last two parts of the path: channel and role."""
    return "/" + "/".join(urlsplit(url).path.split("/")[-2:])


def _hurry(route: Config) -> None:
    """Take the waiting out of a route and all below it."""
    route.pop("active_time_intervals", None)
    route.pop("mute_time_intervals", None)
    route |= _AT_ONCE
    for child in route.get("routes", ()):
        _hurry(child)
