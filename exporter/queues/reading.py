"""What one queue says of itself. A figure that the broker does not keep is None, and has no series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.collector import CollectError


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers by state, and the ages of their heartbeats in seconds."""

    states: Mapping[str, int]
    beats: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Jobs and ages (in seconds) by state; `processed` and `failures` are counters, `failed` is a gauge.

    `problem` says what could not be understood although the rest could: never the contents of a job.
    """

    depth: Mapping[str, int] = field(default_factory=dict)
    oldest: Mapping[str, float] = field(default_factory=dict)
    consumers: int | None = None
    failed: int | None = None
    processed: int | None = None
    failures: int | None = None
    workers: Workers | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A queue by its label: what it says, or why it says nothing."""

    queue: str
    reading: Reading | None
    error: CollectError | None = None
    capacity: int | None = None
