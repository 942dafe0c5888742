"""Lists, sorted sets and streams of Redis as they are, for graders with a queue of their own making."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exporter.collector import CollectError
from exporter.config.queues import Queue
from exporter.queues.reading import Reading
from exporter.queues.rounds import Command, Question, Reader, plain
from exporter.queues.times import age, field_of


def read_list(queue: Queue, key: str) -> Question:
    """LLEN, and the time that stands in the oldest job when the configuration says where."""
    commands: list[Command] = [("LLEN", key)]
    if queue.failed is not None:
        commands.append(("LLEN", (queue.prefix or "") + queue.failed))
    if queue.enqueued_at is not None:
        commands.append(("LINDEX", key, -1 if queue.oldest == "tail" else 0))
    state: str = queue.state
    path, has_failed = queue.enqueued_at, queue.failed is not None

    def understand(answers: Sequence[Any], now: float) -> Reading:
        depth = {state: plain(answers[0], key)}
        failed = plain(answers[1], f"{key}, failed") if has_failed else None
        if path is None:
            return Reading(depth, failed=failed)
        oldest, problem = age_in_job(plain(answers[-1], key), path, now, state, key)
        return Reading(depth, oldest, failed=failed, problem=problem)

    return Question(commands, understand)


def read_sorted_set(queue: Queue, key: str) -> Question:
    """ZCARD; with `score` the lowest score is the time of the oldest member."""
    commands: list[Command] = [("ZCARD", key), ("ZRANGE", key, 0, 0, "WITHSCORES")]
    if queue.failed is not None:
        commands.append(("LLEN", (queue.prefix or "") + queue.failed))

    def understand(answers: Sequence[Any], now: float) -> Reading:
        depth, first, *more = answers
        depth, first = plain(depth, key), plain(first, key)
        oldest: dict[str, float] = {}
        if queue.score is not None:
            scale = 1000.0 if queue.score == "milliseconds" else 1.0
            oldest = {queue.state: max(0.0, now - float(first[1]) / scale) if first else 0.0}
        failed = plain(more[0], f"{key}, failed") if more else None
        return Reading(depth={queue.state: depth}, oldest=oldest, failed=failed)

    return Question(commands, understand)


def read_stream(queue: Queue, key: str) -> Question:
    """Without a group all entries wait; with one, its lag waits and what is pending runs.

    Ages are those of the entries' ids, which are milliseconds unless the producer chose his own. The lag is
    absent where Redis does not know it: before 7.0, or after entries were deleted from the middle.
    """
    return _stream(key) if queue.group is None else _group_of_stream(key, queue.group)


def _stream(key: str) -> Question:
    def understand(answers: Sequence[Any], now: float) -> Reading:
        length, first = answers
        first = plain(first, key)
        return Reading(
            depth={"waiting": plain(length, key)},
            oldest={"waiting": _entry_age(first[0][0], now) if first else 0.0},
        )

    return Question([("XLEN", key), ("XRANGE", key, "-", "+", "COUNT", 1)], understand)


def _group_of_stream(key: str, name: str) -> Question:
    def understand(answers: Sequence[Any], now: float) -> Reader:
        groups, pending = answers
        group = _group(groups, name)
        if group is None:
            raise CollectError("query", f"{key}: no stream with a group {name}")
        count, first_pending, *_ = plain(pending, key)
        delivered = b"(" + group[b"last-delivered-id"]
        (after,) = yield [("XRANGE", key, delivered, "+", "COUNT", 1)]
        undelivered, lag = plain(after, key), group.get(b"lag")
        depth, oldest = {"running": int(count)}, {}
        oldest["running"] = _entry_age(first_pending, now) if count else 0.0
        if lag is not None or not undelivered:
            depth["waiting"] = int(lag or 0)
        oldest["waiting"] = _entry_age(undelivered[0][0], now) if undelivered else 0.0
        return Reading(depth=depth, oldest=oldest, consumers=int(group[b"consumers"]))

    return Question([("XINFO GROUPS", key), ("XPENDING", key, name)], understand)


def age_in_job(job: Any, path: str, now: float, state: str, key: str) -> tuple[dict[str, float], str]:
    """The age by state of a JSON job's own time, and what keeps it from being read; 0 without a job."""
    if job is None:
        return {state: 0.0}, ""
    try:
        found = age(field_of(job, path), now)
    except ValueError:
        return {}, f"{key}: the oldest job is no JSON"
    return ({}, f"{key}: the oldest job has no time at {path}") if found is None else ({state: found}, "")


def _group(groups: Any, name: str) -> dict[bytes, Any] | None:
    """The group's fields by name, which Redis tells as a list of names and values."""
    if isinstance(groups, Exception):
        if "no such key" in str(groups):
            return None
        plain(groups, "XINFO")
    fields = (dict(zip(group[::2], group[1::2], strict=True)) for group in groups)
    return next((group for group in fields if group[b"name"] == name.encode()), None)


def _entry_age(entry: bytes, now: float) -> float:
    """Ids begin with Unix milliseconds."""
    return max(0.0, now - int(entry.partition(b"-")[0]) / 1000)
