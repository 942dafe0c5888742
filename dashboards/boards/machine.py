"""The machine below everything: processor, memory, disks, network; and the cache beside the database."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours
from dashboards.graphs import timeseries
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, GREEN, ORANGE
from dashboards.series import Not, rate, series
from dashboards.singles import stat
from dashboards.targets import q
from exporter.catalogue import FOREIGN
from policy.model import Policy

PERCENT = "percentunit"
NO_DISK = "tmpfs"
LOOPBACK = "lo"
AHEAD = 7 * 86400
"""Seconds that the forecast looks ahead; more than its window has seen a daily rhythm cannot bear."""
SEEN = "1d"
_PLACE = "{{instance}} {{mountpoint}}"


def processor(policy: Policy) -> Any:
    """Work that the processors do."""
    idle = rate(FOREIGN["node_cpu_seconds_total"], mode="idle")
    found = limit(policy, "HighCPUUsage")
    return timeseries(
        "Processor in use",
        f"Share of the processors' time that is not idle, by machine.{sentence(found, PERCENT)} High all "
        "day: a larger machine or fewer workers on it; high at once: look for a new assignment or a "
        "deployment.",
        unit=PERCENT,
        targets=q((f"1 - avg by (instance) ({idle})", "{{instance}}")),
        limit=found,
        narrow=True,
        most=1,
    )


def memory(policy: Policy) -> Any:
    """What is left before the kernel kills."""
    found = limit(policy, "HostMemoryHigh")
    free, all_ = (series(FOREIGN[f"node_memory_{name}_bytes"]) for name in ("MemAvailable", "MemTotal"))
    return timeseries(
        "Memory in use",
        f"Share of the memory that programs hold, by machine.{sentence(found, PERCENT)} Near 100 % the "
        "kernel kills the largest process, often the database: find what grew since the last deployment "
        "mark.",
        unit=PERCENT,
        targets=q((f"1 - max by (instance) ({free}) / (max by (instance) ({all_}) > 0)", "{{instance}}")),
        limit=found,
        narrow=True,
        most=1,
    )


def disks(policy: Policy) -> Any:
    """Each file system."""
    found = limit(policy, "DiskSpaceLow")
    return timeseries(
        "Disk space left",
        f"Share of each file system that is free.{sentence(found, PERCENT)} Remove old submissions and logs, "
        "or enlarge the disk: a full disk stops the database.",
        unit=PERCENT,
        targets=q((f"{_free(series(FOREIGN['node_filesystem_avail_bytes'], fstype=Not(NO_DISK)))}", _PLACE)),
        limit=found,
        narrow=True,
        most=1,
    )


def forecast(policy: Policy) -> Any:
    """Whether there is still time to order a disk."""
    found = limit(policy, "DiskSpaceLow")
    avail = series(FOREIGN["node_filesystem_avail_bytes"], fstype=Not(NO_DISK))
    ahead = f"clamp_min(predict_linear({avail}[{SEEN}], {AHEAD}), 0)"
    return stat(
        "Disk left in 7 days",
        f"The fullest file system in a week if it goes on as in the last day (forecast from {SEEN})."
        f"{sentence(found, PERCENT)} Make room now, not then.",
        unit=PERCENT,
        decimals=0,
        targets=q(f"min({_free(ahead)})", instant=True),
        thresholds=judged(found),
    )


def network(policy: Policy) -> Any:
    """In and out, against what the line can carry."""
    found = limit(policy, "NetworkSaturated")
    speed = f"max by (instance, device) ({series(FOREIGN['node_network_speed_bytes'], device=Not(LOOPBACK))})"

    def share(direction: str) -> str:
        moved = rate(FOREIGN[f"node_network_{direction}_bytes_total"], device=Not(LOOPBACK))
        return f"max(sum by (instance, device) ({moved}) / ({speed} > 0))"

    return timeseries(
        "Network in use",
        f"Share of the busiest line that is received and sent.{sentence(found, PERCENT)} Far above the "
        "rhythm of the day without more requests: an export, a backup, or somebody who takes data out.",
        unit=PERCENT,
        targets=q((share("receive"), "Received"), (share("transmit"), "Sent")),
        limit=found,
        overrides=colours(Received=BLUE, Sent=ORANGE),
        narrow=True,
        most=1,
    )


def cache_hits(policy: Policy) -> Any:
    """Whether the cache spares the database."""
    found = limit(policy, "CacheHitRatioLow")
    hits, misses = (f"sum({rate(FOREIGN[f'redis_keyspace_{name}_total'])})" for name in ("hits", "misses"))
    return timeseries(
        "Cache hits",
        f"Share of the look-ups that the cache answered.{sentence(found, PERCENT)} Each miss is a query of "
        "the database: after a fall look for evictions and for a restart of the cache.",
        unit=PERCENT,
        targets=q(f"{hits} / ({hits} + {misses} > 0)"),
        limit=found,
        color=GREEN,
        most=1,
    )


def cache_memory(policy: Policy) -> Any:
    """When it is full, it forgets."""
    found = limit(policy, "CacheMemoryFull")
    used, most = (f"sum({series(FOREIGN[f'redis_memory_{name}_bytes'])})" for name in ("used", "max"))
    return timeseries(
        "Cache memory in use",
        f"Share of the memory that the cache may use.{sentence(found, PERCENT)} When it is full it evicts "
        "entries and misses more: raise its limit or store less. Without a limit there is no figure.",
        unit=PERCENT,
        targets=q(f"{used} / ({most} > 0)"),
        limit=found,
        color=BLUE,
        most=1,
    )


def _free(avail: str) -> str:
    size = series(FOREIGN["node_filesystem_size_bytes"], fstype=Not(NO_DISK))
    by = "instance, mountpoint"
    return f"min by ({by}) ({avail}) / (max by ({by}) ({size}) > 0)"
