"""Several policies in one Alertmanager: each keeps its tree, its delivery, its hours and its silences."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from alertmanager.checks import config_findings
from alertmanager.render import config
from alertmanager.together import merge, same_roles
from policy.escalation import Hours, Span
from policy.load import FOLDER, load_policy, shipped
from policy.model import Policy

OWN_MAIL = {
    "smarthost": "mail.portal.example.org:587",
    "from": "portal@example.org",
    "auth_username": "portal",
    "auth_password_file": "/etc/alertmanager/secrets/portal_password",
}


def portal(policy: Policy) -> Policy:
    """Another system with another mail server, another Slack and hours for P3."""
    smtp = dataclasses.replace(
        policy.delivery.smtp,
        smarthost=OWN_MAIL["smarthost"],
        from_=OWN_MAIL["from"],
        username="portal",
        password_file=OWN_MAIL["auth_password_file"],
    )
    slack = dataclasses.replace(policy.delivery.slack, api_url_file="/etc/alertmanager/secrets/portal_slack")
    hours = Hours(("monday:friday",), (Span("08:00", "18:00"),))
    medium = dataclasses.replace(policy.priorities["P3"], hours="office")
    return dataclasses.replace(
        policy,
        policy="portal",
        service="portal",
        delivery=dataclasses.replace(policy.delivery, smtp=smtp, slack=slack),
        hours={"office": hours},
        priorities=policy.priorities | {"P3": medium},
    )


GRADER = load_policy().value
PORTAL = portal(GRADER)
ALONE = {policy.policy: config(policy) for policy in (GRADER, PORTAL)}
BOTH = merge([(policy, ALONE[policy.policy]) for policy in (GRADER, PORTAL)])


def receiver(name: str) -> dict[str, Any]:
    (found,) = [one for one in BOTH["receivers"] if one["name"] == name]
    return found


def without_prefix(route: dict[str, Any], policy: str) -> dict[str, Any]:
    """A tree as it would be alone."""
    found = {key: value for key, value in route.items() if key != "matchers"}
    if route["matchers"] != [f'service="{policy}"']:
        found["matchers"] = route["matchers"]
    found["receiver"] = route["receiver"].removeprefix(f"{policy}/")
    for key in ("active_time_intervals", "mute_time_intervals"):
        if key in route:
            found[key] = [name.removeprefix(f"{policy}/") for name in route[key]]
    if "routes" in route:
        found["routes"] = [without_prefix(child, policy) for child in route["routes"]]
    return found


def test_each_service_has_the_tree_that_its_policy_has_alone() -> None:
    for policy, tree in zip(ALONE, BOTH["route"]["routes"], strict=True):
        assert without_prefix(tree, policy) == ALONE[policy]["route"]


def test_another_delivery_is_written_at_the_receivers_of_its_policy_only() -> None:
    assert BOTH["global"] == ALONE["auto-grader"]["global"]
    (mail,) = receiver("portal/P3-0-oncall")["email_configs"]
    assert {key: mail[key] for key in OWN_MAIL} == OWN_MAIL
    (slack,) = receiver("portal/P2-0-oncall")["slack_configs"]
    assert slack["api_url_file"] == "/etc/alertmanager/secrets/portal_slack"
    for block in receiver("auto-grader/P2-0-oncall")["slack_configs"]:
        assert "api_url_file" not in block
    for block in receiver("auto-grader/P2-0-oncall")["email_configs"]:
        assert "smarthost" not in block


def test_nothing_of_one_policy_silences_anything_of_the_other() -> None:
    services = {"auto-grader": 0, "portal": 0}
    for rule in BOTH["inhibit_rules"]:
        mine = {matchers[0] for matchers in (rule["source_matchers"], rule["target_matchers"])}
        ((name,),) = (mine,)
        services[name.removeprefix('service="').rstrip('"')] += 1
    assert services == {name: len(ALONE[name]["inhibit_rules"]) for name in services}


def test_hours_belong_to_their_policy() -> None:
    assert [span["name"] for span in BOTH["time_intervals"]] == ["portal/office"]
    trees = BOTH["route"]["routes"]
    kept = {tree["receiver"]: [r.get("active_time_intervals") for r in tree["routes"]] for tree in trees}
    assert kept["auto-grader/unrouted"] == [None] * 5
    assert kept["portal/unrouted"] == [None, None, None, ["portal/office"], None]


def test_the_whole_has_none_of_the_faults_that_amtool_overlooks() -> None:
    assert list(config_findings(BOTH)) == []


def test_a_role_that_two_policies_call_at_one_address_is_a_fault(tmp_path: Path) -> None:
    """Nobody may be rung up for another system: each policy needs a path of its own."""
    text = (FOLDER / "iit-ml-service.yaml").read_text("utf-8")
    own = 'base: "http://127.0.0.1:9876/iit-ml-service"'
    assert own in text
    path = tmp_path / "iit.yaml"
    path.write_text(text.replace(own, 'base: "http://127.0.0.1:9876"'), "utf-8")
    assert list(same_roles([load_policy(name) for name in shipped()])) == []
    (fault,) = same_roles([load_policy(), load_policy(path)])
    assert fault.line == text[: text.index(own)].count("\n") + 1
    assert fault.message == (
        'auto-grader has a role "oncall" behind the same address: let base end in /iit-ml-service'
    )


def test_the_login_of_one_mail_server_is_not_sent_to_another_that_has_none() -> None:
    smtp = dataclasses.replace(PORTAL.delivery.smtp, username=None, password_file=None)  # type: ignore[type-var]
    delivery = dataclasses.replace(PORTAL.delivery, smtp=smtp)
    open_ = dataclasses.replace(PORTAL, delivery=delivery)
    found = merge([(policy, config(policy)) for policy in (GRADER, open_)])
    assert not {"smtp_auth_username", "smtp_auth_password_file"} & found["global"].keys()
    mails = {one["name"]: one["email_configs"][0] for one in found["receivers"] if "email_configs" in one}
    assert mails["auto-grader/P3-0-oncall"]["auth_username"] == "alertmanager"
    assert "auth_password_file" in mails["auto-grader/P3-0-oncall"]
    assert not [key for key in mails["portal/P3-0-oncall"] if key.startswith("auth_")]
