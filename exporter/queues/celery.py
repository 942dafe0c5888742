"""Celery with Redis as its broker: kombu's layout of lists, by priority, and of unacknowledged messages.

kombu 5.x, transport/redis.py: a message is pushed to the left of the list of its queue and popped from the
right; lists of other priorities than the lowest have names of their own. Messages that a worker has fetched
are in the hash `unacked` until they are acknowledged, whatever queue they came from; those with an ETA wait
there too. kombu writes no time into a message: a signal handler of the grader has to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exporter.config.queues import Queue
from exporter.queues.plain_keys import age_in_job
from exporter.queues.reading import Reading
from exporter.queues.rounds import Command, Question, plain

SEPARATOR = "\x06\x16"
"""Between a queue's name and a priority."""


def read_celery(queue: Queue, key: str) -> Question:
    """The lengths of all priority lists together; the age of the oldest at their ends, where it is told."""
    keys = [key, *(f"{key}{SEPARATOR}{step}" for step in queue.priority_steps if step)]
    commands: list[Command] = [("LLEN", each) for each in keys]
    if queue.enqueued_at is not None:
        commands += [("LINDEX", each, -1) for each in keys]

    def understand(answers: Sequence[Any], now: float) -> Reading:
        depth = sum(plain(answer, key) for answer in answers[: len(keys)])
        ages, problems = [0.0], []
        for job in answers[len(keys) :]:
            found, problem = age_in_job(plain(job, key), queue.enqueued_at or "", now, "waiting", key)
            ages += found.values()
            problems += [problem] if problem else []
        known = queue.enqueued_at is not None and not problems
        return Reading(
            depth={"waiting": depth},
            oldest={"waiting": max(ages)} if known else {},
            problem=next(iter(problems), ""),
        )

    return Question(commands, understand)


def read_unacked(queue: Queue, key: str) -> Question:
    """Messages that workers hold, of all queues of this Redis database; their index has times of delivery."""

    def understand(answers: Sequence[Any], now: float) -> Reading:
        held, first = plain(answers[0], key), plain(answers[1], f"{key}_index")
        oldest = {"running": max(0.0, now - float(first[1])) if first else 0.0} if first or not held else {}
        return Reading(depth={"running": held}, oldest=oldest)

    return Question([("HLEN", key), ("ZRANGE", f"{key}_index", 0, 0, "WITHSCORES")], understand)
