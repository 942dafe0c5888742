"""BullMQ 5 and 6: lists of waiting and active job ids, sorted sets for the rest, and a hash for each job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exporter.collector import CollectError
from exporter.config.queues import Queue
from exporter.queues.reading import Reading
from exporter.queues.rounds import Command, Question, Reader, plain
from exporter.queues.times import age

_MARKER = b"0:"
"""Before version 5 a list could hold a marker that is no job."""


def read_bullmq(queue: Queue, key: str) -> Question:
    """Depth, oldest age, failed jobs; totals where a worker runs with `metrics`.

    What is delayed, or waits for children, does not wait for a worker and is not counted. Of prioritised jobs
    the next one is looked at; a lower priority may have waited longer.
    """
    base = f"{'bull:' if queue.prefix is None else queue.prefix}{key}:"
    asked: list[Command] = [
        ("EXISTS", f"{base}meta"),
        ("LLEN", f"{base}wait"),
        ("LLEN", f"{base}paused"),
        ("ZCARD", f"{base}prioritized"),
        ("LLEN", f"{base}active"),
        ("ZCARD", f"{base}failed"),
        ("HGET", f"{base}metrics:completed", "count"),
        ("HGET", f"{base}metrics:failed", "count"),
        ("LINDEX", f"{base}wait", -1),
        ("LINDEX", f"{base}paused", -1),
        ("ZRANGE", f"{base}prioritized", 0, 0),
        ("LINDEX", f"{base}active", -1),
    ]
    return Question(asked, lambda answers, now: _understand(answers, now, base))


def _understand(answers: Sequence[Any], now: float, base: str) -> Reader:
    found = [plain(answer, base + "*") for answer in answers]
    exists, wait, paused, prioritized, active, failed, completed, failures = found[:8]
    if not exists and not wait + paused + active:
        raise CollectError("query", f"{base}meta: no such queue yet")
    ends = [found[8], found[9], *found[10]]
    markers = sum(job is not None and job.startswith(_MARKER) for job in ends)
    waiting = [job for job in ends if job is not None and not job.startswith(_MARKER)]
    running = [found[11]] if found[11] is not None else []
    depth = {"waiting": wait + paused + prioritized - markers, "running": active}
    oldest = {state: 0.0 for state, count in depth.items() if not count}
    if waiting or running:
        wanted: list[Command] = [("HMGET", base.encode() + job, "timestamp", "delay") for job in waiting]
        wanted += [("HGET", base.encode() + job, "processedOn") for job in running]
        more = [plain(answer, base + "<job>") for answer in (yield wanted)]
        oldest |= _oldest("waiting", [_due(*answer) for answer in more[: len(waiting)]], now)
        oldest |= _oldest("running", more[len(waiting) :], now)
    return Reading(
        depth=depth,
        oldest=oldest,
        failed=failed,
        # A job that failed for good was processed too.
        processed=int(completed) + int(failures or 0) if completed is not None else None,
        failures=int(failures or 0) if completed is not None or failures is not None else None,
    )


def _due(timestamp: Any, delay: Any) -> float | None:
    """Milliseconds at which a job began to wait; it did not while it was delayed."""
    return float(timestamp) + float(delay or 0) if timestamp is not None else None


def _oldest(state: str, times: list[Any], now: float) -> dict[str, float]:
    """Of jobs that ended between the two questions the age is not known."""
    ages = [found for at in times if (found := age(at, now)) is not None]
    return {state: max(ages)} if ages else {}
