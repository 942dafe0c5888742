"""Does grading keep up with what is handed in, and why not? For whoever runs the workers."""

from __future__ import annotations

from typing import Any

from dashboards.boards.alarms import alerts_here
from dashboards.boards.broker import brokers, each_queue, failing, processed, room
from dashboards.boards.figures import work
from dashboards.boards.stages import oldest, waits, workers
from dashboards.fields import colours
from dashboards.graphs import timeseries
from dashboards.grid import Grid
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, CRITICAL, OK, ORANGE, WARNING, steps
from dashboards.series import or_no_data, rate, series
from dashboards.shell import QUEUE, board, help_row
from dashboards.singles import stat
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_GRADINGS_TOTAL,
    GRADER_QUEUE_CONSUMERS,
    GRADER_QUEUE_DEPTH,
    GRADER_QUEUE_JOBS_FAILED,
    GRADER_QUEUE_OLDEST_AGE_SECONDS,
    GRADER_WORKER_HEARTBEAT_AGE_SECONDS,
)
from policy.model import Policy

ABOUT = (
    "Does grading keep up with what is handed in, and why not: queues, workers, broker. Symptoms first, "
    "their causes below."
)
WORDS = """\
**Queue `grading`**: the grader's own table of submissions; other names are queues of the broker.

**Waiting / Running**: nobody has it yet / a worker has it.

**Time to empty**: what waits, at the pace of the last minutes, if nothing more comes.

**Consumer**: a program that takes jobs from a queue. **Heartbeat**: a worker's sign of life.

**Grey, "No data"**: nobody measures it; queues of a broker need `queues:` in the sidecar's configuration."""
ABOUT_US = ("queue", "grading", "throughput")
WAITING = "waiting"


def queues(policy: Policy) -> Any:
    """The board `gradewatch-queue`."""
    grid = (
        Grid()
        .row(
            "Does grading keep up?",
            (
                5,
                [
                    waiting(policy),
                    longest(policy),
                    time_to_empty(policy),
                    consumers(),
                    failed(),
                    alerts_here(policy, *ABOUT_US),
                ],
            ),
        )
        .row(
            "Since when not?",
            (8, [depth(policy), work()]),
            (8, [oldest(policy), waits(policy)]),
        )
        .row("Are there workers?", (8, [workers(policy), heartbeats(policy), consumers_over_time()]))
        .row("Is the broker well?", (7, [(brokers(), 5), processed(), failing(policy), (room(policy), 7)]))
        .row("Which queue?", (6, [each_queue()]))
    )
    title = f"{policy.title}: queue"
    return board(policy, QUEUE, title, ABOUT, help_row(policy, grid, ABOUT_US, WORDS), hours=6)


def waiting(policy: Policy) -> Any:
    """All queues together."""
    found = limit(policy, "GradingBacklog")
    return stat(
        "Submissions waiting",
        f"Submissions and jobs of all queues that nobody has taken yet.{sentence(found)} The table at the "
        "end says which queue it is.",
        unit="locale",
        targets=q(f"sum({series(GRADER_QUEUE_DEPTH, state=WAITING)})", instant=True),
        thresholds=judged(found),
    )


def longest(policy: Policy) -> Any:
    """What a student feels."""
    found = limit(policy, "GradingQueueStalled")
    return stat(
        "Longest wait",
        f"Age of the oldest that waits, in any queue.{sentence(found, 's')} While it climbs second by "
        "second, nothing is taken from that queue: look at the workers.",
        unit="s",
        decimals=1,
        targets=q(f"max({series(GRADER_QUEUE_OLDEST_AGE_SECONDS, state=WAITING)})", instant=True),
        thresholds=judged(found),
    )


def time_to_empty(policy: Policy) -> Any:
    """The answer to `how long will it take`."""
    found = limit(policy, "GradingQueueStalled")
    backlog = f"sum({series(GRADER_QUEUE_DEPTH, state=WAITING)})"
    pace = f"sum({rate(GRADER_GRADINGS_TOTAL)})"
    return stat(
        "Time to empty",
        f"How long grading what waits will take at the present pace.{sentence(found, 's')} Longer than the "
        "class has patience: start more workers now. Grey: nothing is being graded.",
        unit="s",
        decimals=1,
        targets=q(or_no_data(f"{backlog} / ({pace} > 0)", policy.job("exporter"))),
        thresholds=judged(found),
        trend=True,
    )


def consumers() -> Any:
    """Nobody takes jobs from a queue without one."""
    return stat(
        "Fewest consumers",
        "Consumers of the queue that has the fewest. Red at 0: jobs pile up in it; start its workers. Which "
        "one it is, says the table at the end.",
        unit="locale",
        targets=q(f"min({series(GRADER_QUEUE_CONSUMERS)})", instant=True),
        thresholds=steps((OK, 1), base=CRITICAL),
    )


def failed() -> Any:
    """Jobs that a person must look at."""
    return stat(
        "Failed jobs kept",
        "Jobs in the brokers' lists of failures. Orange from 1: read their traces, mend the cause, then put "
        "them back or delete them; each is a student without a grade.",
        unit="locale",
        targets=q(f"sum({series(GRADER_QUEUE_JOBS_FAILED)})", instant=True),
        thresholds=steps((WARNING, 1), base=OK),
    )


def depth(policy: Policy) -> Any:
    """Which queue grows."""
    found = limit(policy, "GradingBacklog")
    return timeseries(
        "Waiting by queue",
        f"What waits in each queue.{sentence(found)} That line is drawn. One queue grows and the others do "
        "not: its own workers are missing; all grow: too much load, or the broker.",
        unit="locale",
        targets=q((f"sum by (queue) ({series(GRADER_QUEUE_DEPTH, state=WAITING)})", "{{queue}}")),
        limit=found,
    )


def heartbeats(policy: Policy) -> Any:
    """A worker that hangs."""
    found = limit(policy, "WorkerHeartbeatsStopped")
    return timeseries(
        "Age of the workers' heartbeats",
        f"How long ago the liveliest and the quietest worker gave a sign of life.{sentence(found, 's')} Only "
        "the quietest climbs: one worker hangs; both climb: all are gone, or the clock of a machine is "
        "wrong.",
        unit="s",
        targets=q(
            (f"max({series(GRADER_WORKER_HEARTBEAT_AGE_SECONDS, stat='min')})", "Liveliest"),
            (f"max({series(GRADER_WORKER_HEARTBEAT_AGE_SECONDS, stat='max')})", "Quietest"),
        ),
        limit=found,
        overrides=colours(Liveliest=BLUE, Quietest=ORANGE),
        narrow=True,
    )


def consumers_over_time() -> Any:
    """Since when they are gone."""
    return timeseries(
        "Consumers by queue",
        "Programs that take jobs from each queue. A step down without a deployment mark: workers crashed; "
        "see their logs at that moment.",
        unit="locale",
        targets=q((f"sum by (queue) ({series(GRADER_QUEUE_CONSUMERS)})", "{{queue}}")),
        narrow=True,
        step_line=True,
    )
