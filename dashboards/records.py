"""The series that the recording rules write and boards read; their names follow the policy's windows."""

from __future__ import annotations

from dashboards.series import Recorded
from policy.model import BurnTier, Policy
from typedyaml.units import Duration

_LABELS = ("slo", "service")

OBJECTIVE = Recorded("slo:objective:ratio", _LABELS)
ERROR_BUDGET = Recorded("slo:error_budget:ratio", _LABELS)
BURN_RATE = Recorded("slo:current_burn_rate:ratio", _LABELS)
BUDGET_LEFT = Recorded("slo:period_error_budget_remaining:ratio", _LABELS)


def error_ratio(window: object) -> Recorded:
    """The share of bad events over a window of a burn tier."""
    return Recorded(f"slo:sli_error:ratio_rate{window}", _LABELS)


def tiers(policy: Policy) -> list[BurnTier]:
    """The burn tiers, fastest first."""
    return sorted(policy.burn_tiers.values(), key=lambda tier: tier.long)


def factor(tier: BurnTier, period: Duration) -> float:
    """The burn rate from which the tier's alert fires; 1 spends the budget in exactly the period."""
    return round(tier.budget * period.seconds / tier.long.seconds, 6)


def all_records(policy: Policy) -> list[Recorded]:
    """Every record that a board may name."""
    windows = {window for tier in tiers(policy) for window in (tier.short, tier.long)}
    return [
        OBJECTIVE,
        ERROR_BUDGET,
        BURN_RATE,
        BUDGET_LEFT,
        *(error_ratio(window) for window in sorted(windows)),
    ]
