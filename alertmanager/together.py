"""Several policies in one Alertmanager: each keeps its own tree, below a route for its service.

Names of receivers and time intervals begin with the policy's name. The mail server and Slack's address of the
first policy are the global ones; where another policy has others, its receivers say so themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alertmanager.routes import equals
from policy.model import Policy
from typedyaml.faults import Fault
from typedyaml.load import Document

Config = dict[str, Any]

_OF_MAIL = {
    "smtp_smarthost": "smarthost",
    "smtp_from": "from",
    "smtp_auth_username": "auth_username",
    "smtp_auth_password_file": "auth_password_file",
}
_LOGIN = ("smtp_auth_username", "smtp_auth_password_file")
_INTERVALS = ("active_time_intervals", "mute_time_intervals")


def merge(parts: Sequence[tuple[Policy, Config]]) -> Config:
    """One configuration of several; `parts` are those that each policy would have alone."""
    shared = _shared([part["global"] for _, part in parts])
    default = prefixed(parts[0][0], parts[0][1]["route"]["receiver"])
    spans = [span for policy, part in parts for span in _named(policy, part.get("time_intervals", ()))]
    return {
        "global": shared,
        "templates": parts[0][1]["templates"],
        "route": {
            "receiver": default,
            "group_by": parts[0][1]["route"]["group_by"],
            "routes": [_tree(policy, part["route"]) for policy, part in parts],
        },
        "inhibit_rules": [_own(policy, rule) for policy, part in parts for rule in part["inhibit_rules"]],
        "receivers": [
            _receiver(policy, receiver, shared, part["global"])
            for policy, part in parts
            for receiver in part["receivers"]
        ],
        **({"time_intervals": spans} if spans else {}),
    }


def _shared(globals_: Sequence[Config]) -> Config:
    """The first policy's; without the login of its mail server where another policy's has none: a receiver
    cannot say so, and would send that login to the other server."""
    mailing = [found for found in globals_ if "smtp_smarthost" in found]
    return {
        key: value
        for key, value in globals_[0].items()
        if key not in _LOGIN or all(key in found for found in mailing)
    }


def same_roles(documents: Sequence[Document[Policy]]) -> Iterator[Fault]:
    """Two policies whose text messages or calls go to one address though they mean different people."""
    seen: dict[str, str] = {}
    for document in documents:
        policy = document.value
        if policy.delivery.webhook is None:
            continue
        for role, contact in policy.contacts.items():
            address = f"{policy.delivery.webhook.base}/{role}"
            if not (contact.sms or contact.call):
                continue
            if address in seen:
                message = (
                    f'{seen[address]} has a role "{role}" behind the same address: '
                    f"let base end in /{policy.policy}"
                )
                yield document.fault(("delivery", "webhook", "base"), message)
                break
            seen[address] = policy.policy


def prefixed(policy: Policy, name: str) -> str:
    """A name of one policy among those of all."""
    return f"{policy.policy}/{name}"


def _tree(policy: Policy, route: Config) -> Config:
    """A policy's whole tree: what its service sends, and nobody else's."""
    return {"matchers": [equals("service", policy.service)], **_renamed(policy, route)}


def _renamed(policy: Policy, route: Config) -> Config:
    found = {**route, "receiver": prefixed(policy, route["receiver"])}
    for key in _INTERVALS:
        if key in route:
            found[key] = [prefixed(policy, name) for name in route[key]]
    if "routes" in route:
        found["routes"] = [_renamed(policy, child) for child in route["routes"]]
    return found


def _named(policy: Policy, items: Sequence[Config]) -> list[Config]:
    return [{**item, "name": prefixed(policy, item["name"])} for item in items]


def _own(policy: Policy, rule: Config) -> Config:
    """An inhibit rule of one policy speaks of its own service only."""
    mine = equals("service", policy.service)
    return {
        "source_matchers": [mine, *rule["source_matchers"]],
        "target_matchers": [mine, *rule["target_matchers"]],
        "equal": rule["equal"],
    }


def _receiver(policy: Policy, receiver: Config, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Config:
    found = {**receiver, "name": prefixed(policy, receiver["name"])}
    mail = {key: own[name] for name, key in _OF_MAIL.items() if name in own and own[name] != shared.get(name)}
    if mail and "email_configs" in found:
        found["email_configs"] = [{**block, **mail} for block in found["email_configs"]]
    slack = own.get("slack_api_url_file")
    if slack and slack != shared.get("slack_api_url_file") and "slack_configs" in found:
        found["slack_configs"] = [{**block, "api_url_file": slack} for block in found["slack_configs"]]
    return found
