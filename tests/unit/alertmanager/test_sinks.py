"""Only endpoints are turned to the sinks; what is under test stays as it is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alertmanager.render import config
from alertmanager.sinks import rewrite
from policy.load import load_policy

HTTP = "http://127.0.0.1:1"
GENERATED = config(load_policy().value)


def turned(*, now: bool = False) -> dict[str, Any]:
    return rewrite(GENERATED, http=HTTP, smtp="127.0.0.1:2", templates=Path("/t"), now=now)


def test_no_endpoint_or_secret_of_the_real_world_is_left() -> None:
    text = str(turned())
    for word in ("_file", "/etc/alertmanager", "9876", "mail.example.org", "smtp_auth"):
        assert word not in text
    assert turned()["global"] == {
        "smtp_smarthost": "127.0.0.1:2",
        "smtp_from": "alertmanager@example.org",
        "smtp_require_tls": False,
    }
    assert turned()["templates"] == ["/t/*.tmpl"]


def test_a_path_names_channel_and_contact() -> None:
    found = {
        block.get("webhook_url") or block.get("api_url") or block["url"]
        for receiver in turned()["receivers"]
        for section, blocks in receiver.items()
        if section not in ("name", "email_configs")
        for block in blocks
    }
    assert {url.removeprefix(HTTP) for url in found} == {
        "/heartbeat",
        "/pagerduty/oncall",
        "/sms/oncall",
        "/sms/team-lead",
        "/call/team-lead",
        "/call/engineering-manager",
        "/slack/oncall",
        "/slack/leads",
        "/msteams/oncall",
    }


def test_routes_stay_and_the_original_is_not_touched() -> None:
    before = str(GENERATED)
    assert turned()["route"] == GENERATED["route"]
    assert turned()["inhibit_rules"] == GENERATED["inhibit_rules"]
    assert str(GENERATED) == before


def test_in_a_hurry_every_route_sends_at_once() -> None:
    def routes(route: dict[str, Any]) -> list[dict[str, Any]]:
        return [route, *(below for child in route.get("routes", ()) for below in routes(child))]

    for route in routes(turned(now=True)["route"]):
        assert (route["group_wait"], route["group_interval"]) == ("0s", "1s")
