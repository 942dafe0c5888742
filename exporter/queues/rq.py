"""RQ: a list of job ids, registries as sorted sets, and a hash for each job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exporter.collector import CollectError
from exporter.config.queues import Queue
from exporter.queues.reading import Reading
from exporter.queues.rounds import Command, Question, Reader, plain
from exporter.queues.times import age


def read_rq(queue: Queue, key: str) -> Question:
    """Depth, oldest age, workers and failed jobs. RQ registers a queue with its first job, for good."""
    prefix = "rq:" if queue.prefix is None else queue.prefix
    name, job_key = f"{prefix}queue:{key}", f"{prefix}job:".encode()

    def understand(answers: Sequence[Any], now: float) -> Reader:
        known, waiting, running, failed, workers, first, started = [plain(a, name) for a in answers]
        if not known and not waiting:
            raise CollectError("query", f"{name}: no such queue yet")
        # A started job is registered with its execution: <job>:<execution>.
        ids = {"waiting": first, "running": started[0].partition(b":")[0] if started else None}
        present = {state: job for state, job in ids.items() if job is not None}
        oldest = {state: 0.0 for state in ids if state not in present}
        if present:
            wanted: list[Command] = [("HGET", job_key + job, _TIMES[state]) for state, job in present.items()]
            for state, answer in zip(present, (yield wanted), strict=True):
                # A job may have ended between the two questions: then nobody knows the next one's age.
                if (found := age(plain(answer, name), now)) is not None:
                    oldest[state] = found
        return Reading(
            depth={"waiting": waiting, "running": running},
            oldest=oldest,
            consumers=workers,
            failed=failed,
        )

    asked: list[Command] = [
        ("SISMEMBER", f"{prefix}queues", name),
        ("LLEN", name),
        ("ZCARD", f"{prefix}wip:{key}"),
        ("ZCARD", f"{prefix}failed:{key}"),
        ("SCARD", f"{prefix}workers:{key}"),
        ("LINDEX", name, 0),
        ("ZRANGE", f"{prefix}wip:{key}", 0, 0),
    ]
    return Question(asked, understand)


_TIMES = {"waiting": "enqueued_at", "running": "started_at"}
"""Fields of a job, by its state."""
