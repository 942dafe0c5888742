"""Further outputs of a build: what a policy asks for under `outputs`, made of what was built already."""

from __future__ import annotations

from typing import Any

import yaml

import alertmanager.operator
import alertmanager.render
import alertmanager.templates
import rules.outputs
from alertmanager.render import HEADER, to_yaml
from policy.model import Policy
from policy.rendered import Rendered
from rules.outputs.operator import metadata


def render(policy: Policy, rule_file: str) -> Rendered:
    """Files of the other rulers and objects of the operator; `rule_file` is the text of the plain rules."""
    groups: list[dict[str, Any]] = yaml.safe_load(rule_file)["groups"]
    found = rules.outputs.render(policy, groups)
    if policy.outputs.operator is None:
        return found
    target = policy.outputs.operator
    named = metadata(policy, target, f"gradewatch-{policy.policy}")
    shared = metadata(policy, target, f"gradewatch-{policy.policy}-templates")
    built = alertmanager.render.config(policy)
    config = alertmanager.operator.config(policy, target, built, named)
    texts = alertmanager.operator.templates(target, alertmanager.templates.text([policy]), shared)
    files = {
        f"kubernetes/{policy.policy}.alertmanagerconfig.yaml": HEADER + to_yaml(config),
        f"kubernetes/{policy.policy}.templates.yaml": HEADER + to_yaml(texts),
    }
    return Rendered(found.files | files, (*found.notes, *alertmanager.operator.lost(built)))
