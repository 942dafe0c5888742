"""How fast the error budget of the chosen objective is being spent."""

from __future__ import annotations

from typing import Any

from dashboards import records
from dashboards.boards.promises import lately
from dashboards.fields import colours
from dashboards.graphs import state_timeline, timeseries
from dashboards.palette import (
    BLUE,
    CRITICAL,
    GREEN,
    OK,
    ORANGE,
    SKY,
    VERMILION,
    WARNING,
    steps,
    words,
)
from dashboards.series import Like, Recorded, series
from dashboards.targets import q
from policy.model import BurnTier, Policy

CHOSEN = Like("$slo")
_LINES = (VERMILION, ORANGE, BLUE, SKY, GREEN)


def good_events(policy: Policy) -> Any:
    """Against the line of the promise."""
    return timeseries(
        "Good events, lately",
        "The share of good events beside what was promised. Below the promise the budget is being spent; how "
        "fast, the burn rates below say.",
        unit="percentunit",
        targets=q(
            (f"1 - ({lately(policy, CHOSEN)})", "Good"),
            (f"max({chosen(policy, records.OBJECTIVE)})", "Promised"),
        ),
        overrides=colours(Good=BLUE, Promised=ORANGE),
        narrow=True,
        least=None,
    )


def budget_over_time(policy: Policy) -> Any:
    """The burn-down."""
    return timeseries(
        "Error budget left over time",
        "How the budget went down. A cliff is one incident, a slope is a fault that nobody noticed: look at "
        "the alerts of its beginning. It rises again as old failures leave the period.",
        unit="percentunit",
        targets=q(f"min({chosen(policy, records.BUDGET_LEFT)})"),
        color=BLUE,
        least=None,
        most=1,
    )


def burn_rates(policy: Policy) -> Any:
    """Every long window with the line of its tier."""
    tiers = records.tiers(policy)
    period = max(objective.period for objective in policy.objectives.values())
    allowed = f"max({chosen(policy, records.ERROR_BUDGET)})"
    shown = [
        (f"max({chosen(policy, records.error_ratio(tier.long))}) / ({allowed} > 0)", str(tier.long))
        for tier in tiers
    ]
    named = {str(tier.long): color for tier, color in zip(tiers, _LINES, strict=False)}
    factors = [
        (CRITICAL if tier.priority in ("P1", "P2") else WARNING, records.factor(tier, period))
        for tier in tiers
    ]
    lines = ", ".join(f"{tier.long}: {records.factor(tier, period):g}" for tier in tiers)
    return timeseries(
        "Burn rate by window",
        f"How fast the budget is spent, over each window. Somebody is told above these lines ({lines}) when "
        "the short window agrees. Only long windows above: it is over, the budget stays spent.",
        unit="none",
        targets=q(*shown),
        lines=steps(*factors, base="transparent"),
        overrides=colours(**named),
    )


def tiers_burning(policy: Policy) -> Any:
    """What the alerts look at."""
    budgets = f"max({chosen(policy, records.ERROR_BUDGET)})"
    period = max(objective.period for objective in policy.objectives.values())

    def burns(tier: BurnTier) -> str:
        factor = records.factor(tier, period)
        both = (f"max({chosen(policy, records.error_ratio(w))})" for w in (tier.long, tier.short))
        return " * ".join(f"({errors} > bool {factor:g} * {budgets})" for errors in both)

    names = {id(tier): name for name, tier in policy.burn_tiers.items()}
    return state_timeline(
        "Tiers that burn",
        "A tier burns while its long and its short window are both above its line: then its alert waits its "
        "time and fires. The fast one calls people; the slow ones are work for the day.",
        targets=q(*((burns(tier), f"{names[id(tier)]}, {tier.priority}") for tier in records.tiers(policy))),
        mappings=[words({0: ("Calm", OK), 1: ("Burns", CRITICAL)})],
    )


def chosen(policy: Policy, record: Recorded) -> str:
    """A record of the objective that the board's variable names."""
    return series(record, service=policy.service, slo=CHOSEN)
