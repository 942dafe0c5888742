"""The escalation matrix of a policy against the rules made of it, told independently of the mixin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.model import Policy

Rule = dict[str, Any]


def differences(groups: list[dict[str, Any]], policy: Policy) -> Iterator[str]:
    """What the alert rules say otherwise than the policy, one sentence each."""
    for group in groups:
        rules = [rule for rule in group["rules"] if rule.get("alert", "Watchdog") != "Watchdog"]
        starts = [i for i, rule in enumerate(rules) if rule["labels"]["escalation"] == "0"]
        if rules and starts[:1] != [0]:
            yield f"{group['name']}: the first rule is not step 0"
        for start, end in zip(starts, [*starts[1:], len(rules)], strict=False):
            base, *steps = rules[start:end]
            yield from (f"{base['alert']}: {text}" for text in _alert(policy, base, steps))


def _alert(policy: Policy, base: Rule, steps: list[Rule]) -> Iterator[str]:
    labels = base["labels"]
    row = policy.priorities.get(labels["priority"])
    if row is None:
        yield f"priority {labels['priority']} is none of the policy"
        return
    if labels["severity"] != row.severity:
        yield f"severity {labels['severity']} of {labels['priority']}"
    if (labels["service"], labels["team"]) != (policy.service, policy.team):
        yield f"service or team {labels}"
    if base["annotations"]["escalated_to"] != ", ".join(row.steps[0].contacts):
        yield f"step 0 goes to {base['annotations']['escalated_to']}"
    if base["annotations"].get("ack") != _ack(policy, base, 0, len(row.steps)):
        yield f"step 0 is acknowledged by {base['annotations'].get('ack')}"
    if len(steps) != len(row.steps) - 1:
        yield f"{len(steps)} later steps"
    for index, rule in enumerate(steps[: len(row.steps) - 1], start=1):
        expected = _step(policy, base, index)
        for key in expected.keys() | rule.keys():
            if expected.get(key) != rule.get(key):
                yield f"step {index}, {key}: {rule.get(key)!r}, expected {expected.get(key)!r}"


def _step(policy: Policy, base: Rule, index: int) -> Rule:
    name, labels, texts = base["alert"], base["labels"], base["annotations"]
    row = policy.priorities[labels["priority"]]
    after, to = row.steps[index].after, ", ".join(row.steps[index].contacts)
    apart = {key: labels[key] for key in ("burn_tier", "long", "short", "slo") if key in labels}
    own = "".join(f', {key}="{value}"' for key, value in apart.items())
    ack = _ack(policy, base, index, len(row.steps))
    return {
        "alert": name,
        "expr": "\n".join([f"{_firing(policy, name)[:-1]}{own}}} == 1", *_silencers(policy, name, labels)]),
        "for": str(after),
        "labels": {**apart, "alertstate": "", "escalation": str(index)},
        "annotations": {
            "summary": f"{texts['summary'][:-1]} (not acknowledged for {after}: escalated to {to}).",
            "description": (
                f"{texts['description'].split(': ')[0]}: not acknowledged for {after}, escalated to {to}."
            ),
            "escalated_to": to,
            "runbook_url": f"{policy.links.runbooks}/{name}",
            "dashboard_url": texts["dashboard_url"],
            **({"ack": ack} if ack else {}),
        },
    }


def _ack(policy: Policy, base: Rule, index: int, count: int) -> str | None:
    later = "|".join(str(step) for step in range(index + 1, count))
    text = f'alertname="{base["alert"]}",service="{policy.service}",escalation=~"{later}"'
    return text if later else None


def _firing(policy: Policy, name: str) -> str:
    return f'ALERTS{{alertname="{name}", alertstate="firing", escalation="0", service="{policy.service}"}}'


def _silencers(policy: Policy, name: str, labels: dict[str, str]) -> list[str]:
    lines = []
    for rule in policy.inhibit:
        hit = labels["priority"] in rule.targets.priorities or name in rule.targets.alerts
        if hit and rule.source != name:
            lines.append(f"unless on ({', '.join(rule.equal)}) {_firing(policy, rule.source)}")
    own_tiers = next((o.tiers for o in policy.objectives.values() if o.alert == name), None)
    for tier in policy.burn_tiers if "burn_tier" in labels else ():
        if tier == labels["burn_tier"]:
            break
        if own_tiers and tier not in own_tiers:
            continue
        own = f', burn_tier="{tier}", slo="{labels["slo"]}"}}'
        lines.append(f"unless on (service, slo) {_firing(policy, name)[:-1]}{own}")
    return list(dict.fromkeys(lines))
