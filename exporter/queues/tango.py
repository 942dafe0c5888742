"""Tango, Autolab's job manager: one list and one hash. Its jobs are pickles: only lengths are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exporter.config.queues import Queue
from exporter.queues.reading import Reading
from exporter.queues.rounds import Question, plain


def read_tango(queue: Queue, key: str) -> Question:
    """What is not assigned to a machine waits; what else lives runs."""
    prefix = queue.prefix or ""

    def understand(answers: Sequence[Any], now: float) -> Reading:
        unassigned, live = answers
        waiting = plain(unassigned, "queue:unassignedLiveJobs")
        # A job enters the hash before the list; between the two steps the list may look longer.
        running = max(0, plain(live, "liveJobs") - waiting)
        return Reading(depth={"waiting": waiting, "running": running})

    asked = [("LLEN", f"{prefix}queue:unassignedLiveJobs"), ("HLEN", f"{prefix}liveJobs")]
    return Question(asked, understand)
