"""Does the machine carry it, and for how long: what stands below application and database."""

from __future__ import annotations

from typing import Any

from dashboards.boards.alarms import alerts_here
from dashboards.boards.machine import (
    application_memory,
    application_processor,
    cache_hits,
    cache_memory,
    disk_now,
    disks,
    forecast,
    killed,
    memory,
    memory_now,
    network,
    processor,
    processor_now,
)
from dashboards.grid import Grid
from dashboards.shell import SYSTEM, board, help_row
from policy.model import Policy

ABOUT = (
    "Does the machine carry it: processor, memory, disks, network, the application's own process, and the "
    "cache that spares the database."
)
WORDS = """\
**In use**: the share of what there is; 100 % means that somebody waits.

**In 7 days**: a straight line through the last day; a guess, but one in time.

**Killed for memory**: the kernel ended a process to keep the machine alive.

**Grey, "No data"**: nobody measures it. Machines need node_exporter,
the cache redis_exporter, as scrape jobs of the policy."""
ABOUT_US = ("saturation", "storage", "cache", "capacity")


def system(policy: Policy) -> Any:
    """The board `gradewatch-system`."""
    now = [
        processor_now(policy),
        memory_now(policy),
        disk_now(policy),
        forecast(policy),
        killed(),
        alerts_here(policy, *ABOUT_US),
    ]
    grid = (
        Grid()
        .row("Does the machine carry it?", (5, now))
        .row(
            "Since when not?",
            (8, [processor(policy), memory(policy)]),
            (8, [disks(policy), network(policy)]),
        )
        .row("Is it the application?", (8, [application_processor(policy), application_memory(policy)]))
        .row("Does the cache help?", (7, [cache_hits(policy), cache_memory(policy)]))
    )
    title = f"{policy.title}: system"
    return board(policy, SYSTEM, title, ABOUT, help_row(policy, grid, ABOUT_US, WORDS), hours=6)
