"""What one queue says of itself. A figure that the broker does not keep is None, and has no series.

Readings and answers are made anew for each queue of each scrape, and a named tuple is made in a third of the
time of a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from exporter.collector import CollectError

_NONE: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers by state, and the ages of their heartbeats in seconds."""

    states: Mapping[str, int]
    beats: tuple[float, ...] = ()


class Reading(NamedTuple):
    """Jobs and ages (in seconds) by state; `processed` and `failures` are counters, `failed` is a gauge.

    `problem` says what could not be understood although the rest could: never the contents of a job.
    """

    depth: Mapping[str, int]
    oldest: Mapping[str, float] = _NONE
    consumers: int | None = None
    failed: int | None = None
    processed: int | None = None
    failures: int | None = None
    workers: Workers | None = None
    problem: str = ""


class Answer(NamedTuple):
    """A queue by its label: what it says, or why it says nothing."""

    queue: str
    reading: Reading | None
    error: CollectError | None = None
    capacity: int | None = None
