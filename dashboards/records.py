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
BUDGET_LASTS = Recorded("slo:error_budget_exhaustion:seconds", _LABELS)
HEALTH_SCORE = Recorded("service:health_score:points", ("service",))
HEALTH_PART = Recorded("service:health_part:ratio", ("service", "part"))
_FORECAST = ("service", "horizon")
DISK_FORECAST = Recorded("instance:filesystem_avail_forecast:bytes", (*_FORECAST, "mountpoint"))
MEMORY_FORECAST = Recorded("instance:memory_used_forecast:ratio", _FORECAST)
DATABASE_FORECAST = Recorded("instance:database_size_forecast:bytes", (*_FORECAST, "database"))
CONNECTIONS_FORECAST = Recorded("instance:database_connections_forecast:ratio", (*_FORECAST, "database"))
REQUESTS_FORECAST = Recorded("job:requests_forecast:rate", _FORECAST)
_OBJECTIVES = (OBJECTIVE, ERROR_BUDGET, BURN_RATE, BUDGET_LEFT, BUDGET_LASTS)
_HEALTH = (HEALTH_SCORE, HEALTH_PART)
_ALWAYS = (DATABASE_FORECAST, CONNECTIONS_FORECAST, REQUESTS_FORECAST)
_OF_HOSTS = (DISK_FORECAST, MEMORY_FORECAST)


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
    found = [*_OBJECTIVES, *(error_ratio(window) for window in sorted(windows))] if windows else []
    found += _HEALTH if policy.health else ()
    found += _ALWAYS if policy.capacity else ()
    found += _OF_HOSTS if policy.capacity and "node" in policy.scrape.jobs else ()
    return found
