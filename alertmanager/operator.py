"""An AlertmanagerConfig object of the Prometheus Operator (monitoring.coreos.com/v1alpha1).

It has the tree of the plain configuration below a route for the policy's service. Secret files become keys of
one Secret, named as the files are. The operator must not add its own matcher for the namespace:
alertmanagerConfigMatcherStrategy: {type: None}. The templates come from a ConfigMap, which the Alertmanager
object names under alertmanagerConfiguration.templates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from alertmanager.receivers import global_block
from alertmanager.secrets import secret_files
from policy.model import Policy
from policy.outputs import Operator

Config = dict[str, Any]

_MATCHER = re.compile(r'^(\w+)(=~|!~|!=|=)"(.*)"$')
# Keys whose name is not the camel case of the file's.
_NAMES = {
    "routing_key_file": "routingKey",
    "links": "pagerDutyLinkConfigs",
    "client_url": "clientURL",
    "api_url_file": "apiURL",
    "webhook_url_file": "webhookURL",
    "url_file": "urlSecret",
    "topic_arn": "topicARN",
    "auth_password_file": "authPassword",
    "days_of_month": "daysOfMonth",
}
_PAIRS = ("details", "headers")
"""Maps of the file that are lists of key and value here."""


def config(policy: Policy, target: Operator, built: Config, metadata: Config) -> Config:
    """The object; `built` is the configuration that the policy has alone."""
    mine = {"name": "service", "matchType": "=", "value": policy.service}
    spans = [_interval(span) for span in built.get("time_intervals", ())]
    shared = global_block(policy).body
    keys = secret_keys(built)
    return {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": metadata,
        "spec": {
            "route": {**_route(built["route"]), "matchers": [mine]},
            "inhibitRules": [_inhibit(rule, mine) for rule in built["inhibit_rules"]],
            "receivers": [_receiver(receiver, shared, target, keys) for receiver in built["receivers"]],
            **({"muteTimeIntervals": spans} if spans else {}),
        },
    }


def templates(target: Operator, text: str, metadata: Config) -> Config:
    """The ConfigMap with the message templates."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"gradewatch.tmpl": text}}


def secret_keys(built: Config) -> dict[str, str]:
    """The key of each secret file in the Secret: its name, or the whole path where two have one name."""
    files = list(secret_files(built))
    names = Counter(PurePosixPath(file).name for file in files)
    return {
        file: name if names[name := PurePosixPath(file).name] == 1 else file.strip("/").replace("/", "-")
        for file in files
    }


def lost(built: Config) -> Iterator[str]:
    """What the object cannot say, or says otherwise."""
    for file, key in secret_keys(built).items():
        if key != PurePosixPath(file).name:
            yield f"AlertmanagerConfig: {file} is the key {key} of the Secret, as another file has its name"
    spans = [span for named in built.get("time_intervals", ()) for span in named["time_intervals"]]
    zones = ", ".join(sorted({span["location"] for span in spans} - {"UTC"}))
    if zones:
        yield f"AlertmanagerConfig has no time zones: hours of {zones} are UTC there"


def _camel(key: str) -> str:
    if key in _NAMES:
        return _NAMES[key]
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _route(route: Config) -> Config:
    found = {_camel(key): value for key, value in route.items() if key not in ("matchers", "routes")}
    if "matchers" in route:
        found["matchers"] = [_matcher(text) for text in route["matchers"]]
    if "routes" in route:
        found["routes"] = [_route(child) for child in route["routes"]]
    return found


def _matcher(text: str) -> Config:
    found = _MATCHER.match(text)
    assert found, text
    return {"name": found[1], "matchType": found[2], "value": found[3]}


def _inhibit(rule: Config, mine: Config) -> Config:
    return {
        "sourceMatch": [mine, *map(_matcher, rule["source_matchers"])],
        "targetMatch": [mine, *map(_matcher, rule["target_matchers"])],
        "equal": rule["equal"],
    }


def _receiver(receiver: Config, shared: Config, target: Operator, keys: Mapping[str, str]) -> Config:
    """Blocks carry what the file has globally: mail server and Slack's address."""
    found: Config = {"name": receiver["name"]}
    for section, blocks in receiver.items():
        if section != "name":
            found[_camel(section)] = [_block(_own(section, block, shared), target, keys) for block in blocks]
    return found


def _own(section: str, block: Config, shared: Config) -> Config:
    own: Config = {}
    if section == "email_configs":
        own = {key.removeprefix("smtp_"): value for key, value in shared.items() if key.startswith("smtp_")}
    if section == "slack_configs" and "slack_api_url_file" in shared:
        own = {"api_url_file": shared["slack_api_url_file"]}
    return own | block


def _block(block: Config, target: Operator, keys: Mapping[str, str]) -> Config:
    found: Config = {}
    for key, value in block.items():
        if key.endswith("_file"):
            found[_camel(key)] = {"name": target.secret, "key": keys[value]}
        elif key in _PAIRS:
            found[_camel(key)] = [{"key": name, "value": text} for name, text in value.items()]
        elif key == "links":
            found[_camel(key)] = [{"href": link["href"], "alt": link["text"]} for link in value]
        elif key == "sigv4":
            found[key] = {_camel(name): item for name, item in value.items()}
        else:
            found[_camel(key)] = value
    return found


def _interval(named: Config) -> Config:
    return {"name": named["name"], "timeIntervals": [_span(span) for span in named["time_intervals"]]}


def _span(span: Config) -> Config:
    found = {_camel(key): value for key, value in span.items() if key not in ("location", "times")}
    if "times" in span:
        found["times"] = [{_camel(key): value for key, value in time.items()} for time in span["times"]]
    if "days_of_month" in span:
        found["daysOfMonth"] = [{"start": int(day), "end": int(day)} for day in span["days_of_month"]]
    return found
