"""The stages of a submission: received, waiting, graded; and those who work on it and watch it."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours, to_board
from dashboards.graphs import heatmap, state_timeline, timeseries
from dashboards.limits import limit, pace, sentence
from dashboards.palette import BLUE, CRITICAL, GREEN, OK, ORANGE, SKY, VERMILION, words
from dashboards.series import Like, quantile, rate, series
from dashboards.shell import ASSIGNMENTS
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_DATABASE_QUERY_DURATION_SECONDS,
    GRADER_DEADLINE_SUBMISSIONS_TOTAL,
    GRADER_EXPORTER_COLLECTOR_DURATION_SECONDS,
    GRADER_EXPORTER_COLLECTOR_SUCCESS,
    GRADER_GRADING_DURATION_SECONDS,
    GRADER_GRADINGS_TOTAL,
    GRADER_QUEUE_OLDEST_AGE_SECONDS,
    GRADER_QUEUE_WAIT_SECONDS,
    GRADER_SUBMISSIONS_TOTAL,
    GRADER_WORKERS,
    OUTCOMES,
    Family,
)
from policy.model import Policy

RIGHT = ("accepted", "graded")
SPOILED = ("internal_error",)
OTHER = ("aborted", "other")
WRONG = tuple(outcome for outcome in OUTCOMES if outcome not in RIGHT + SPOILED + OTHER)
PER_MINUTE = "60 * sum"


def oldest(policy: Policy) -> Any:
    """What the patience of a class is measured against."""
    found = limit(policy, "GradingQueueStalled")
    return timeseries(
        "Age of the oldest waiting submission",
        f"How long the one that waits longest has waited.{sentence(found, 's')} That line is drawn. A "
        "straight climb: nothing is taken from the queue any more.",
        unit="s",
        targets=q(f"max({series(GRADER_QUEUE_OLDEST_AGE_SECONDS, state='waiting')})"),
        limit=found,
        reach=True,
        color=ORANGE,
    )


def waits(policy: Policy) -> Any:
    """The first part of the time to feedback."""
    return _quantiles(
        "Wait before grading",
        "From handing in to the start of grading. When it rises and grading below does not, more workers "
        "help.",
        GRADER_QUEUE_WAIT_SECONDS,
        pace(policy),
    )


def durations(policy: Policy) -> Any:
    """The second part of the time to feedback."""
    return _quantiles(
        "Duration of grading",
        "From the start of a grading to its end. When it rises, look at new assignments, their tests and "
        "the machine's load.",
        GRADER_GRADING_DURATION_SECONDS,
        pace(policy),
    )


def distribution() -> Any:
    """What the quantiles hide: two kinds of assignments, a time limit that many meet."""
    return heatmap(
        "Distribution of grading times",
        "How many gradings took how long: the brighter, the more. A new band at the top: an assignment "
        "whose tests run into their time limit.",
        unit="s",
        targets=q(
            (
                "sum by (le) (increase("
                + series(GRADER_GRADING_DURATION_SECONDS, "bucket")
                + "[$__rate_interval]))",
                "{{le}}",
            ),
            format="heatmap",
        ),
    )


def outcomes() -> Any:
    """Right, wrong, spoiled."""

    def per_minute(*outcomes: str) -> str:
        return f"{PER_MINUTE}({rate(GRADER_GRADINGS_TOTAL, outcome=Like('|'.join(outcomes)))})"

    return timeseries(
        "Gradings per minute by outcome",
        "Right: full marks. Wrong: anything a student can mend. Spoiled: the machine's own fault. Only "
        "wrong ones since a new assignment: check its tests.",
        unit="short",
        targets=q(
            (per_minute(*RIGHT), "Right"),
            (per_minute(*WRONG), "Wrong"),
            (per_minute(*SPOILED), "Spoiled"),
            (per_minute(*OTHER), "Other"),
        ),
        overrides=colours(Right=GREEN, Wrong=BLUE, Spoiled=VERMILION, Other=SKY),
        stacked=True,
    )


def spoiled(policy: Policy) -> Any:
    """The ratio of the alert, drawn with its line."""
    found = limit(policy, "GradingFailures")
    everything = f"sum({rate(GRADER_GRADINGS_TOTAL)})"
    return timeseries(
        "Spoiled gradings",
        f"Share of gradings that the machine itself spoiled.{sentence(found, 'percentunit')} That line is "
        "drawn. Regrade them when the cause is mended.",
        unit="percentunit",
        targets=q(f"sum({rate(GRADER_GRADINGS_TOTAL, outcome=SPOILED[0])}) / ({everything} > 0)"),
        limit=found,
        color=VERMILION,
        interval=pace(policy),
        reach=True,
        links=[to_board("Which assignment", ASSIGNMENTS)],
    )


def workers(policy: Policy) -> Any:
    """Who could grade."""
    found = limit(policy, "WorkersMissing")
    return timeseries(
        "Workers",
        "Grading workers by what they do. Gone: offline, stale or unhealthy; they were there and do not "
        f"answer, so start them again.{sentence(found)} Without waiting submissions idle ones are fine.",
        unit="locale",
        targets=q(
            (f"sum({series(GRADER_WORKERS, state='busy')})", "Busy"),
            (f"sum({series(GRADER_WORKERS, state='online')})", "Idle"),
            (f"sum({series(GRADER_WORKERS, state=Like('offline|stale|unhealthy'))})", "Gone"),
        ),
        limit=found,
        overrides=colours(Busy=BLUE, Idle=GREEN, Gone=VERMILION),
        narrow=True,
        stacked=True,
        step_line=True,
    )


def attempts() -> Any:
    """First tries and further ones."""
    return timeseries(
        "Submissions per minute by attempt",
        "Many more resubmissions than first attempts: an assignment that is hard to understand, or "
        "feedback that does not help.",
        unit="short",
        targets=q(
            (f"{PER_MINUTE}({rate(GRADER_SUBMISSIONS_TOTAL, attempt='first')})", "First"),
            (f"{PER_MINUTE}({rate(GRADER_SUBMISSIONS_TOTAL, attempt='resubmission')})", "Resubmission"),
        ),
        overrides=colours(First=BLUE, Resubmission=SKY),
        narrow=True,
        stacked=True,
    )


def timeliness() -> Any:
    """On time or late."""
    return timeseries(
        "Submissions per minute by deadline",
        "Only assignments that have a deadline. A peak of late ones right after a deadline, together with "
        "errors on the overview: consider an extension.",
        unit="short",
        targets=q(
            (f"{PER_MINUTE}({rate(GRADER_DEADLINE_SUBMISSIONS_TOTAL, timeliness='on_time')})", "On time"),
            (f"{PER_MINUTE}({rate(GRADER_DEADLINE_SUBMISSIONS_TOTAL, timeliness='late')})", "Late"),
        ),
        overrides=colours(On_time=BLUE, Late=ORANGE),
        narrow=True,
        stacked=True,
    )


_KINDS = {"queries": "query", "queues": "queue", "brokers": "broker", "backups": "backup", "probes": "probe"}
"""What the configuration has any number of, and how the names of such collectors begin."""


def collectors() -> Any:
    """Whether what this board shows is fresh."""
    return state_timeline(
        "Collectors of the sidecar",
        "OK: the figures of this collector are fresh. Failing: they are missing or old, whatever the "
        "panels above show; of queries, queues, probes and backups at least one. The sidecar's log has the "
        "reason.",
        targets=q((f"min by (kind) ({_by_kind()})", "{{kind}}")),
        mappings=[words({1: ("OK", OK), 0: ("Failing", CRITICAL)})],
    )


def _by_kind() -> str:
    """Collectors that the configuration multiplies are one row a kind: dozens of rows cannot be read."""
    found = f'label_join({series(GRADER_EXPORTER_COLLECTOR_SUCCESS)}, "kind", "", "collector")'
    for kind, names in _KINDS.items():
        found = f'label_replace({found}, "kind", "{kind}", "collector", "{names}[_-].+")'
    return found


def collection_times() -> Any:
    """What watching costs the grader."""
    return timeseries(
        "Time to read the grader",
        "The slowest collector's last collection, and one light statement on the database. When the "
        "statement slows down, the database is overloaded for everybody.",
        unit="s",
        targets=q(
            (f"max({series(GRADER_EXPORTER_COLLECTOR_DURATION_SECONDS)})", "Collection"),
            (f"max({series(GRADER_DATABASE_QUERY_DURATION_SECONDS)})", "Statement"),
        ),
        overrides=colours(Collection=BLUE, Statement=ORANGE),
    )


def _quantiles(title: str, description: str, family: Family, interval: str) -> Any:
    return timeseries(
        title,
        f"{description} Half, 95 % and 99 % were faster.",
        unit="s",
        targets=q(
            (quantile(0.5, family), "p50"), (quantile(0.95, family), "p95"), (quantile(0.99, family), "p99")
        ),
        overrides=colours(p50=SKY, p95=BLUE, p99=ORANGE),
        interval=interval,
    )
