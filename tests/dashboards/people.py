"""What the SQL of a configuration counts: users, tickets, surveys, lessons, logins, audits."""

from __future__ import annotations

import math

from exporter.catalogue import (
    FAMILIES,
    PERIODS,
    REQUEST_STATES,
    TICKET_STATES,
    URGENCIES,
)
from policy.model import Policy
from tests.dashboards.day import END, Day
from tests.dashboards.openmetrics import Samples

HOUR = 3600


def people(data: Samples, policy: Policy, day: Day) -> None:
    """Their series; steady figures but for those that follow the day."""
    target = {"job": policy.job("exporter"), "instance": "localhost:11910"}
    _users(data, day, target)
    _support(data, day, target)
    _opinions(data, day, target)
    _audits(data, day, target)


def _users(data: Samples, day: Day, target: dict[str, str]) -> None:
    data.gauge("grader_users_registered", 1840, **target)
    for window, number, core, back in zip(
        PERIODS, (930, 1390, 1580), (700, 1180, 1420), (0.6, 0.78, 0.84), strict=True
    ):
        people_ = [round(number * (0.96 + 0.04 * load)) for load in day.load]
        data.gauge("grader_users_active", people_, window=window, **target)
        data.gauge("grader_users_core_feature_users", core, window=window, **target)
        data.gauge("grader_users_retained_ratio", back, window=window, **target)
        for feature, share in (
            ("submit", 0.88),
            ("feedback", 0.71),
            ("history", 0.43),
            ("hints", 0.19),
            ("export", 0.06),
        ):
            used = {"feature": feature, "window": window} | target
            data.gauge("grader_users_feature_used", round(core * share), **used)
    data.gauge("grader_users_sessions", [round(310 * load) for load in day.load], **target)
    data.counter(
        "grader_users_page_views_total", day.by(lambda load, b: 9 * load * (0.4 if b else 1)), **target
    )
    _histogram(
        data, "grader_users_session_duration_seconds", [0.05 * load for load in day.load], 1500.0, **target
    )


def _support(data: Samples, day: Day, target: dict[str, str]) -> None:
    usual = dict(zip(URGENCIES, (1, 3, 9, 14), strict=True))
    for urgency, number in usual.items():
        own = {"urgency": urgency} | target
        for state, share in zip(TICKET_STATES, (1.0, 0.5, 6.0), strict=True):
            data.gauge("grader_support_tickets", round(number * share), state=state, **own)
        data.counter(
            "grader_support_tickets_created_total",
            day.by(lambda load, b, n=number: n / 9e3 * load * (9 if b else 1)),
            **own,
        )  # type: ignore[misc]
        rates = [number / 1e4 * load for load in day.load]
        _histogram(data, "grader_support_first_response_seconds", rates, HOUR * number**0.5, **own)
        _histogram(data, "grader_support_resolution_seconds", rates, 6 * HOUR * number**0.5, **own)
        data.gauge("grader_support_oldest_unanswered_seconds", 600.0 * number, **own)
        data.gauge("grader_support_oldest_unresolved_seconds", 9000.0 * number, **own)
    data.counter("grader_support_help_requests_total", day.by(lambda load, _: 0.02 * load), **target)
    for name, middle in (("acknowledge", 240.0), ("resolve", 1500.0)):
        family = f"grader_incident_{name}_seconds"
        _histogram(data, family, [0.0001 * load for load in day.load], middle, urgency="critical", **target)


def _opinions(data: Samples, day: Day, target: dict[str, str]) -> None:
    data.gauge("grader_feedback_nps", 54, **target)
    data.gauge("grader_feedback_csat", 4.3, **target)
    data.gauge("grader_feedback_ces", 2.4, **target)
    for state, number in zip(REQUEST_STATES, (17, 41, 9), strict=True):
        data.gauge("grader_feedback_feature_requests", number, state=state, **target)
    data.gauge("grader_education_grade_improvement_ratio", 0.21, **target)
    data.gauge("grader_education_courses_completed_ratio", 0.83, **target)
    data.gauge("grader_education_at_risk_students", 12, **target)


def _audits(data: Samples, day: Day, target: dict[str, str]) -> None:
    data.counter("grader_security_failed_logins_total", day.by(lambda load, _: 0.08 * load), **target)
    data.counter("grader_security_exported_bytes_total", day.by(lambda load, _: 4e4 * load), **target)
    for reason, share in (("token-reuse", 0.7), ("many-addresses", 0.3)):
        events = {"reason": reason} | target
        data.counter(
            "grader_security_suspicious_events_total",
            day.by(lambda load, _, s=share: 0.002 * load * s),
            **events,
        )  # type: ignore[misc]
    comparisons = (("equal", 0.8), ("close", 0.14), ("different", 0.06))
    for result, share in comparisons:
        rates = [0.004 * load * share for load in day.load]
        data.counter("grader_grade_comparisons_total", rates, result=result, **target)
    data.gauge("grader_compliance_audit_log_oldest_timestamp_seconds", END - 2400 * 86400, **target)
    reports = [0.0002 * load for load in day.load]
    _histogram(data, "grader_compliance_incident_report_seconds", reports, 1.5 * HOUR, **target)
    data.gauge("grader_compliance_phi_access_reviewed_ratio", 1.0, **target)
    data.gauge("grader_compliance_patched_ratio", 0.97, **target)
    data.gauge("grader_compliance_last_scan_timestamp_seconds", END - 2 * 86400, **target)
    for urgency, number in zip(URGENCIES, (0, 2, 11, 30), strict=True):
        data.gauge("grader_compliance_vulnerabilities", number, urgency=urgency, **target)


def _histogram(data: Samples, name: str, rates: list[float], middle: float, **labels: str) -> None:
    shape = [(b, 0.5 * (1 + math.erf(math.log(b / middle) / 1.2))) for b in FAMILIES[name].buckets]
    data.histogram(name, rates, shape, **labels)
