"""Lists, sorted sets and streams of Redis as they are, for graders with a queue of their own making."""

from __future__ import annotations

from operator import methodcaller as ask
from typing import Any

from exporter.collector import CollectError
from exporter.config.queues import Queue
from exporter.queues.reading import Reading
from exporter.queues.rounds import Clock, Reader, plain
from exporter.queues.times import age, field_of


def read_list(queue: Queue, key: str, now: Clock) -> Reader:
    """LLEN, and the time that stands in the oldest job when the configuration says where."""
    commands = [ask("llen", key)]
    if queue.enqueued_at is not None:
        commands.append(ask("lindex", key, -1 if queue.oldest == "tail" else 0))
    if queue.failed is not None:
        commands.append(ask("llen", (queue.prefix or "") + queue.failed))
    answers = list((yield commands))
    depth = plain(answers.pop(0), key)
    oldest: dict[str, float] = {}
    problem = ""
    if queue.enqueued_at is not None:
        oldest, problem = age_in_job(plain(answers.pop(0), key), queue.enqueued_at, now(), queue.state, key)
    failed = plain(answers.pop(0), f"{key}, failed") if queue.failed is not None else None
    return Reading(depth={queue.state: depth}, oldest=oldest, failed=failed, problem=problem)


def read_sorted_set(queue: Queue, key: str, now: Clock) -> Reader:
    """ZCARD; with `score` the lowest score is the time of the oldest member."""
    commands = [ask("zcard", key), ask("zrange", key, 0, 0, withscores=True)]
    if queue.failed is not None:
        commands.append(ask("llen", (queue.prefix or "") + queue.failed))
    depth, first, *more = yield commands
    depth, first = plain(depth, key), plain(first, key)
    oldest: dict[str, float] = {}
    if queue.score is not None:
        scale = 1000.0 if queue.score == "milliseconds" else 1.0
        oldest = {queue.state: max(0.0, now() - first[0][1] / scale) if first else 0.0}
    failed = plain(more[0], f"{key}, failed") if more else None
    return Reading(depth={queue.state: depth}, oldest=oldest, failed=failed)


def read_stream(queue: Queue, key: str, now: Clock) -> Reader:
    """Without a group all entries wait; with one, its lag waits and what is pending runs.

    Ages are those of the entries' ids, which are milliseconds unless the producer chose his own. The lag is
    absent where Redis does not know it: before 7.0, or after entries were deleted from the middle.
    """
    if queue.group is None:
        length, first = yield [ask("xlen", key), ask("xrange", key, count=1)]
        first = plain(first, key)
        return Reading(
            depth={"waiting": plain(length, key)},
            oldest={"waiting": _entry_age(first[0][0], now()) if first else 0.0},
        )
    groups, pending = yield [ask("xinfo_groups", key), ask("xpending", key, queue.group)]
    group = _group(groups, queue.group)
    if group is None:
        raise CollectError("query", f"{key}: no stream with a group {queue.group}")
    pending = plain(pending, key)
    (after,) = yield [ask("xrange", key, min=f"({_text(group['last-delivered-id'])}", count=1)]
    undelivered, lag = plain(after, key), group.get("lag")
    depth, oldest = {"running": int(pending["pending"])}, {}
    oldest["running"] = _entry_age(pending["min"], now()) if pending["pending"] else 0.0
    if lag is not None or not undelivered:
        depth["waiting"] = int(lag or 0)
    oldest["waiting"] = _entry_age(undelivered[0][0], now()) if undelivered else 0.0
    return Reading(depth=depth, oldest=oldest, consumers=int(group["consumers"]))


def age_in_job(job: Any, path: str, now: float, state: str, key: str) -> tuple[dict[str, float], str]:
    """The age by state of a JSON job's own time, and what keeps it from being read; 0 without a job."""
    if job is None:
        return {state: 0.0}, ""
    try:
        found = age(field_of(job, path), now)
    except ValueError:
        return {}, f"{key}: the oldest job is no JSON"
    return ({}, f"{key}: the oldest job has no time at {path}") if found is None else ({state: found}, "")


def _group(groups: Any, name: str) -> dict[str, Any] | None:
    if isinstance(groups, Exception):
        if "no such key" in str(groups):
            return None
        plain(groups, "XINFO")
    return next((group for group in groups if _text(group["name"]) == name), None)


def _entry_age(entry: Any, now: float) -> float:
    """Ids begin with Unix milliseconds."""
    return max(0.0, now - int(_text(entry).partition("-")[0]) / 1000)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
