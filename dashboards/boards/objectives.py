"""Are the promises kept, for how long still, and will capacity last? For heads and for planning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards import records
from dashboards.boards.capacity import highest_use, left_in_a_month, submissions_per_hour
from dashboards.boards.figures import failures
from dashboards.boards.promises import budget_steps, objectives
from dashboards.fields import colours
from dashboards.graphs import state_timeline, timeseries
from dashboards.grid import Grid
from dashboards.limits import figure
from dashboards.palette import (
    BLUE,
    CRITICAL,
    GREEN,
    INFO,
    OK,
    ORANGE,
    SKY,
    VERMILION,
    WARNING,
    steps,
    words,
)
from dashboards.series import Like, series
from dashboards.shell import SLO, Variable, board, help_row
from dashboards.singles import stat
from dashboards.targets import q
from policy.model import BurnTier, Policy

ABOUT = (
    "Are the promises kept, how much of the error budgets is left, how long will it last at the present "
    "pace, and will capacity last."
)
WORDS = """\
**Error budget**: the failures that an objective allows in its period.

**Burn rate**: 1 spends the whole budget in exactly the period; 2 in half of it.

**As a full outage**: for how long everything could fail before the budget is spent.

**Lasts for**: when the budget is spent if it burns on as now. Grey: it does not burn.

**Fast, medium, slow, longterm**: pairs of windows; a tier burns when both of its windows do."""
ABOUT_US = ("availability", "latency", "errors", "capacity")
CHOSEN = Like("$slo")
_LINES = (VERMILION, ORANGE, BLUE, SKY, GREEN)


def objective_board(policy: Policy) -> Any:
    """The board `gradewatch-slo`."""
    grid, variables = Grid(), []
    if policy.objectives and policy.burn_tiers:
        names = tuple(policy.objectives)
        query = f"label_values({records.OBJECTIVE.name}, slo)"
        variables.append(Variable(name="slo", label="Objective", query=query, chosen=[names[0]]))
        height = max(4, min(9, 2 + len(names)))
        grid.row("Which promise is in danger?", (height, [objectives(policy)]))
        grid.row(
            "How is the chosen objective doing?",
            (
                5,
                [
                    promised(policy),
                    achieved(policy),
                    left(policy),
                    outage(policy),
                    burn(policy),
                    lasts(policy),
                ],
            ),
            (8, [good_events(policy), budget_over_time(policy)]),
            (8, [burn_rates(policy), tiers_burning(policy)]),
        )
        grid.row("What spends it?", (7, [failures(policy)]))
    grid.row(
        "Will capacity last?",
        (8, [(highest_use(), 9), (left_in_a_month(), 8), (submissions_per_hour(), 7)]),
    )
    return board(
        policy,
        SLO,
        f"{policy.title}: objectives and capacity",
        ABOUT,
        help_row(policy, grid, ABOUT_US, WORDS),
        hours=7 * 24,
        refresh="5m",
        variables=variables,
    )


def promised(policy: Policy) -> Any:
    """The figure that was agreed on."""
    return stat(
        "Promised",
        "The least share of good events that the chosen objective allows over its period. It is in the "
        "policy; change it there when it is too strict or too lax.",
        unit="percentunit",
        decimals=2,
        targets=q(f"max({_of(policy, records.OBJECTIVE)})", instant=True),
        thresholds=steps(base=INFO),
    )


def achieved(policy: Policy) -> Any:
    """What was kept lately."""
    window = records.tiers(policy)[-1].long
    worst = min((objective.target for objective in policy.objectives.values()), default=1.0)
    return stat(
        f"Achieved in {window}",
        f"Share of good events of the last {window}. Orange below {figure(worst, 'percentunit')}, the laxest "
        "of the objectives: compare with what was promised on the left.",
        unit="percentunit",
        decimals=3,
        targets=q(f"1 - max({_of(policy, records.error_ratio(window))})", instant=True),
        thresholds=steps((OK, worst), base=WARNING),
    )


def left(policy: Policy) -> Any:
    """The budget of the chosen objective."""
    return stat(
        "Budget left",
        "Share of the allowed failures of the period that have not happened yet. Orange: nearly spent, no "
        "risky change; red: spent, only changes that make it more reliable.",
        unit="percentunit",
        decimals=1,
        targets=q(f"min({_of(policy, records.BUDGET_LEFT)})", instant=True),
        thresholds=budget_steps(policy),
    )


def outage(policy: Policy) -> Any:
    """The budget in the unit of people."""

    def seconds(period: float, chosen: Like) -> str:
        return f"{_budget(policy, chosen)} * {period:g}"

    return stat(
        "Budget as a full outage",
        "For how long everything may still fail before the budget of the period is spent. Plan maintenance "
        "within it; below 0 nothing is left.",
        unit="s",
        decimals=1,
        targets=q(f"min({_by_period(policy, seconds)})", instant=True),
        thresholds=steps((OK, 0), base=CRITICAL),
    )


def burn(policy: Policy) -> Any:
    """The pace."""
    found = records.tiers(policy)
    period = max(objective.period for objective in policy.objectives.values())
    slow, fast = records.factor(found[-1], period), records.factor(found[0], period)
    return stat(
        "Burn rate now",
        f"How fast the budget is being spent. Orange above {slow:g}: it will not last the period. Red above "
        f"{fast:g}: somebody is called; find what fails in the row below.",
        unit="none",
        decimals=1,
        targets=q(f"max({_of(policy, records.BURN_RATE)})", instant=True),
        thresholds=steps((WARNING, slow), (CRITICAL, fast), base=OK),
    )


def lasts(policy: Policy) -> Any:
    """When it is spent."""

    def seconds(period: float, chosen: Like) -> str:
        left_ = series(records.BUDGET_LEFT, service=policy.service, slo=chosen)
        pace = series(records.BURN_RATE, service=policy.service, slo=chosen)
        return f"max by (slo) ({left_}) * {period:g} / (max by (slo) ({pace}) > 0)"

    periods = [objective.period.seconds for objective in policy.objectives.values()]
    return stat(
        "Budget lasts for",
        "The time until the budget is spent if it burns on as now. Orange: less than the period, so the "
        "promise will be broken unless something changes. Grey: nothing burns.",
        unit="s",
        decimals=1,
        targets=q(f"clamp_min(min({_by_period(policy, seconds)}), 0)", instant=True),
        thresholds=steps((WARNING, 0), (OK, min(periods)), base=CRITICAL),
        nothing="Does not burn",
    )


def good_events(policy: Policy) -> Any:
    """Against the line of the promise."""
    window = records.tiers(policy)[0].long
    return timeseries(
        f"Good events, over {window}",
        "The share of good events beside what was promised. Below the promise the budget is being spent; how "
        "fast, the burn rates below say.",
        unit="percentunit",
        targets=q(
            (f"1 - max({_of(policy, records.error_ratio(window))})", "Good"),
            (f"max({_of(policy, records.OBJECTIVE)})", "Promised"),
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
        targets=q(f"min({_of(policy, records.BUDGET_LEFT)})"),
        color=BLUE,
        least=None,
        most=1,
    )


def burn_rates(policy: Policy) -> Any:
    """Every long window with the line of its tier."""
    tiers = records.tiers(policy)
    period = max(objective.period for objective in policy.objectives.values())
    allowed = f"max({_of(policy, records.ERROR_BUDGET)})"
    shown = [
        (f"max({_of(policy, records.error_ratio(tier.long))}) / ({allowed} > 0)", str(tier.long))
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
    budgets = f"max({_of(policy, records.ERROR_BUDGET)})"
    period = max(objective.period for objective in policy.objectives.values())

    def burns(tier: BurnTier) -> str:
        factor = records.factor(tier, period)
        both = (f"max({_of(policy, records.error_ratio(w))})" for w in (tier.long, tier.short))
        return " * ".join(f"({errors} > bool {factor:g} * {budgets})" for errors in both)

    names = {id(tier): name for name, tier in policy.burn_tiers.items()}
    return state_timeline(
        "Tiers that burn",
        "A tier burns while its long and its short window are both above its line: then its alert waits its "
        "time and fires. The fast one calls people; the slow ones are work for the day.",
        targets=q(*((burns(tier), f"{names[id(tier)]}, {tier.priority}") for tier in records.tiers(policy))),
        mappings=[words({0: ("Calm", OK), 1: ("Burns", CRITICAL)})],
    )


def _of(policy: Policy, record: Any) -> str:
    return series(record, service=policy.service, slo=CHOSEN)


def _budget(policy: Policy, chosen: Like) -> str:
    left_ = series(records.BUDGET_LEFT, service=policy.service, slo=chosen)
    allowed = series(records.ERROR_BUDGET, service=policy.service, slo=chosen)
    return f"max by (slo) ({left_}) * max by (slo) ({allowed})"


def _by_period(policy: Policy, expr: Callable[[float, Like], str]) -> str:
    """The expression for the objectives of each period, which PromQL cannot look up by itself."""
    periods = sorted({objective.period.seconds for objective in policy.objectives.values()})
    if len(periods) == 1:
        return expr(periods[0], CHOSEN)
    named = {p: "|".join(n for n, o in policy.objectives.items() if o.period.seconds == p) for p in periods}
    return " or ".join(
        f"({expr(p, Like(names))} and max by (slo) ({_of(policy, records.OBJECTIVE)}))"
        for p, names in named.items()
    )
