"""Does grading keep up with what is handed in, and why not? For whoever runs the workers."""

from __future__ import annotations

from typing import Any

from dashboards.boards.figures import work
from dashboards.boards.stages import oldest, waits, workers
from dashboards.fields import colours, override, to_board
from dashboards.graphs import state_timeline, timeseries
from dashboards.grid import Grid
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, CRITICAL, OK, ORANGE, VERMILION, WARNING, steps, words
from dashboards.series import or_no_data, rate, series
from dashboards.shell import ALERTING, QUEUE, board, help_row
from dashboards.singles import bars, stat
from dashboards.states import categories, number_firing
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_BROKER_UP,
    GRADER_GRADINGS_TOTAL,
    GRADER_QUEUE_CAPACITY,
    GRADER_QUEUE_CONSUMERS,
    GRADER_QUEUE_DEPTH,
    GRADER_QUEUE_FAILED_TOTAL,
    GRADER_QUEUE_JOBS_FAILED,
    GRADER_QUEUE_OLDEST_AGE_SECONDS,
    GRADER_QUEUE_PROCESSED_TOTAL,
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
# Shares of the room of a queue.
NEARLY, FULL = 0.7, 0.9


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
                    burning(policy),
                ],
            ),
        )
        .row(
            "Since when not?",
            (8, [depth(policy), work()]),
            (8, [oldest(policy), waits(policy)]),
        )
        .row("Are there workers?", (8, [workers(policy), heartbeats(policy), consumers_over_time()]))
        .row("Is the broker well?", (7, [brokers(), processed(), (room(policy), 8)]))
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
        "Fewest consumers of a queue",
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


def burning(policy: Policy) -> Any:
    """Alerts of this board's parts."""
    return stat(
        "Alerts on these parts",
        "Alerts of queue, grading and throughput that fire. Their names and steps are on the board of the "
        "alerts, their runbooks in the last row of this one.",
        unit="locale",
        targets=q(number_firing(policy, category=categories(*ABOUT_US)), instant=True),
        thresholds=steps((WARNING, 1), base=OK),
        links=[to_board("Alerts", ALERTING)],
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


def brokers() -> Any:
    """Whether the broker answers."""
    return state_timeline(
        "Brokers",
        "Whether each broker answered the sidecar. Unreachable: nothing can be queued or taken; restart it "
        "and look at its memory and disk.",
        targets=q((f"min by (broker) ({series(GRADER_BROKER_UP)})", "{{broker}}")),
        mappings=[words({1: ("Reachable", OK), 0: ("Unreachable", CRITICAL)})],
    )


def processed() -> Any:
    """The broker's own counters."""
    return timeseries(
        "Jobs per minute",
        "Jobs that were finished and that failed, where the broker counts them. Failed rises with a "
        "deployment mark: roll back; without one: a poisoned job is tried again and again.",
        unit="short",
        targets=q(
            (f"60 * sum({rate(GRADER_QUEUE_PROCESSED_TOTAL)})", "Finished"),
            (f"60 * sum({rate(GRADER_QUEUE_FAILED_TOTAL)})", "Failed"),
        ),
        overrides=colours(Finished=BLUE, Failed=VERMILION),
        narrow=True,
    )


def room(policy: Policy) -> Any:
    """A full queue refuses submissions."""
    found = limit(policy, "QueueNearCapacity")
    own = steps((WARNING, NEARLY), (CRITICAL, FULL), base=OK)
    return bars(
        "Room used by queue",
        f"Share of what each queue accepts.{sentence(found, 'percentunit')} Near 100 % submissions are lost "
        "at the door: more workers, or a larger queue.",
        unit="percentunit",
        maximum=1,
        targets=q(
            (f"{_waiting()} / (max by (queue) ({series(GRADER_QUEUE_CAPACITY)}) > 0)", "{{queue}}"),
            instant=True,
        ),
        thresholds=judged(found) if found else own,
    )


def each_queue() -> Any:
    """Everything about each queue."""
    return table(
        "Queues",
        "Each queue now. Start with the one whose oldest is oldest; no consumers: start its workers; "
        "consumers and no progress: look at what they are busy with.",
        targets=q(
            _waiting(),
            f"sum by (queue) ({series(GRADER_QUEUE_DEPTH, state='running')})",
            f"max by (queue) ({series(GRADER_QUEUE_OLDEST_AGE_SECONDS, state=WAITING)})",
            f"sum by (queue) ({series(GRADER_QUEUE_CONSUMERS)})",
            f"sum by (queue) ({series(GRADER_QUEUE_JOBS_FAILED)})",
        ),
        columns={
            "queue": "Queue",
            "Value #A": "Waiting",
            "Value #B": "Running",
            "Value #C": "Oldest waits",
            "Value #D": "Consumers",
            "Value #E": "Failed",
        },
        unit="locale",
        overrides=[override("Oldest waits", unit="s", decimals=1)],
        sort_by="Oldest waits",
        descending=True,
    )


def _waiting() -> str:
    return f"sum by (queue) ({series(GRADER_QUEUE_DEPTH, state=WAITING)})"
