"""Security and compliance: what somebody tries, what leaves, what an auditor asks for."""

from __future__ import annotations

from typing import Any

from dashboards.fields import override
from dashboards.graphs import timeseries
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, CRITICAL, OK, VERMILION, WARNING, coloured, steps
from dashboards.series import quantile, rate, series
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_COMPLIANCE_AUDIT_LOG_OLDEST_TIMESTAMP_SECONDS,
    GRADER_COMPLIANCE_INCIDENT_REPORT_SECONDS,
    GRADER_COMPLIANCE_LAST_SCAN_TIMESTAMP_SECONDS,
    GRADER_COMPLIANCE_PATCHED_RATIO,
    GRADER_COMPLIANCE_PHI_ACCESS_REVIEWED_RATIO,
    GRADER_COMPLIANCE_VULNERABILITIES,
    GRADER_SECURITY_EXPORTED_BYTES_TOTAL,
    GRADER_SECURITY_FAILED_LOGINS_TOTAL,
    GRADER_SECURITY_SUSPICIOUS_EVENTS_TOTAL,
)
from policy.model import Policy

PERCENT = "percentunit"
# Every access to health data is reviewed, and no critical vulnerability stays open.
_REVIEWED = steps((OK, 1), base=WARNING)
_NONE = steps((CRITICAL, 1), base=OK)


def logins(policy: Policy) -> Any:
    """Somebody tries passwords."""
    found = limit(policy, "BruteForceAttack")
    return timeseries(
        "Failed logins per second",
        f"Failed logins of everybody together.{sentence(found)} A plateau at night: somebody tries "
        "passwords; block the source at the web server. A peak in the morning: the login service is broken.",
        unit="none",
        targets=q(f"sum({rate(GRADER_SECURITY_FAILED_LOGINS_TOTAL)})"),
        limit=found,
        color=VERMILION,
    )


def suspicious() -> Any:
    """What the application itself noticed."""
    return timeseries(
        "Suspicious events per hour",
        "What the application itself calls suspicious, by reason. A new reason or a step: ask the person who "
        "answers for security before you block anybody.",
        unit="short",
        targets=q(
            (f"3600 * sum by (reason) ({rate(GRADER_SECURITY_SUSPICIOUS_EVENTS_TOTAL)})", "{{reason}}")
        ),
        narrow=True,
        stacked=True,
    )


def exports(policy: Policy) -> Any:
    """Data that leaves."""
    found = limit(policy, "DataExportAnomaly")
    return timeseries(
        "Exported data per second",
        f"Bytes that users export, all together.{sentence(found, 'bytes')} Far above the usual: ask who and "
        "why before the next hour; at night stop it first.",
        unit="Bps",
        targets=q(f"sum({rate(GRADER_SECURITY_EXPORTED_BYTES_TOTAL)})"),
        limit=found,
        color=BLUE,
    )


def compliance(policy: Policy) -> Any:
    """What an auditor asks for."""
    holes = series(GRADER_COMPLIANCE_VULNERABILITIES, urgency="critical")
    patched, scanned = limit(policy, "PatchComplianceLow"), limit(policy, "VulnerabilityScanOverdue")
    kept, reported = limit(policy, "AuditLogTruncated"), limit(policy, "IncidentReportLate")
    reports = quantile(0.99, GRADER_COMPLIANCE_INCIDENT_REPORT_SECONDS, "$__range")
    shown = (
        ("Reviewed", f"min({series(GRADER_COMPLIANCE_PHI_ACCESS_REVIEWED_RATIO)})", PERCENT, _REVIEWED),
        ("Patched", f"min({series(GRADER_COMPLIANCE_PATCHED_RATIO)})", PERCENT, judged(patched)),
        ("Holes", f"sum({holes})", "locale", _NONE),
        (
            "Scanned",
            f"time() - max({series(GRADER_COMPLIANCE_LAST_SCAN_TIMESTAMP_SECONDS)})",
            "s",
            judged(scanned),
        ),
        (
            "Audit log",
            f"time() - min({series(GRADER_COMPLIANCE_AUDIT_LOG_OLDEST_TIMESTAMP_SECONDS)})",
            "s",
            judged(kept),
        ),
        ("Reports", reports, "s", judged(reported)),
    )
    words = "".join(
        f" {head}:{sentence(found, unit)}"
        for head, found, unit in (
            ("Patched", patched, PERCENT),
            ("Scanned", scanned, "s"),
            ("Audit log", kept, "s"),
            ("Reports", reported, "s"),
        )
        if found
    )
    return table(
        "Compliance",
        "Accesses to health data that were reviewed, systems with all patches, critical vulnerabilities "
        "(Holes), age of the last scan, reach of the audit log, slowest report of an incident in this time "
        f"range.{words} Anything red: name who mends it and by when.",
        targets=q(*(expr for _, expr, *_ in shown)),
        columns={f"Value #{chr(ord('A') + index)}": head for index, (head, *_) in enumerate(shown)},
        overrides=[
            override(head, unit=unit, decimals=0, custom__width=95, **coloured(judging))
            for head, _, unit, judging in shown
        ],
    )
