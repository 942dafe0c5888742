"""Are the promises kept, for how long still, and will capacity last? For heads and for planning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards import records
from dashboards.boards.capacity import highest_use, in_a_year, left_in_a_month, submissions_per_hour
from dashboards.boards.outside import corrupt, errors_by_kind, probes, probes_over_time, uptime
from dashboards.boards.promises import budget_steps, objectives
from dashboards.boards.spending import (
    CHOSEN,
    budget_over_time,
    burn_rates,
    chosen,
    good_events,
    tiers_burning,
)
from dashboards.boards.traffic import failures
from dashboards.grid import Grid
from dashboards.limits import figure
from dashboards.palette import (
    CRITICAL,
    OK,
    WARNING,
    steps,
)
from dashboards.series import Like, series
from dashboards.shell import SLO, Variable, board, help_row
from dashboards.singles import stat
from dashboards.targets import q
from policy.model import Policy

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
        grid.row("What spends it?", (8, [errors_by_kind(policy), failures(policy)]))
    grid.row(
        "What do those outside meet?",
        (6, [(uptime(policy), 4), (corrupt(policy), 4), (probes_over_time(policy), 8), (probes(policy), 8)]),
    )
    grid.row(
        "Will capacity last?",
        (8, [(highest_use(), 9), (left_in_a_month(), 8), (submissions_per_hour(), 7)]),
        *([(5, [in_a_year(policy)])] if policy.capacity else []),
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
        targets=q(f"1 - max({chosen(policy, records.error_ratio(window))})", instant=True),
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
        targets=q(f"min({chosen(policy, records.BUDGET_LEFT)})", instant=True),
        thresholds=budget_steps(policy),
    )


def outage(policy: Policy) -> Any:
    """The budget in the unit of people."""

    def seconds(period: float, which: Like) -> str:
        return f"{_budget(policy, which)} * {period:g}"

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
        targets=q(f"max({chosen(policy, records.BURN_RATE)})", instant=True),
        thresholds=steps((WARNING, slow), (CRITICAL, fast), base=OK),
    )


def lasts(policy: Policy) -> Any:
    """When it is spent."""
    periods = [objective.period.seconds for objective in policy.objectives.values()]
    return stat(
        "Budget lasts for",
        "The time until the budget is spent if it burns on as now. Orange: less than the period, so the "
        "promise will be broken unless something changes. Grey: nothing burns.",
        unit="s",
        decimals=1,
        targets=q(f"min({chosen(policy, records.BUDGET_LASTS)})", instant=True),
        thresholds=steps((WARNING, 1), (OK, min(periods)), base=CRITICAL),
        nothing="Does not burn",
    )


def _budget(policy: Policy, which: Like) -> str:
    left_ = series(records.BUDGET_LEFT, service=policy.service, slo=which)
    allowed = series(records.ERROR_BUDGET, service=policy.service, slo=which)
    return f"max by (slo) ({left_}) * max by (slo) ({allowed})"


def _by_period(policy: Policy, expr: Callable[[float, Like], str]) -> str:
    """The expression for the objectives of each period, which PromQL cannot look up by itself."""
    periods = sorted({objective.period.seconds for objective in policy.objectives.values()})
    if len(periods) == 1:
        return expr(periods[0], CHOSEN)
    named = {p: "|".join(n for n, o in policy.objectives.items() if o.period.seconds == p) for p in periods}
    return " or ".join(
        f"({expr(p, Like(names))} and max by (slo) ({chosen(policy, records.OBJECTIVE)}))"
        for p, names in named.items()
    )
