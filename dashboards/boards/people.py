"""Support, feedback, education, security and compliance: counts of people, never a person."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours, override
from dashboards.graphs import timeseries
from dashboards.limits import limit, sentence
from dashboards.palette import BLUE, CRITICAL, GREEN, OK, ORANGE, SKY, VERMILION, WARNING, steps
from dashboards.series import quantile, rate, series
from dashboards.singles import bars
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_COMPLIANCE_LAST_SCAN_TIMESTAMP_SECONDS,
    GRADER_COMPLIANCE_PATCHED_RATIO,
    GRADER_COMPLIANCE_PHI_ACCESS_REVIEWED_RATIO,
    GRADER_COMPLIANCE_VULNERABILITIES,
    GRADER_EDUCATION_COURSES_COMPLETED_RATIO,
    GRADER_EDUCATION_GRADE_IMPROVEMENT_RATIO,
    GRADER_FEEDBACK_CES,
    GRADER_FEEDBACK_CSAT,
    GRADER_FEEDBACK_FEATURE_REQUESTS,
    GRADER_SECURITY_FAILED_LOGINS_TOTAL,
    GRADER_SECURITY_SUSPICIOUS_EVENTS_TOTAL,
    GRADER_SUPPORT_FIRST_RESPONSE_SECONDS,
    GRADER_SUPPORT_HELP_REQUESTS_TOTAL,
    GRADER_SUPPORT_OLDEST_UNANSWERED_SECONDS,
    GRADER_SUPPORT_OLDEST_UNRESOLVED_SECONDS,
    GRADER_SUPPORT_RESOLUTION_SECONDS,
    GRADER_SUPPORT_TICKETS,
    GRADER_SUPPORT_TICKETS_CREATED_TOTAL,
    URGENCIES,
)
from policy.model import Policy

PERCENT = "percentunit"
COLOURED = {"custom__cellOptions": {"type": "color-text"}}
_URGENCIES = dict(zip(URGENCIES, (VERMILION, ORANGE, BLUE, SKY), strict=True))
# Shares that the requirements promise, and the ones at which something is wrong.
REVIEWED, PATCHED = 1.0, 0.95


def learning() -> Any:
    """Whether feedback helps."""
    return bars(
        "Learning",
        "Mean gain from first to last attempt, as a share of the full mark, and share of the courses that "
        "were completed. Many revisions beside it and little gain: an assignment or its feedback is unclear.",
        unit=PERCENT,
        maximum=1,
        decimals=0,
        targets=q(
            (f"avg({series(GRADER_EDUCATION_GRADE_IMPROVEMENT_RATIO)})", "Gain by revising"),
            (f"avg({series(GRADER_EDUCATION_COURSES_COMPLETED_RATIO)})", "Courses completed"),
            instant=True,
        ),
    )


def tickets_over_time() -> Any:
    """What comes in."""
    created = rate(GRADER_SUPPORT_TICKETS_CREATED_TOTAL)
    return timeseries(
        "New tickets and requests for help per hour",
        "Tickets by urgency, and requests for help from within an assignment. A peak with an alert mark: one "
        "note to all answers them; one without: look at what was published then.",
        unit="short",
        targets=q(
            (f"3600 * sum by (urgency) ({created})", "{{urgency}}"),
            (f"3600 * sum({rate(GRADER_SUPPORT_HELP_REQUESTS_TOTAL)})", "help"),
        ),
        overrides=[*colours(**_URGENCIES), *colours(help=GREEN)],
        narrow=True,
        interval="5m",
    )


def first_answers() -> Any:
    """Against the help desk's agreement."""
    return timeseries(
        "Time to answer and to resolve, p95",
        "19 of 20 tickets got their first answer, and their resolution, faster than this, over the time "
        "range before each point. Compare with the agreement of the most urgent ones.",
        unit="s",
        targets=q(
            (quantile(0.95, GRADER_SUPPORT_FIRST_RESPONSE_SECONDS, "$__range"), "Answered"),
            (quantile(0.95, GRADER_SUPPORT_RESOLUTION_SECONDS, "$__range"), "Resolved"),
        ),
        overrides=colours(Answered=SKY, Resolved=BLUE),
        narrow=True,
    )


def tickets_by_urgency() -> Any:
    """What to answer next."""
    return table(
        "Tickets by urgency",
        "What is open now, by urgency, and how old the oldest are. Work from the top: an old critical ticket "
        "breaks the agreement first.",
        targets=q(
            f"sum by (urgency) ({series(GRADER_SUPPORT_TICKETS, state='open')})",
            f"max by (urgency) ({series(GRADER_SUPPORT_OLDEST_UNANSWERED_SECONDS)})",
            f"max by (urgency) ({series(GRADER_SUPPORT_OLDEST_UNRESOLVED_SECONDS)})",
        ),
        columns={
            "urgency": "Urgency",
            "Value #A": "Open",
            "Value #B": "Unanswered for",
            "Value #C": "Unresolved for",
        },
        overrides=[
            override("Urgency", custom__width=110),
            override("Open", unit="locale", custom__width=80),
            override("Unanswered for", unit="s", decimals=1),
            override("Unresolved for", unit="s", decimals=1),
        ],
        sort_by="Unanswered for",
        descending=True,
    )


def satisfaction_over_time() -> Any:
    """The surveys."""
    return timeseries(
        "Satisfaction and effort (1 to 5)",
        "Mean satisfaction (more is better) and mean effort (less is better). They follow quality with a "
        "delay of weeks: look for what changed before, not at the fall itself.",
        unit="none",
        targets=q(
            (f"avg({series(GRADER_FEEDBACK_CSAT)})", "Satisfaction"),
            (f"avg({series(GRADER_FEEDBACK_CES)})", "Effort"),
        ),
        overrides=colours(Satisfaction=BLUE, Effort=ORANGE),
        narrow=True,
        most=5,
    )


def feature_requests() -> Any:
    """What became of wishes."""
    return bars(
        "Wishes",
        "Feature requests by what became of them. Many open ones: answer them, also with a no; people who "
        "get no answer stop telling.",
        unit="locale",
        targets=q(
            (f"sum by (state) ({series(GRADER_FEEDBACK_FEATURE_REQUESTS)})", "{{state}}"), instant=True
        ),
    )


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


def compliance() -> Any:
    """What an auditor asks for."""
    known = series(GRADER_COMPLIANCE_VULNERABILITIES, urgency="critical")
    return table(
        "Compliance",
        "Accesses to health data that were reviewed, systems with all patches, critical vulnerabilities, the "
        "last scan. Anything red: name who mends it and by when.",
        targets=q(
            f"min({series(GRADER_COMPLIANCE_PHI_ACCESS_REVIEWED_RATIO)})",
            f"min({series(GRADER_COMPLIANCE_PATCHED_RATIO)})",
            f"sum({known})",
            f"1000 * max({series(GRADER_COMPLIANCE_LAST_SCAN_TIMESTAMP_SECONDS)})",
        ),
        columns={
            "Value #A": "Reviewed",
            "Value #B": "Patched",
            "Value #C": "Critical holes",
            "Value #D": "Last scan",
        },
        overrides=[
            override("Reviewed", unit=PERCENT, thresholds=_from(REVIEWED), **COLOURED),
            override("Patched", unit=PERCENT, thresholds=_from(PATCHED), **COLOURED),
            override("Critical holes", unit="locale", thresholds=_none(), **COLOURED),
            override("Last scan", unit="dateTimeFromNow"),
        ],
    )


def _from(least: float) -> Any:
    return {"mode": "absolute", "steps": steps((OK, least), base=WARNING)}


def _none() -> Any:
    return {"mode": "absolute", "steps": steps((CRITICAL, 1), base=OK)}
