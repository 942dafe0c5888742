"""Support, feedback and education: counts of people, never a person."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours, override
from dashboards.graphs import timeseries
from dashboards.limits import limit, sentence
from dashboards.palette import BLUE, CRITICAL, GREEN, OK, ORANGE, SKY, VERMILION, Json, coloured, steps
from dashboards.series import quantile, rate, series
from dashboards.singles import bars
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_EDUCATION_COURSES_COMPLETED_RATIO,
    GRADER_EDUCATION_GRADE_IMPROVEMENT_RATIO,
    GRADER_FEEDBACK_CES,
    GRADER_FEEDBACK_CSAT,
    GRADER_FEEDBACK_FEATURE_REQUESTS,
    GRADER_GRADE_COMPARISONS_TOTAL,
    GRADER_SUPPORT_FIRST_RESPONSE_SECONDS,
    GRADER_SUPPORT_HELP_REQUESTS_TOTAL,
    GRADER_SUPPORT_OLDEST_UNANSWERED_SECONDS,
    GRADER_SUPPORT_OLDEST_UNRESOLVED_SECONDS,
    GRADER_SUPPORT_RESOLUTION_SECONDS,
    GRADER_SUPPORT_TICKETS,
    GRADER_SUPPORT_TICKETS_CREATED_TOTAL,
    URGENCIES,
    Family,
)
from policy.model import Policy
from typedyaml.units import Duration

PERCENT = "percentunit"
_URGENCIES = dict(zip(URGENCIES, (VERMILION, ORANGE, BLUE, SKY), strict=True))


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


def tickets_by_urgency(policy: Policy) -> Any:
    """What to answer next."""
    unanswered, unresolved = (
        (GRADER_SUPPORT_OLDEST_UNANSWERED_SECONDS, "SupportAnswerOverdue"),
        (GRADER_SUPPORT_OLDEST_UNRESOLVED_SECONDS, "SupportSolutionOverdue"),
    )
    shown: list[tuple[str, str, Json]] = [
        ("Open", f"sum by (urgency) ({series(GRADER_SUPPORT_TICKETS, state='open')})", {"unit": "locale"}),
        ("Unanswered", f"max by (urgency) ({series(unanswered[0])})", {"unit": "s", "decimals": 1}),
        ("Unresolved", f"max by (urgency) ({series(unresolved[0])})", {"unit": "s", "decimals": 1}),
    ]
    due = coloured(steps((CRITICAL, 1), base=OK))
    for head, (family, alert) in (("Answer due", unanswered), ("Solution due", unresolved)):
        if used := _of_agreement(policy, family, alert):
            shown.append((head, used, {"unit": PERCENT, "decimals": 0} | due))
    columns = {"urgency": "Urgency"}
    columns |= {f"Value #{chr(ord('A') + index)}": head for index, (head, *_) in enumerate(shown)}
    return table(
        "Tickets by urgency",
        "What is open, how old the oldest are, and which share of the agreed time they have used: red from "
        "100 %, then the agreement is broken and an alert fires. Answer the highest share first.",
        targets=q(*(expr for _, expr, _ in shown)),
        columns=columns,
        overrides=[
            override("Urgency", custom__width=90),
            *(override(head, custom__width=105, **properties) for head, _, properties in shown),
        ],
        sort_by="Urgency",
    )


def _of_agreement(policy: Policy, family: Family, alert: str) -> str:
    """Age of the oldest ticket as a share of its urgency's limit; empty without such an alert."""
    entry = policy.alerts.get(alert)
    if entry is None or not entry.enabled:
        return ""
    parts = []
    for urgency, figure in entry.limits.items():
        seconds = figure.seconds if isinstance(figure, Duration) else figure
        parts.append(f"max by (urgency) ({series(family, urgency=urgency)}) / {seconds:g}")
    return " or ".join(parts)


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


def agreement(policy: Policy) -> Any:
    """The machine against people."""
    found = limit(policy, "GradesDisagree")
    all_ = f"sum({rate(GRADER_GRADE_COMPARISONS_TOTAL)})"
    return timeseries(
        "Grades that people changed much",
        "Share of the grades that a person gave too and that differ by more than a tenth of the full mark."
        f"{sentence(found, PERCENT)} Look at the assignments graded by hand: one of them has wrong tests.",
        unit=PERCENT,
        targets=q(f"sum({rate(GRADER_GRADE_COMPARISONS_TOTAL, result='different')}) / ({all_} > 0)"),
        limit=found,
        color=ORANGE,
        interval="5m",
    )
