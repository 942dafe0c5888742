"""Rule files for Mimir, Thanos Ruler and vmalert: the plain groups with what each wants beside them."""

from __future__ import annotations

from typing import Any

from policy.model import Policy
from policy.outputs import Mimir, Thanos, VictoriaMetrics

Groups = list[dict[str, Any]]
Content = dict[str, Any]


def mimir(target: Mimir, policy: Policy, groups: Groups) -> Content:
    """One namespace a policy: alerts and records cannot share one across files (grafana/mimir#6748)."""
    tenants = {"source_tenants": list(target.source_tenants)} if target.source_tenants else {}
    named = f"{target.namespace}-{policy.policy}"
    return {"namespace": named, "groups": [_head(group) | tenants | _rules(group) for group in groups]}


def thanos(target: Thanos, groups: Groups) -> Content:
    """Each group with its strategy for stores that do not answer."""
    strategy = {"partial_response_strategy": target.partial_response_strategy}
    return {"groups": [_head(group) | strategy | _rules(group) for group in groups]}


def vmalert(target: VictoriaMetrics, groups: Groups) -> Content:
    """Groups without concurrency, as a step reads the ALERTS of the rule before it."""
    return {"groups": [_head(group) | {"concurrency": 1} | _rules(group, target) for group in groups]}


def _head(group: Content) -> Content:
    return {key: group[key] for key in ("name", "interval") if key in group}


def _rules(group: Content, target: VictoriaMetrics | None = None) -> Content:
    lost = {"keep_firing_for"} if target and not target.keep_firing_for else set()
    return {
        "rules": [{key: value for key, value in rule.items() if key not in lost} for rule in group["rules"]]
    }
