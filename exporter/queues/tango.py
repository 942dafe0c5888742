"""Tango, Autolab's job manager: one list and one hash. Its jobs are pickles: only lengths are read."""

from __future__ import annotations

from operator import methodcaller as ask

from exporter.config.queues import Queue
from exporter.queues.reading import Reading
from exporter.queues.rounds import Clock, Reader, plain


def read_tango(queue: Queue, key: str, now: Clock) -> Reader:
    """What is not assigned to a machine waits; what else lives runs."""
    prefix = queue.prefix or ""
    unassigned, live = yield [
        ask("llen", f"{prefix}queue:unassignedLiveJobs"),
        ask("hlen", f"{prefix}liveJobs"),
    ]
    waiting = plain(unassigned, "queue:unassignedLiveJobs")
    # A job enters the hash before the list; between the two steps the list may look longer.
    running = max(0, plain(live, "liveJobs") - waiting)
    return Reading(depth={"waiting": waiting, "running": running})
