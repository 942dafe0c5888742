"""Resque, which Judge0 uses: lists of JSON jobs, workers with heartbeats, totals of the whole.

Resque 2.6 and 3.0: RPUSH and LPOP, so the head is the oldest; `resque:worker:<id>` is there while that worker
is busy. A dead worker stays listed until another one prunes it, 300 s after its last heartbeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exporter.collector import CollectError
from exporter.config.queues import Queue
from exporter.queues.plain_keys import age_in_job
from exporter.queues.reading import Reading, Workers
from exporter.queues.rounds import Command, Question, Reader, plain
from exporter.queues.times import age, field_of

ENQUEUED_AT = "args.0.enqueued_at"
"""Where ActiveJob writes the time of a job."""
STALE_AFTER = 180.0
"""Seconds without a heartbeat, of which there is one a minute."""


def read_resque(queue: Queue, key: str) -> Question:
    """Depth, oldest age, who works on it; with `totals` what failed and was processed in all queues."""
    prefix = "resque:" if queue.prefix is None else queue.prefix
    asked: list[Command] = [
        ("SISMEMBER", f"{prefix}queues", key),
        ("LLEN", f"{prefix}queue:{key}"),
        ("LLEN", f"{prefix}failed"),
        ("LINDEX", f"{prefix}queue:{key}", 0),
        ("SMEMBERS", f"{prefix}workers"),
        ("HGETALL", f"{prefix}workers:heartbeat"),
        ("MGET", f"{prefix}stat:processed", f"{prefix}stat:failed"),
    ]
    return Question(asked, lambda answers, now: _understand(answers, now, queue, key, prefix))


def _understand(answers: Sequence[Any], now: float, queue: Queue, key: str, prefix: str) -> Reader:
    name = f"{prefix}queue:{key}"
    known, waiting, failed, first, listed, beats, stats = [plain(answer, name) for answer in answers]
    if not known and not waiting:
        raise CollectError("query", f"{name}: no such queue yet")
    oldest, problem = age_in_job(first, queue.enqueued_at or ENQUEUED_AT, now, "waiting", name)
    workers = sorted(listed)
    busy: dict[bytes, bytes] = {}
    if workers:
        (jobs,) = yield [("MGET", *(f"{prefix}worker:".encode() + worker for worker in workers))]
        jobs = plain(jobs, f"{prefix}worker:<id>")
        busy = {worker: job for worker, job in zip(workers, jobs, strict=True) if job is not None}
    running = [job for job in busy.values() if _field(job, "queue") == key]
    ages = [since for job in running if (since := age(_field(job, "run_at"), now)) is not None]
    if ages or not running:
        oldest["running"] = max(ages, default=0.0)
    processed, failures = (int(value or 0) for value in stats)
    heartbeats = dict(zip(beats[::2], beats[1::2], strict=True))
    return Reading(
        depth={"waiting": waiting, "running": len(running)},
        oldest=oldest,
        consumers=sum(_serves(worker, key) for worker in workers),
        failed=failed if queue.totals else None,
        processed=processed if queue.totals else None,
        failures=failures if queue.totals else None,
        workers=_workers(workers, busy, heartbeats, now) if queue.workers else None,
        problem=problem,
    )


def _workers(
    workers: list[bytes], busy: Mapping[bytes, bytes], beats: Mapping[bytes, bytes], now: float
) -> Workers:
    """By state: stale goes before busy, because a worker that died while busy stays marked so."""
    states = {"online": 0, "busy": 0, "stale": 0}
    ages = []
    for worker in workers:
        since = age(beats.get(worker), now)
        ages += [since] if since is not None else []
        stale = since is not None and since > STALE_AFTER
        states["stale" if stale else "busy" if worker in busy else "online"] += 1
    return Workers(states, tuple(ages))


def _serves(worker: bytes, queue: str) -> bool:
    """A worker's id is host:pid:queue,queue; `*` is every queue."""
    queues = worker.decode("utf-8", "replace").split(":", 2)[-1].split(",")
    return queue in queues or "*" in queues


def _field(document: bytes, name: str) -> Any:
    try:
        return field_of(document, name)
    except ValueError:
        return None
