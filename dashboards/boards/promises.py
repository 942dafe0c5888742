"""What was promised, what is left of the error budget, how fast it is spent."""

from __future__ import annotations

from typing import Any

from dashboards import records
from dashboards.fields import override, to_board
from dashboards.limits import figure
from dashboards.palette import CRITICAL, OK, WARNING, Json, steps
from dashboards.series import Like, Value, series
from dashboards.shell import SLO
from dashboards.singles import stat
from dashboards.tables import table
from dashboards.targets import q
from policy.model import Policy

COLOURED = {"custom__cellOptions": {"type": "color-text"}}


def budget(policy: Policy) -> Any:
    """How much may still go wrong in the period."""
    return stat(
        "Error budget left",
        "Share of the failures that the objective allows in its period and that have not happened yet. "
        f"Orange below {figure(spare(policy), 'percentunit')}; red when it is spent: then no risky change.",
        unit="percentunit",
        decimals=1,
        targets=q(f"min({series(records.BUDGET_LEFT, service=policy.service)})", instant=True),
        thresholds=budget_steps(policy),
        links=[to_board("Objectives", SLO)],
    )


def spare(policy: Policy) -> float:
    """The share of the budget that the slowest burn alert lets pass before it fires."""
    return records.tiers(policy)[-1].budget


def budget_steps(policy: Policy) -> list[Json]:
    """Spent, nearly spent, good."""
    return steps((WARNING, 0), (OK, spare(policy)), base=CRITICAL)


def objectives(policy: Policy) -> Any:
    """Each objective: what was promised, what is, what is left."""
    tiers = records.tiers(policy)
    fast, slow = tiers[0], tiers[-1]
    period = max(objective.period for objective in policy.objectives.values())
    slower, faster = records.factor(slow, period), records.factor(fast, period)
    left = {"mode": "absolute", "steps": budget_steps(policy)}
    burn = {"mode": "absolute", "steps": steps((WARNING, slower), (CRITICAL, faster), base=OK)}
    of = {"service": policy.service}
    titles = {
        name: {"text": f"{objective.title} ({objective.period})", "index": index}
        for index, (name, objective) in enumerate(policy.objectives.items())
    }
    return table(
        "Objectives",
        "What was promised, what the share of good events was lately, the error budget that is left, and "
        "how fast it burns now: 1 spends it all in exactly the period. The one in danger is on top.",
        targets=q(
            f"max by (slo) ({series(records.OBJECTIVE, **of)})",
            f"1 - ({lately(policy)})",
            f"min by (slo) ({series(records.BUDGET_LEFT, **of)})",
            f"max by (slo) ({series(records.BURN_RATE, **of)})",
        ),
        columns={
            "slo": "Objective",
            "Value #A": "Promised",
            "Value #B": "Lately",
            "Value #C": "Budget left",
            "Value #D": "Burn rate now",
        },
        overrides=[
            override("Objective", mappings=[{"type": "value", "options": titles}], custom__width=520),
            override("Promised", unit="percentunit", decimals=2),
            override("Lately", unit="percentunit", decimals=3),
            override("Budget left", unit="percentunit", decimals=1, thresholds=left, **COLOURED),
            override("Burn rate now", unit="none", decimals=2, thresholds=burn, **COLOURED),
        ],
        sort_by="Budget left",
    )


def lately(policy: Policy, chosen: Like | None = None) -> str:
    """The share of bad events, by objective, over the shortest of the long windows that the objective has."""
    of: dict[str, Value] = {"service": policy.service}
    if chosen:
        of["slo"] = chosen
    windows = (series(records.error_ratio(tier.long), **of) for tier in records.tiers(policy))
    return " or ".join(f"max by (slo) ({window})" for window in windows)
