"""Each shipped policy has the figures and the matrix of its own document."""

from __future__ import annotations

import pytest

from policy.load import load_policy, shipped
from policy.model import Alert, Policy
from typedyaml.units import Duration


def figure(value: str) -> float | Duration:
    return Duration.parse(value) if value[-1].isalpha() else float(value)


FIGURES = {
    # 003, "Alert Rules" and the tables of key figures
    ("iit-ml-service", "ServiceDown"): "for=2m",
    ("iit-ml-service", "DatabaseConnectionFailed"): "for=1m",
    ("iit-ml-service", "HighErrorRate"): "above=0.05 for=5m",
    ("iit-ml-service", "SlowResponseTime"): "quantile=0.95 above=1 for=10m",
    ("iit-ml-service", "SlowMedianResponse"): "quantile=0.5 above=200ms",
    ("iit-ml-service", "SlowTailResponse"): "quantile=0.99 above=2",
    ("iit-ml-service", "DatabaseQuerySlow"): "above=100ms",
    ("iit-ml-service", "PredictionLatencyHigh"): "above=500ms",
    ("iit-ml-service", "ServerErrorsOverTarget"): "above=0.005",
    ("iit-ml-service", "ClientErrorRateHigh"): "above=0.1",
    ("iit-ml-service", "ApplicationErrorRateHigh"): "above=0.01",
    ("iit-ml-service", "DatabaseErrorRateHigh"): "above=0.005",
    ("iit-ml-service", "HighMemoryUsage"): "above=4294967296 for=15m",
    ("iit-ml-service", "DiskSpaceLow"): "below=0.15 for=30m",
    ("iit-ml-service", "HighCPUUsage"): "above=0.8 for=20m",
    ("iit-ml-service", "BackupFailed"): "for=1h",
    ("iit-ml-service", "BruteForceAttack"): "above=10 window=5m for=2m",
    ("iit-ml-service", "UnusualAPIAccess"): "above=1000 window=1h for=10m",
    ("iit-ml-service", "DataExportAnomaly"): "above=100000000 window=1h for=5m",
    ("iit-ml-service", "ModelAccuracyLow"): "below=0.85",
    ("iit-ml-service", "ModelAucLow"): "below=0.85",
    ("iit-ml-service", "ModelBrierHigh"): "above=0.2",
    ("iit-ml-service", "PatchComplianceLow"): "below=0.95",
    # 004, ALERT_THRESHOLDS and the benchmarks
    ("learning-portal", "HostMemoryHigh"): "above=0.8",
    ("learning-portal", "HighCPUUsage"): "above=0.8",
    ("learning-portal", "MeanResponseTimeHigh"): "above=1",
    ("learning-portal", "HighErrorRate"): "above=0.05",
    ("learning-portal", "DiskSpaceLow"): "below=0.15",
    ("learning-portal", "CacheHitRatioLow"): "below=0.7",
    ("learning-portal", "VideoStartSlow"): "above=100ms",
    # 001, "Response Time SLAs"
    ("auto-project-management", "SupportAnswerOverdue"): "critical=1h high=4h medium=24h low=72h",
    ("auto-project-management", "SupportSolutionOverdue"): "critical=4h high=24h medium=72h low=7d",
}


def value_of(alert: Alert, key: str) -> object:
    return alert.limits[key] if key in alert.limits else getattr(alert, {"for": "for_"}.get(key, key))


@pytest.mark.parametrize(("policy", "name"), FIGURES, ids="-".join)
def test_a_figure_is_the_documents(policy: str, name: str) -> None:
    alert = load_policy(policy).value.alerts[name]
    for pair in FIGURES[policy, name].split():
        key, _, wanted = pair.partition("=")
        assert value_of(alert, key) == figure(wanted), pair


def matrix(policy: Policy) -> dict[str, list[tuple[str, str, tuple[str, ...]]]]:
    return {
        name: [(str(step.after), ", ".join(step.contacts), step.via) for step in row.steps]
        for name, row in policy.priorities.items()
    }


STANDARD = {
    "P1": [
        ("0s", "oncall", ("pagerduty", "sms")),
        ("15m", "team-lead", ("sms", "call")),
        ("30m", "engineering-manager", ("call",)),
    ],
    "P2": [("0s", "oncall", ("slack", "email")), ("1h", "team-lead", ("slack", "email"))],
    "P3": [("0s", "oncall", ("email",)), ("4h", "team-lead", ("email",))],
    "P4": [("0s", "engineering", ("email",))],
}
MATRICES = {
    "auto-grader": STANDARD,
    "iit-ml-service": STANDARD,
    "learning-portal": {
        "P1": [("0s", "oncall", ("pagerduty", "sms"))],
        "P2": [("0s", "team-lead", ("slack", "email"))],
        "P3": [("0s", "team", ("email",))],
        "P4": [("0s", "team", ("email",))],
    },
    "auto-project-management": {
        "P1": [("0s", "emergency-response", ("pagerduty", "call"))],
        "P2": [("0s", "development-team", ("slack", "email"))],
        "P3": [("0s", "technical-support", ("email",))],
        "P4": [("0s", "user-support", ("email",))],
    },
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_is_the_documents(name: str) -> None:
    assert matrix(load_policy(name).value) == MATRICES[name]


def test_every_shipped_policy_is_compared_with_its_document() -> None:
    assert set(MATRICES) == set(shipped())


def test_the_portals_times_are_those_of_its_matrix() -> None:
    """Critical at once, high within 5 minutes, medium within 15, low every hour."""
    policy = load_policy("learning-portal").value
    waits = {name: max(row.group_wait, row.group_interval) for name, row in policy.priorities.items()}
    assert policy.priorities["P1"].group_wait == Duration(0)
    assert waits["P2"] <= policy.channels["slack"].within == Duration(300)
    assert waits["P3"] <= policy.channels["email"].within == Duration(900)
    assert policy.priorities["P4"].digest
    assert policy.priorities["P4"].digest.every == Duration(3600)
    assert (
        policy.scrape.jobs["application"].interval == policy.scrape.jobs["exporter"].interval == Duration(5)
    )
