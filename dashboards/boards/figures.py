"""The key figures of the whole and their graphs: from a request to a grade."""

from __future__ import annotations

from typing import Any

from dashboards import records
from dashboards.fields import colours, to_board
from dashboards.graphs import timeseries
from dashboards.limits import (
    figure,
    good_share,
    judged,
    limit,
    limits,
    pace,
    sentence,
    sentences,
)
from dashboards.palette import BLUE, GREEN, OK, ORANGE, WARNING, steps
from dashboards.series import Like, or_no_data, quantile, rate, request_duration, requests, series
from dashboards.shell import ADOPTION, GRADER
from dashboards.singles import stat
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_ACTIVE_USERS,
    GRADER_FEEDBACK_CSAT,
    GRADER_GRADINGS_TOTAL,
    GRADER_QUEUE_DEPTH,
    GRADER_SUBMISSIONS_TOTAL,
    GRADER_TURNAROUND_SECONDS,
)
from policy.model import Policy

SERVER_ERROR = "5.."
PERCENT = "percentunit"
USUAL_SHARE = 0.95
CONTENT = 4
"""Of 5: what the requirements promise."""


def failed(policy: Policy) -> str:
    """Share of the requests that ended in a server error; 0 while there are requests and no error series."""
    all_ = f"sum({rate(requests(policy))})"
    bad = f"sum({rate(requests(policy), **{policy.application.status_label: Like(SERVER_ERROR)})})"
    return f"{bad} / ({all_} > 0) or 0 * ({all_} > 0)"


def _website(policy: Policy, expr: str) -> Any:
    """A figure of the application with its trend."""
    return q(or_no_data(expr, policy.job("application")))


def availability(policy: Policy) -> Any:
    """Key figure 1: what the objective measures, over an hour."""
    window = records.tiers(policy)[0].long
    found = limit(policy, "HighErrorRate")
    promised = max((objective.target for objective in policy.objectives.values()), default=None)
    return stat(
        f"Availability, last {window}",
        f"Share of the requests of the last {window} that were answered without a server error. Orange "
        f"below the objective{f' of {figure(promised, PERCENT)}' if promised else ''}: the error budget is "
        f"being spent.{sentence(found, PERCENT, good=True)}",
        unit=PERCENT,
        decimals=2,
        targets=_website(policy, f"1 - max({series(records.error_ratio(window), service=policy.service)})"),
        thresholds=good_share(found, promised),
        trend=True,
    )


def error_ratio(policy: Policy) -> Any:
    """Key figure 2."""
    found = limits(policy, "ServerErrorsOverTarget", "ErrorRateElevated", "HighErrorRate")
    return stat(
        "Error ratio",
        f"Share of the requests that ended in a server error (5xx).{sentences(found, PERCENT)} A step up at "
        "a deployment mark: roll back.",
        unit=PERCENT,
        decimals=2,
        targets=_website(policy, failed(policy)),
        thresholds=judged(*found),
        trend=True,
    )


def response_time(policy: Policy) -> Any:
    """Key figure 3: the percentile that the alert watches."""
    found, share = limits(policy, "SlowResponseTime", "VerySlowResponseTime"), watched_share(policy)
    return stat(
        f"Response time {percentile(share)}",
        f"{figure(share, PERCENT)} of the requests were answered faster than this.{sentences(found, 's')} "
        "Then compare with the traffic and the database.",
        unit="s",
        targets=_website(policy, quantile(share, request_duration(policy))),
        thresholds=judged(*found),
        trend=True,
    )


def watched_share(policy: Policy) -> float:
    """The share of requests that SlowResponseTime looks at; 0.95 where the policy has no such alert."""
    alert = policy.alerts.get("SlowResponseTime")
    return alert.quantile if alert and alert.quantile else USUAL_SHARE


def percentile(share: float) -> str:
    """0.95 is p95."""
    return f"p{share * 100:g}"


def feedback(policy: Policy) -> Any:
    """Key figure 4."""
    return stat(
        "Time to grade p95",
        "19 of 20 submissions had their first result faster than this, waiting included. When it rises, "
        "see on the grader board whether waiting or grading takes the time.",
        unit="s",
        targets=q(or_no_data(quantile(0.95, GRADER_TURNAROUND_SECONDS), policy.job("exporter"))),
        trend=True,
        interval=pace(policy),
        links=[to_board("Grader", GRADER)],
    )


def throughput(policy: Policy) -> Any:
    """Key figure 5."""
    return stat(
        "Throughput",
        "Requests per second. It follows the day of the students; a sudden fall in the daytime means that "
        "they do not get through.",
        unit="reqps",
        targets=_website(policy, f"sum({rate(requests(policy))})"),
        trend=True,
    )


def active_students(policy: Policy) -> Any:
    """Key figure 6."""
    return stat(
        "Active students",
        "Different people who handed something in within the last hour; 0 below the least number that the "
        "sidecar shows, so that nobody is singled out. Compare it with the timetable.",
        unit="locale",
        targets=q(or_no_data(f"sum({series(GRADER_ACTIVE_USERS, window='1h')})", policy.job("exporter"))),
        trend=True,
    )


def satisfaction(policy: Policy) -> Any:
    """Key figure 7, and the slowest."""
    return stat(
        "Satisfaction",
        "Mean answer to the survey of satisfaction, 1 to 5. Orange below 4: read the comments beside the "
        "time to feedback. Grey: no survey is configured.",
        unit="none",
        decimals=1,
        targets=q(or_no_data(f"avg({series(GRADER_FEEDBACK_CSAT)})", policy.job("exporter"))),
        thresholds=steps((OK, CONTENT), base=WARNING),
        trend=True,
        links=[to_board("Support and adoption", ADOPTION)],
    )


def work() -> Any:
    """In and out: graded must follow submitted."""
    return timeseries(
        "Submitted and graded per minute",
        "Submissions that came and gradings that were finished. Graded below submitted for long: the "
        "queue grows; graded at 0: grading has stopped.",
        unit="short",
        targets=q(
            (f"60 * sum({rate(GRADER_SUBMISSIONS_TOTAL)})", "Submitted"),
            (f"60 * sum({rate(GRADER_GRADINGS_TOTAL)})", "Graded"),
        ),
        overrides=colours(Submitted=BLUE, Graded=GREEN),
        links=[to_board("Grader", GRADER)],
    )


def queue(policy: Policy) -> Any:
    """What waits and what is being worked on."""
    found = limit(policy, "GradingBacklog")
    return timeseries(
        "Queue",
        f"Submissions that wait and that are being graded.{sentence(found)} That line is drawn. Waiting "
        "rises while running stays: more workers are needed; running falls to 0: the workers are gone.",
        unit="locale",
        targets=q(
            (f"sum({series(GRADER_QUEUE_DEPTH, state='waiting')})", "Waiting"),
            (f"sum({series(GRADER_QUEUE_DEPTH, state='running')})", "Running"),
        ),
        limit=found,
        overrides=colours(Waiting=ORANGE, Running=BLUE),
        links=[to_board("Grader", GRADER)],
    )
