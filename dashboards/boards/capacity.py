"""How much of what there is gets used at the worst moment, and when it will not do any more."""

from __future__ import annotations

from typing import Any

from dashboards import records
from dashboards.fields import colours, override
from dashboards.graphs import timeseries
from dashboards.palette import BLUE, CRITICAL, OK, ORANGE, SKY, WARNING, coloured, steps
from dashboards.series import Like, Not, rate, series
from dashboards.singles import bars
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    FOREIGN,
    GRADER_DATABASE_CONNECTIONS,
    GRADER_DATABASE_CONNECTIONS_MAX,
    GRADER_QUEUE_CAPACITY,
    GRADER_QUEUE_DEPTH,
    GRADER_SUBMISSIONS_TOTAL,
    GRADER_WORKERS,
)
from policy.model import Policy

# Shares of what there is: above the first plan for more, above the second it is needed now.
PLAN, NOW = 0.7, 0.9
MONTH = 30 * 86400
SEEN = "1d"
_EVERY = "[$__range:5m]"
_USE = tuple(steps((WARNING, PLAN), (CRITICAL, NOW), base=OK))
_LEFT = tuple(steps((OK, 1), base=CRITICAL))


def highest_use() -> Any:
    """The bottleneck of the last peak."""
    connections = _share(
        f"max by (database) ({series(GRADER_DATABASE_CONNECTIONS)})",
        f"max by (database) ({series(GRADER_DATABASE_CONNECTIONS_MAX)})",
    )
    workers = _share(
        f"sum({series(GRADER_WORKERS, state='busy')})",
        f"sum({series(GRADER_WORKERS, state=Like('online|busy'))})",
    )
    memory = _share(
        f"max by (instance) ({series(FOREIGN['node_memory_MemAvailable_bytes'])})",
        f"max by (instance) ({series(FOREIGN['node_memory_MemTotal_bytes'])})",
    )
    disk = _share(*_disk(series(FOREIGN["node_filesystem_avail_bytes"], fstype=Not("tmpfs"))))
    room = _share(
        f"max by (queue) ({series(GRADER_QUEUE_DEPTH, state='waiting')})",
        f"max by (queue) ({series(GRADER_QUEUE_CAPACITY)})",
    )
    return bars(
        "Highest use in this time range",
        "How much of each resource was used at its worst moment. Orange above 70 %: plan for more before the "
        "next deadline; red above 90 %: it was the bottleneck.",
        unit="percentunit",
        maximum=1,
        decimals=0,
        targets=q(
            (f"max_over_time(max({workers}){_EVERY})", "Workers"),
            (f"max_over_time(max({connections}){_EVERY})", "Connections"),
            (f"max_over_time(max({room}){_EVERY})", "Room in queues"),
            (f"max_over_time(max(1 - {memory}){_EVERY})", "Memory"),
            (f"max_over_time(max(1 - {disk}){_EVERY})", "Disk"),
            instant=True,
        ),
        thresholds=steps((WARNING, PLAN), (CRITICAL, NOW), base=OK),
    )


def left_in_a_month() -> Any:
    """The resource that only ever fills."""
    avail = series(FOREIGN["node_filesystem_avail_bytes"], fstype=Not("tmpfs"))
    now = _share(*_disk(avail))
    then = _share(*_disk(f"clamp_min(predict_linear({avail}[{SEEN}], {MONTH}), 0)"))
    return timeseries(
        f"Disk left, now and in 30 days (from {SEEN})",
        "Free share of the fullest file system, and what a straight line through the last day makes of it in "
        "30 days. At 0: it will be full within the month; order a disk or remove old data.",
        unit="percentunit",
        targets=q((f"min({now})", "Now"), (f"min({then})", "In 30 days")),
        overrides=colours(Now=BLUE, In_30_days=ORANGE),
        narrow=True,
        most=1,
    )


def submissions_per_hour() -> Any:
    """Growth of the load."""
    return timeseries(
        "Submissions per hour",
        "What the workers have to grade. Compare this week's peaks with those of the last (a longer time "
        "range) and the workers' share at the peak on the left before the next large course.",
        unit="short",
        targets=q(f"3600 * sum({rate(GRADER_SUBMISSIONS_TOTAL)})"),
        color=SKY,
    )


def in_a_year(policy: Policy) -> Any:
    """The recorded forecasts."""
    of = {"service": policy.service}
    assert policy.capacity
    hosts = "node" in policy.scrape.jobs
    shown = [
        ("Requests per second", f"max by (horizon) ({series(records.REQUESTS_FORECAST, **of)})", "reqps", ()),
        (
            "Connections",
            f"max by (horizon) ({series(records.CONNECTIONS_FORECAST, **of)})",
            "percentunit",
            _USE,
        ),
        ("Database", f"sum by (horizon) ({series(records.DATABASE_FORECAST, **of)})", "bytes", ()),
    ]
    if hosts:
        shown += [
            ("Memory", f"max by (horizon) ({series(records.MEMORY_FORECAST, **of)})", "percentunit", _USE),
            (
                "Disk left",
                f"clamp_min(min by (horizon) ({series(records.DISK_FORECAST, **of)}), 0)",
                "bytes",
                _LEFT,
            ),
        ]
    return table(
        "In half a year and in a year",
        f"What the line through the last {policy.capacity.window} makes of each resource, as the rules "
        "record it. Orange or red: budget for more now. Empty until half of that time has been seen.",
        targets=q(*(expr for _, expr, *_ in shown)),
        columns={"horizon": "In"}
        | {f"Value #{chr(ord('A') + index)}": head for index, (head, *_) in enumerate(shown)},
        overrides=[
            override(head, unit=unit, decimals=1, **(coloured(list(judging)) if judging else {}))
            for head, _, unit, judging in shown
        ],
        sort_by="In",
    )


def _share(used: str, whole: str) -> str:
    return f"{used} / ({whole} > 0)"


def _disk(avail: str) -> tuple[str, str]:
    size = series(FOREIGN["node_filesystem_size_bytes"], fstype=Not("tmpfs"))
    by = "instance, mountpoint"
    return f"min by ({by}) ({avail})", f"max by ({by}) ({size})"
