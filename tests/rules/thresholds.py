"""The recorded thresholds against the figures of the policy, as a test for promtool."""

from __future__ import annotations

from typing import Any

from policy.load import load_policy
from policy.model import Policy
from rules.mixin import declarations
from typedyaml.units import Duration

LIMITS_BY = {
    "RollbackRequired": "trigger",
    "SupportAnswerOverdue": "urgency",
    "SupportSolutionOverdue": "urgency",
}


def test() -> dict[str, Any]:
    """Every threshold that an alert has, and no other."""
    policy = load_policy().value
    above = "service:alert_threshold:above"
    asks = {f"service:alert_threshold:{side}": samples(policy, side) for side in ("above", "below")}
    return {
        "name": "alert_threshold: a board draws the line that the alert has",
        "interval": "1m",
        "input_series": [],
        "promql_expr_test": [
            {"eval_time": "1m", "expr": f'{name}{{burn_tier=""}}', "exp_samples": expected}
            for name, expected in asks.items()
        ]
        + [
            {
                "eval_time": "1m",
                "expr": f'abs(sum({above}{{alertname="{name}"}}) - {value}) < bool 1e-9',
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
            for name, value in BURN.items()
        ],
    }


BURN = {
    "AvailabilityBudgetBurn": 0.0244,  # 0.0144 + 0.006 + 0.003 + 0.001
    "LatencyBudgetBurn": 0.5,  # 0.3 + 0.15 + 0.05
    "DatabaseBudgetBurn": 0.002,  # 0.0015 + 0.0005
    "GradingBudgetBurn": 0.04,  # 0.03 + 0.01
    "GradingFailureBudgetBurn": 0.04,
}
"""The sum of the thresholds of an objective's tiers."""


def samples(policy: Policy, side: str) -> list[dict[str, Any]]:
    """The series of one side with their values."""
    found = []
    for name, alert in policy.alerts.items():
        single = {} if getattr(alert, side) is None else {"": getattr(alert, side)}
        for label, value in (single | (dict(alert.limits) if side == "above" else {})).items():
            labels = {
                "alertname": name,
                "job": policy.job(declarations()[name].job),
                "service": policy.service,
            }
            labels |= {LIMITS_BY[name]: label} if label else {}
            text = ",".join(f'{key}="{value_}"' for key, value_ in labels.items())
            series = f"service:alert_threshold:{side}{{{text}}}"
            found.append({"labels": series, "value": value.seconds if isinstance(value, Duration) else value})
    return found
