"""The recorded thresholds against the figures of the policy, as a test for promtool."""

from __future__ import annotations

from typing import Any

from policy.load import DEFAULT, load_policy
from policy.model import Policy
from rules.mixin import declarations
from typedyaml.units import Duration

LIMITS_BY = {
    "RollbackRequired": "trigger",
    "SupportAnswerOverdue": "urgency",
    "SupportSolutionOverdue": "urgency",
}


BURN = {
    "auto-grader": {
        ("AvailabilityBudgetBurn", "availability", "auto-grader-backend"): {
            "fast": 0.0144,
            "medium": 0.006,
            "slow": 0.003,
            "longterm": 0.001,
        },
        ("LatencyBudgetBurn", "latency", "auto-grader-backend"): {
            "medium": 0.3,
            "slow": 0.15,
            "longterm": 0.05,
        },
        ("DatabaseBudgetBurn", "database", "gradewatch"): {"slow": 0.0015, "longterm": 0.0005},
        ("GradingBudgetBurn", "grading", "gradewatch"): {"slow": 0.03, "longterm": 0.01},
        ("GradingFailureBudgetBurn", "grading-success", "gradewatch"): {"slow": 0.03, "longterm": 0.01},
    },
    "iit-ml-service": {
        ("ServiceHealthBudgetBurn", "service-health", "iit-ml-service"): {"slow": 0.0015, "longterm": 0.0005},
    },
}
"""By policy: alert, objective and job with the thresholds of the tiers; of others what is their own."""


def tests(policy: str) -> list[dict[str, Any]]:
    """Every threshold that an alert has; of the first policy that there is no other."""
    asks = [
        _ask(
            f'service:alert_threshold:above{{alertname="{alert}"}}',
            [
                _sample("above", value, alertname=alert, burn_tier=tier, job=job, service=policy, slo=slo)
                for tier, value in tiers.items()
            ],
        )
        for (alert, slo, job), tiers in BURN[policy].items()
    ]
    if policy == DEFAULT:
        asks += [
            _ask(f'service:alert_threshold:{side}{{burn_tier=""}}', samples(load_policy().value, side))
            for side in ("above", "below")
        ]
    name = "alert_threshold: a board draws the line that the alert has"
    told = name if policy == DEFAULT else f"{name}, of {policy}"
    return [{"name": told, "interval": "1m", "input_series": [], "promql_expr_test": asks}]


def _ask(expr: str, expected: list[dict[str, Any]]) -> dict[str, Any]:
    return {"eval_time": "1m", "expr": expr, "exp_samples": expected}


def _sample(side: str, value: float, **labels: str) -> dict[str, Any]:
    text = ",".join(f'{key}="{value_}"' for key, value_ in labels.items())
    return {"labels": f"service:alert_threshold:{side}{{{text}}}", "value": value}


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
            figure = value.seconds if isinstance(value, Duration) else value
            found.append(_sample(side, figure, **labels))
    return found
