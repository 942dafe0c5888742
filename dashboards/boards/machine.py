"""The machine below everything: processor, memory, disks, network; the application's process; the cache."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dashboards.fields import colours
from dashboards.graphs import timeseries
from dashboards.limits import judged, limit, limits, line, sentence, sentences
from dashboards.palette import BLUE, CRITICAL, GREEN, OK, ORANGE, SKY, steps
from dashboards.series import Not, rate, series
from dashboards.singles import gauge, stat
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


def processor_now(policy: Policy) -> Any:
    """The busiest machine."""
    found = limit(policy, "HighCPUUsage")
    return gauge(
        "Processor",
        f"Share of the processors' time that is in use on the busiest machine.{sentence(found, PERCENT)} See "
        "below since when, and whether more submissions explain it.",
        unit=PERCENT,
        targets=q(f"max({_busy()})", instant=True),
        thresholds=judged(found),
    )


def memory_now(policy: Policy) -> Any:
    """The fullest machine."""
    found = limit(policy, "HostMemoryHigh")
    return gauge(
        "Memory",
        f"Share of the memory in use on the fullest machine.{sentence(found, PERCENT)} Find the process that "
        "grew; restart it before the kernel chooses one.",
        unit=PERCENT,
        targets=q(f"max({_memory()})", instant=True),
        thresholds=judged(found),
    )


def disk_now(policy: Policy) -> Any:
    """The fullest disk."""
    found = limits(policy, "DiskSpaceLow", "DiskSpaceCritical")
    return stat(
        "Disk left",
        f"Free share of the fullest file system.{sentences(found, PERCENT)} Remove old submissions and logs, "
        "or enlarge it.",
        unit=PERCENT,
        decimals=0,
        targets=q(
            f"min({_free(series(FOREIGN['node_filesystem_avail_bytes'], fstype=Not(NO_DISK)))})", instant=True
        ),
        thresholds=judged(*found),
    )


def forecast(policy: Policy) -> Any:
    """Whether there is still time to order a disk."""
    found = limit(policy, "DiskSpaceLow")
    avail = series(FOREIGN["node_filesystem_avail_bytes"], fstype=Not(NO_DISK))
    ahead = f"clamp_min(predict_linear({avail}[{SEEN}], {AHEAD}), 0)"
    return stat(
        f"Disk left in 7 days (from {SEEN})",
        "The fullest file system in a week if it goes on as in the last day."
        f"{sentence(found, PERCENT)} Make room now, not then.",
        unit=PERCENT,
        decimals=0,
        targets=q(f"min({_free(ahead)})", instant=True),
        thresholds=judged(found),
    )


def killed() -> Any:
    """What the kernel did."""
    return stat(
        "Killed for memory",
        "Processes that the kernel killed in this time range because memory ran out. Red from 1: its log "
        "names them; a killed grading is a student without a grade.",
        unit="locale",
        decimals=0,
        targets=q(f"sum(increase({series(FOREIGN['node_vmstat_oom_kill'])}[$__range]))", instant=True),
        thresholds=steps((CRITICAL, 1), base=OK),
    )


def processor(policy: Policy) -> Any:
    """Work that the processors do."""
    found = limit(policy, "HighCPUUsage")
    return timeseries(
        "Processor in use",
        f"Share of the processors' time that is not idle, by machine.{sentence(found, PERCENT)} High all "
        "day: a larger machine or fewer workers on it; high at once: look for a new assignment or a "
        "deployment.",
        unit=PERCENT,
        targets=q((_busy(), "{{instance}}")),
        limit=found,
        narrow=True,
        most=1,
    )


def memory(policy: Policy) -> Any:
    """What is left before the kernel kills."""
    found = limit(policy, "HostMemoryHigh")
    return timeseries(
        "Memory in use",
        f"Share of the memory that programs hold, by machine.{sentence(found, PERCENT)} Near 100 % the "
        "kernel kills the largest process, often the database: find what grew since the last deployment "
        "mark.",
        unit=PERCENT,
        targets=q((_memory(), "{{instance}}")),
        limit=found,
        narrow=True,
        most=1,
    )


def disks(policy: Policy) -> Any:
    """Each file system."""
    found, soon = limits(policy, "DiskSpaceLow", "DiskSpaceCritical"), limit(policy, "DiskFullSoon")
    early = [replace(soon, value=soon.share_left)] if soon else []
    return timeseries(
        "Disk space left",
        "Share of each file system that is "
        f"free.{sentences(found, PERCENT)}{sentence(soon, PERCENT, good=True)} Remove old submissions and "
        "logs, or enlarge the disk: a full disk stops the database.",
        unit=PERCENT,
        targets=q((_free(series(FOREIGN["node_filesystem_avail_bytes"], fstype=Not(NO_DISK))), _PLACE)),
        lines=line(*found, *early),
        narrow=True,
        most=1,
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


def application_processor(policy: Policy) -> Any:
    """Of the website's own process."""
    found = limit(policy, "ProcessCPUHigh")
    used = rate(FOREIGN["process_cpu_seconds_total"], job=policy.job("application"))
    return timeseries(
        "Processor of the application",
        f"Processors that the busiest process of the application uses.{sentence(found)} At 1 a program with "
        "one thread is full: start more of them, or find the request that costs so much.",
        unit="none",
        targets=q(f"max({used})"),
        limit=found,
        color=BLUE,
        reach=True,
    )


def application_memory(policy: Policy) -> Any:
    """A leak shows here first."""
    found = limit(policy, "HighMemoryUsage")
    used = series(FOREIGN["process_resident_memory_bytes"], job=policy.job("application"))
    return timeseries(
        "Memory of the application",
        f"Memory of the largest process of the application.{sentence(found, 'bytes')} A climb that only "
        "restarts end is a leak: restart it at a quiet time and mend it.",
        unit="bytes",
        targets=q(f"max({used})"),
        limit=found,
        color=SKY,
        reach=True,
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


def _busy() -> str:
    return f"1 - avg by (instance) ({rate(FOREIGN['node_cpu_seconds_total'], mode='idle')})"


def _memory() -> str:
    free, all_ = (series(FOREIGN[f"node_memory_{name}_bytes"]) for name in ("MemAvailable", "MemTotal"))
    return f"1 - max by (instance) ({free}) / (max by (instance) ({all_}) > 0)"


def _free(avail: str) -> str:
    size = series(FOREIGN["node_filesystem_size_bytes"], fstype=Not(NO_DISK))
    by = "instance, mountpoint"
    return f"min by ({by}) ({avail}) / (max by ({by}) ({size}) > 0)"
