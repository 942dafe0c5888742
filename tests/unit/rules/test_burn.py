"""Burn rates: the arithmetic of the workbook, and tiers that can never fire."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import rules.render
from policy.model import Objective, Policy
from rules.mixin import Mixin, evaluate
from typedyaml.faults import Faults
from typedyaml.load import Document
from typedyaml.units import Duration

WORKBOOK = {"fast": 14.4, "medium": 6.0, "slow": 3.0, "longterm": 1.0}
"""Google SRE workbook, chapter 5, for thirty days."""


def with_objective(document: Document[Policy], **changes: object) -> Document[Policy]:
    """The policy with its availability objective changed."""
    changed: Objective = dataclasses.replace(document.value.objectives["availability"], **changes)
    value = dataclasses.replace(document.value, objectives={"availability": changed})
    return dataclasses.replace(document, value=value)


def slo_group(mixin: Mixin) -> list[dict[str, Any]]:
    """The records of the availability objective."""
    rules_: list[dict[str, Any]] = next(g for g in mixin.groups if g["name"] == "slo-availability")["rules"]
    return rules_


def test_factors_are_those_of_the_workbook(mixin: Mixin) -> None:
    assert {tier["name"]: pytest.approx(tier["factor"]) for tier in mixin.tiers["availability"]} == WORKBOOK


def test_factors_scale_with_the_period(document: Document[Policy]) -> None:
    four_weeks = evaluate(with_objective(document, period=Duration.parse("28d")).value)
    factors = [tier["factor"] for tier in four_weeks.tiers["availability"]]
    assert factors == pytest.approx([13.44, 5.6, 2.8, 0.93333], abs=1e-4)


@pytest.mark.parametrize(
    ("target", "thresholds"),
    [
        (0.999, ["0.0144", "0.006", "0.003", "0.001"]),
        (0.99, ["0.144", "0.06", "0.03", "0.01"]),
        (0.9995, ["0.0072", "0.003", "0.0015", "0.0005"]),
    ],
)
def test_thresholds_are_written_without_the_noise_of_floating_point(
    document: Document[Policy], target: float, thresholds: list[str]
) -> None:
    groups = evaluate(with_objective(document, target=target).value).groups
    rules_ = next(g for g in groups if g["name"] == "AvailabilityBudgetBurn")["rules"]
    first = [r["expr"] for r in rules_ if r["labels"]["escalation"] == "0"]
    assert [[f"> {t}\n" in e for t in thresholds].index(True) for e in first] == [0, 1, 2, 3]
    assert all(expr.count(f"> {limit}\n") == 2 for expr, limit in zip(first, thresholds, strict=True))


def test_a_tier_that_can_never_fire_is_left_out_and_named(document: Document[Policy]) -> None:
    loose = with_objective(document, target=0.9)
    rendered = rules.render.render(loose)
    assert rendered.notes == (
        'objective availability: burn tier "fast" can never fire: 14.4 x 0.1 is an error ratio of 1.44, '
        "and a ratio is at most 1; it is left out",
    )
    tiers = {alert.labels.get("burn_tier") for alert in rules.render.alerts(loose)}
    assert tiers == {None, "medium", "slow", "longterm"}


def test_a_tier_whose_threshold_is_exactly_one_can_never_fire(document: Document[Policy]) -> None:
    half = with_objective(document, target=1 - 1 / 6)
    reachable = {tier["name"]: tier["reachable"] for tier in evaluate(half.value).tiers["availability"]}
    assert reachable == {"fast": False, "medium": False, "slow": True, "longterm": True}


def test_a_tier_that_was_asked_for_and_can_never_fire_is_a_fault(document: Document[Policy]) -> None:
    with pytest.raises(Faults) as raised:
        rules.render.render(with_objective(document, target=0.9, tiers=("slow", "fast")))
    (fault,) = raised.value.faults
    assert fault.line == document.position("objectives", "availability")[0]
    assert fault.message.endswith("a ratio is at most 1; remove it or raise the target")


def test_an_objective_without_any_tier_is_a_fault(document: Document[Policy]) -> None:
    with pytest.raises(Faults) as raised:
        rules.render.render(with_objective(document, target=0.0000001, period=Duration.parse("90d")))
    (fault,) = raised.value.faults
    assert fault.line == document.position("objectives", "availability", "target")[0]
    assert fault.message.startswith("no burn tier can fire: ")
    assert fault.message.count("burn tier") == 1 + len(WORKBOOK)


def test_an_objective_uses_the_tiers_that_it_names(document: Document[Policy]) -> None:
    chosen = with_objective(document, tiers=("medium",))
    alerts = [a for a in rules.render.alerts(chosen) if a.alertname == "AvailabilityBudgetBurn"]
    assert [(alert.labels["burn_tier"], alert.step) for alert in alerts] == [("medium", 0), ("medium", 1)]
    records = {rule["record"] for rule in slo_group(evaluate(chosen.value))}
    assert {name for name in records if "increase" in name} == {
        f"slo:events_{kind}:increase{window}" for kind in ("bad", "total") for window in ("30m", "6h")
    }


def test_windows_of_one_length_are_recorded_once(mixin: Mixin) -> None:
    names = [rule["record"] for rule in slo_group(mixin)]
    assert len(names) == len(set(names)) == 2 + 3 * 7 + 3
