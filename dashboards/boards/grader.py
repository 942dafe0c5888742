"""Is the grader healthy, and which stage is to blame if not? For whoever runs it."""

from __future__ import annotations

from typing import Any

from dashboards.boards.alarms import alerts_here
from dashboards.boards.figures import feedback, queue, work
from dashboards.boards.stages import (
    attempts,
    collection_times,
    collectors,
    distribution,
    durations,
    oldest,
    outcomes,
    spoiled,
    timeliness,
    waits,
)
from dashboards.boards.traffic import failures, top_errors
from dashboards.grid import Grid
from dashboards.limits import good_share, judged, limit, pace, sentence
from dashboards.palette import CRITICAL, OK, WARNING, steps, words
from dashboards.series import Like, or_no_data, rate, series
from dashboards.shell import GRADER, board, help_row
from dashboards.singles import gauge, stat
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_DATABASE_UP,
    GRADER_GRADINGS_TOTAL,
    GRADER_QUEUE_DEPTH,
    GRADER_WORKERS,
)
from policy.model import Policy

ABOUT = (
    "Is the grader healthy, and which stage is to blame if not: receiving, waiting, grading. Read it from "
    "the top: state first, then what students feel, then the stages."
)
WORDS = """\
**Waiting**: handed in, no worker has it yet. **Running**: a worker has it.

**Spoiled**: the machine failed (internal error). A wrong answer is not spoiled, it is graded.

**Wait**: from handing in to the start of grading. **Grading**: from its start to its end.

**Time to feedback**: wait and grading together; first gradings only.

**p50, p95, p99**: half, 95 % and 99 % were faster.

**Grey, "No data"**: the monitoring does not see it, which is a fault of its own."""
# Shares: one of a hundred workers, and every one.
ANY, ALL = 0.01, 1
ABOUT_US = ("grading", "queue", "database", "monitoring")


def grader(policy: Policy) -> Any:
    """The board `gradewatch-grader`."""
    grid = (
        Grid()
        .row(
            "Is the grader healthy?",
            (
                5,
                [
                    alive(),
                    sound(policy),
                    waiting(policy),
                    ready(),
                    feedback(policy),
                    alerts_here(policy, *ABOUT_US),
                ],
            ),
        )
        .row("Does it keep up?", (8, [work(), queue(policy)]), (8, [oldest(policy), waits(policy)]))
        .row(
            "What does it produce?",
            (8, [outcomes(), spoiled(policy)]),
            (8, [durations(policy), distribution()]),
        )
        .row(
            "Who hands in, and what fails?",
            (8, [attempts(), timeliness(), failures(policy), top_errors(policy)]),
        )
        .row("Does the monitoring see it?", (8, [collectors(), collection_times()]))
    )
    title = f"{policy.title}: grader"
    return board(policy, GRADER, title, ABOUT, help_row(policy, grid, ABOUT_US, WORDS), hours=6)


def alive() -> Any:
    """Whether the place where submissions are kept answers."""
    return stat(
        "Database",
        "Whether the grader's database answers the sidecar. Unreachable: nothing can be handed in or "
        "graded; look at the database first, everything else follows from it.",
        unit="none",
        targets=q(f"min({series(GRADER_DATABASE_UP)})", instant=True),
        mappings=[words({1: ("Reachable", OK), 0: ("Unreachable", CRITICAL)})],
    )


def sound(policy: Policy) -> Any:
    """Whether results can be trusted to come."""
    found = limit(policy, "GradingFailures")
    everything = f"sum({rate(GRADER_GRADINGS_TOTAL)})"
    good = f"{everything} - sum({rate(GRADER_GRADINGS_TOTAL, outcome='internal_error')})"
    return stat(
        "Gradings not spoiled",
        "Share of gradings that ended with a result, right or wrong, instead of an internal error of the "
        f"machine.{sentence(found, 'percentunit', good=True)} Then look at the grader's log.",
        unit="percentunit",
        targets=q(or_no_data(f"({good}) / ({everything} > 0)", policy.job("exporter"))),
        thresholds=good_share(found),
        trend=True,
        interval=pace(policy),
    )


def waiting(policy: Policy) -> Any:
    """Those who wait now."""
    found = limit(policy, "GradingBacklog")
    return stat(
        "Submissions waiting",
        f"Submissions not graded yet.{sentence(found)} Compare submitted with graded below.",
        unit="locale",
        targets=q(f"sum({series(GRADER_QUEUE_DEPTH, state='waiting')})", instant=True),
        thresholds=judged(found),
    )


def ready() -> Any:
    """Who is left to work; whether they have to is in the graph of the workers."""
    able = f"sum({series(GRADER_WORKERS, state=Like('online|busy'))})"
    all_ = f"sum({series(GRADER_WORKERS, state=Like('online|busy|stale|offline|unhealthy'))})"
    return gauge(
        "Workers able to work",
        "Share of the grading workers that answer, busy or idle; those that somebody disabled are not "
        "counted. Orange when some are gone, red when none is left: start them again.",
        unit="percentunit",
        targets=q(f"{able} / ({all_} > 0)", instant=True),
        thresholds=steps((WARNING, ANY), (OK, ALL), base=CRITICAL),
    )
