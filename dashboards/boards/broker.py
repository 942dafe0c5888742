"""The broker and its queues: reachable, ending jobs, with room, one by one."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours, override
from dashboards.graphs import state_timeline, timeseries
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, CRITICAL, OK, VERMILION, WARNING, steps, words
from dashboards.series import rate, series
from dashboards.singles import bars
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_BROKER_UP,
    GRADER_QUEUE_CAPACITY,
    GRADER_QUEUE_CONSUMERS,
    GRADER_QUEUE_DEPTH,
    GRADER_QUEUE_FAILED_TOTAL,
    GRADER_QUEUE_JOBS_FAILED,
    GRADER_QUEUE_OLDEST_AGE_SECONDS,
    GRADER_QUEUE_PROCESSED_TOTAL,
)
from policy.model import Policy

WAITING = "waiting"
# Shares of the room of a queue.
NEARLY, FULL = 0.7, 0.9


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


def failing(policy: Policy) -> Any:
    """The ratio of the alert."""
    found = limit(policy, "QueueJobsFailing")
    ended = f"sum({rate(GRADER_QUEUE_FAILED_TOTAL)}) + sum({rate(GRADER_QUEUE_PROCESSED_TOTAL)})"
    return timeseries(
        "Share of failed jobs",
        f"Of the jobs that ended, where the broker counts them.{sentence(found, 'percentunit')} Some at all "
        "times: an assignment whose job cannot end; all at once: a worker's machine or a service is broken.",
        unit="percentunit",
        targets=q(f"sum({rate(GRADER_QUEUE_FAILED_TOTAL)}) / ({ended} > 0)"),
        limit=found,
        color=VERMILION,
        reach=True,
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
