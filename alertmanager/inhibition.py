"""Which alert keeps which others quiet while it fires; every step of a target is inhibited with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alertmanager.routes import equals, one_of
from policy.model import Inhibition, Policy

Config = dict[str, Any]


def rules(policy: Policy) -> list[Config]:
    """The `inhibit_rules`: those of the policy, then faster burn tiers over slower ones."""
    return [*(_listed(rule) for rule in policy.inhibitions()), *_burn_tiers(policy)]


def is_target(rule: Inhibition, labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels is kept quiet by the rule's source."""
    targets = rule.targets
    return labels.get("alertname") in targets.alerts or labels.get("priority") in targets.priorities


def silencers(policy: Policy, labels: Mapping[str, str]) -> tuple[str, ...]:
    """What keeps an alert with these labels quiet: other alerts, and faster tiers of its own objective."""
    found = dict.fromkeys(_named(rule) for rule in policy.inhibitions() if is_target(rule, labels))
    tier = policy.burn_tiers.get(labels.get("burn_tier", ""))
    objective = policy.objectives.get(labels.get("slo", ""))
    own = policy.tiers(objective) if objective else ()
    faster = [name for name in own if tier and policy.burn_tiers[name].long < tier.long]
    return (*found, *([f"{labels.get('alertname')} ({', '.join(faster)})"] if faster else ()))


def _named(rule: Inhibition) -> str:
    """The source, and in what both must agree besides the service."""
    same = [label for label in rule.equal if label != "service"]
    return f"{rule.source} (same {', '.join(same)})" if same else rule.source


def _listed(rule: Inhibition) -> Config:
    targets = rule.targets
    target = one_of("alertname", targets.alerts) if targets.alerts else one_of("priority", targets.priorities)
    return {
        "source_matchers": [equals("alertname", rule.source)],
        "target_matchers": [target],
        "equal": list(rule.equal),
    }


def _burn_tiers(policy: Policy) -> list[Config]:
    """The fast tier of an objective says more than the slow one; each objective speaks once."""
    if not policy.objectives:
        return []
    tiers = sorted(policy.burn_tiers, key=lambda tier: policy.burn_tiers[tier].long)
    return [
        {
            "source_matchers": [equals("burn_tier", tier)],
            "target_matchers": [one_of("burn_tier", tuple(tiers[index:]))],
            "equal": ["slo", "service"],
        }
        for index, tier in enumerate(tiers[:-1], start=1)
    ]
