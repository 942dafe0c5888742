"""RQ: a list of job ids, registries as sorted sets, and a hash for each job."""

from __future__ import annotations

from operator import methodcaller as ask

from exporter.collector import CollectError
from exporter.config.queues import Queue
from exporter.queues.reading import Reading
from exporter.queues.rounds import Clock, Reader, plain
from exporter.queues.times import age


def read_rq(queue: Queue, key: str, now: Clock) -> Reader:
    """Depth, oldest age, workers and failed jobs. RQ registers a queue with its first job, for good."""
    prefix = "rq:" if queue.prefix is None else queue.prefix
    name = f"{prefix}queue:{key}"
    asked = [
        ask("sismember", f"{prefix}queues", name),
        ask("llen", name),
        ask("lindex", name, 0),
        ask("zcard", f"{prefix}wip:{key}"),
        ask("zrange", f"{prefix}wip:{key}", 0, 0),
        ask("zcard", f"{prefix}failed:{key}"),
        ask("scard", f"{prefix}workers:{key}"),
    ]
    known, waiting, first, running, started, failed, workers = [plain(a, name) for a in (yield asked)]
    if not known and not waiting:
        raise CollectError("query", f"{name}: no such queue yet")
    # A started job is registered with its execution: <job>:<execution>.
    ids = {"waiting": first, "running": started[0].partition(b":")[0] if started else None}
    fields = {"waiting": "enqueued_at", "running": "started_at"}
    present = {state: job for state, job in ids.items() if job is not None}
    oldest = {state: 0.0 for state in ids if state not in present}
    if present:
        wanted = [
            ask("hget", f"{prefix}job:".encode() + job, fields[state]) for state, job in present.items()
        ]
        for state, answer in zip(present, (yield wanted), strict=True):
            # A job may have ended between the two questions: then nobody knows the next one's age.
            if (found := age(plain(answer, name), now())) is not None:
                oldest[state] = found
    return Reading(
        depth={"waiting": waiting, "running": running},
        oldest=oldest,
        consumers=workers,
        failed=failed,
    )
