"""Do people use it, learn with it, get help, and is it safe? For heads and support. Never about a person."""

from __future__ import annotations

from typing import Any

from dashboards.boards.audits import compliance, exports, logins, suspicious
from dashboards.boards.people import (
    agreement,
    feature_requests,
    first_answers,
    learning,
    satisfaction_over_time,
    tickets_by_urgency,
    tickets_over_time,
)
from dashboards.fields import colours
from dashboards.graphs import timeseries
from dashboards.grid import Grid
from dashboards.palette import BLUE, INFO, OK, ORANGE, SKY, WARNING, steps
from dashboards.series import Like, quantile, rate, series
from dashboards.shell import ADOPTION, board, help_row
from dashboards.singles import bars, gauge, stat
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_EDUCATION_AT_RISK_STUDENTS,
    GRADER_FEEDBACK_CSAT,
    GRADER_FEEDBACK_NPS,
    GRADER_SUPPORT_TICKETS,
    GRADER_USERS_ACTIVE,
    GRADER_USERS_CORE_FEATURE_USERS,
    GRADER_USERS_FEATURE_USED,
    GRADER_USERS_PAGE_VIEWS_TOTAL,
    GRADER_USERS_REGISTERED,
    GRADER_USERS_RETAINED_RATIO,
    GRADER_USERS_SESSION_DURATION_SECONDS,
    GRADER_USERS_SESSIONS,
)
from policy.model import Policy

ABOUT = (
    "Do people use the system, learn with it and get help, and is it safe: adoption, education, support, "
    "feedback, security, compliance. Counts only, never a person."
)
WORDS = """\
**Active**: different people who signed in during the window.

**Adoption**: active in 30 days, of those registered.

**CSAT**: satisfaction, 1 to 5. **NPS**: recommendation, -100 to 100. **CES**: effort, 1 (little) to 5 (much).

**Retained**: people of the previous window who came back in this one.

**First answer**: from a ticket to the first word of a person.

**Grey, "No data"**: nobody counts it. These figures come from SQL of your own configuration (`queries:`)."""
ABOUT_US = ("support", "security", "compliance")
MONTH = "30d"
# Promised: 80 % of those registered, satisfaction of 4 of 5, a score of 50.
ADOPTED, CONTENT, RECOMMENDED = 0.8, 4, 50
PERCENT = "percentunit"


def adoption(policy: Policy) -> Any:
    """The board `gradewatch-adoption`."""
    grid = (
        Grid()
        .row(
            "Is it used, and are people content?",
            (
                5,
                [
                    adopted(),
                    satisfaction(),
                    promoters(),
                    open_tickets(),
                    at_risk(),
                ],
            ),
        )
        .row("Who uses it, and what of it?", (8, [(active(), 9), (visits(), 8), (features(), 7)]))
        .row("Do they learn?", (8, [learning(), agreement(policy)]))
        .row(
            "Are they helped?",
            (8, [tickets_over_time(), (first_answers(), 6), (tickets_by_urgency(policy), 10)]),
        )
        .row("What do they say?", (7, [satisfaction_over_time(), lengths(), feature_requests()]))
        .row(
            "Is it safe?",
            (7, [(logins(policy), 5), (exports(policy), 5), (suspicious(), 5), (compliance(policy), 9)]),
        )
    )
    return board(
        policy,
        ADOPTION,
        f"{policy.title}: support and adoption",
        ABOUT,
        help_row(policy, grid, ABOUT_US, WORDS),
        hours=30 * 24,
        refresh="15m",
    )


def adopted() -> Any:
    """The share that came."""
    active_, all_ = series(GRADER_USERS_ACTIVE, window=MONTH), series(GRADER_USERS_REGISTERED)
    return gauge(
        "Adoption, 30 days",
        "Share of the registered people who signed in within 30 days. Orange below 80 %: ask the courses "
        "that do not come what keeps them away.",
        unit=PERCENT,
        targets=q(f"sum({active_}) / (sum({all_}) > 0)", instant=True),
        thresholds=steps((OK, ADOPTED), base=WARNING),
    )


def satisfaction() -> Any:
    """The seventh key figure."""
    return stat(
        "Satisfaction (CSAT, 1 to 5)",
        "Mean answer to the survey of satisfaction. Orange below 4: read the comments of the last weeks "
        "beside the time to feedback.",
        unit="none",
        decimals=1,
        targets=q(f"avg({series(GRADER_FEEDBACK_CSAT)})", instant=True),
        thresholds=steps((OK, CONTENT), base=WARNING),
    )


def promoters() -> Any:
    """Would they recommend it."""
    return stat(
        "Recommendation (NPS)",
        "Share of those who recommend it less the share of those who warn of it, -100 to 100. Orange below "
        "50: ask those who warn; few answers swing it widely.",
        unit="none",
        decimals=0,
        targets=q(f"avg({series(GRADER_FEEDBACK_NPS)})", instant=True),
        thresholds=steps((OK, RECOMMENDED), base=WARNING),
    )


def open_tickets() -> Any:
    """Work of the help desk."""
    return stat(
        "Tickets open",
        "Tickets that wait for us or for the asker. Compare with the graph below: a rising floor needs "
        "people, a peak after a deadline needs a note to all.",
        unit="locale",
        targets=q(f"sum({series(GRADER_SUPPORT_TICKETS, state=Like('open|waiting'))})", instant=True),
        thresholds=steps(base=INFO),
    )


def at_risk() -> Any:
    """How many, never who."""
    return stat(
        "Students at risk",
        "Students whom your own rule counts as at risk; 0 below the least number that the sidecar shows. "
        "When it rises ask the teachers of the courses; this board knows no names.",
        unit="locale",
        targets=q(f"sum({series(GRADER_EDUCATION_AT_RISK_STUDENTS)})", instant=True),
        thresholds=steps(base=INFO),
    )


def active() -> Any:
    """By window."""
    return timeseries(
        "Active people",
        "Different people within a day, a week and 30 days. The day far below the week: they come once, for "
        "the deadline; the 30 days fall: courses leave.",
        unit="locale",
        targets=q(
            *(
                (f"sum({series(GRADER_USERS_ACTIVE, window=window)})", name)
                for window, name in (("1d", "Day"), ("7d", "Week"), (MONTH, "30 days"))
            )
        ),
        overrides=[*colours(Day=SKY, Week=BLUE), *colours(**{"30_days": ORANGE})],
    )


def visits() -> Any:
    """How busy the pages are."""
    return timeseries(
        "Sessions and page views",
        "Sessions that are open, and pages viewed per minute. Views without sessions: a crawler or a script; "
        "sessions without views: people wait for an answer.",
        unit="short",
        targets=q(
            (f"sum({series(GRADER_USERS_SESSIONS)})", "Open sessions"),
            (f"60 * sum({rate(GRADER_USERS_PAGE_VIEWS_TOTAL)})", "Views per minute"),
        ),
        overrides=colours(Open_sessions=BLUE, Views_per_minute=ORANGE),
        narrow=True,
    )


def features() -> Any:
    """What is worth caring for."""
    users = f"(sum({series(GRADER_USERS_ACTIVE, window=MONTH)}) > 0)"
    by_feature = f"sum by (feature) ({series(GRADER_USERS_FEATURE_USED, window=MONTH)})"
    core = f"sum({series(GRADER_USERS_CORE_FEATURE_USERS, window=MONTH)}) / {users}"
    back = f"max({series(GRADER_USERS_RETAINED_RATIO, window=MONTH)})"
    return bars(
        "Use of features, 30 days",
        "Share of the active people who used each feature; any core feature (Core); and who came back from "
        "the 30 days before. What few use: explain it better, or drop it.",
        unit=PERCENT,
        maximum=1,
        decimals=0,
        targets=q(
            (core, "Core"),
            (back, "Returned"),
            (f"topk(6, {by_feature} / ignoring (feature) group_left () {users})", "{{feature}}"),
            instant=True,
        ),
    )


def lengths() -> Any:
    """How long they stay."""
    return timeseries(
        "Length of sessions",
        "Half of the sessions, and 95 % of them, were shorter. Much shorter than before: people fail to sign "
        "in or leave at once; much longer: pages or grading are slow.",
        unit="s",
        targets=q(
            (quantile(0.5, GRADER_USERS_SESSION_DURATION_SECONDS), "p50"),
            (quantile(0.95, GRADER_USERS_SESSION_DURATION_SECONDS), "p95"),
        ),
        overrides=colours(p50=SKY, p95=BLUE),
        narrow=True,
        interval="5m",
    )
