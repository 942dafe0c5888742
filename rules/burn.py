"""Burn tiers that can never fire: named when they are left out, refused when somebody asked for them.

A tier's threshold is factor x (1 - target), with factor = budget x period / long window (Google SRE
workbook, chapter 5); rules/burn.libsonnet computes both. An error ratio is never above 1, so a factor of 14.4
needs a target over 93.06 %.
"""

from __future__ import annotations

from typing import Any

from policy.model import Policy
from typedyaml.faults import Fault
from typedyaml.load import Document

Tiers = dict[str, list[dict[str, Any]]]


def unreachable(doc: Document[Policy], tiers: Tiers) -> tuple[list[str], list[Fault]]:
    """Notes on tiers that are left out, and faults: a chosen tier, or an objective that keeps none."""
    notes: list[str] = []
    faults: list[Fault] = []
    for name, objective in doc.value.objectives.items():
        lost = [tier for tier in tiers[name] if not tier["reachable"]]
        for tier in lost if objective.tiers else ():
            at = ("objectives", name, "tiers", objective.tiers.index(tier["name"]) if objective.tiers else 0)
            faults.append(doc.fault(at, f"{_never(tier, objective.target)}; remove it or raise the target"))
        if objective.tiers is None and len(lost) == len(tiers[name]):
            told = "; ".join(_never(tier, objective.target) for tier in lost) or "there are no burn_tiers"
            faults.append(doc.fault(("objectives", name, "target"), f"no burn tier can fire: {told}"))
        elif objective.tiers is None:
            notes += [f"objective {name}: {_never(tier, objective.target)}; it is left out" for tier in lost]
    return notes, faults


def _never(tier: dict[str, Any], target: float) -> str:
    budget = f"{1 - target:.6g}"
    return (
        f'burn tier "{tier["name"]}" can never fire: {tier["factor"]:.6g} x {budget} is an error ratio of '
        f"{tier['threshold']:.6g}, and a ratio is at most 1"
    )
