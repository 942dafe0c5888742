"""The sidecar's metrics of itself, made anew for each page from what the collection was like."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric

from exporter import __version__, catalogue
from exporter.catalogue import ERROR_REASONS
from exporter.collector import Row, RowFamily
from exporter.flight import Outcome
from typedyaml.faults import Fault


def _process() -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


@dataclass(slots=True)
class Reloads:
    """How reading the configuration went: `read_at` is Unix time in seconds of the one in use.

    `faults` are those of the last attempt. `web` tells it of the web configuration; None: there is none.
    """

    read_at: float = field(default_factory=time.time)
    faults: Sequence[Fault] = ()
    web: Callable[[], bool | None] = lambda: None


@dataclass(frozen=True, slots=True)
class Own:
    """What does not change between pages."""

    reloads: Reloads = field(default_factory=Reloads)
    version: str = __version__
    python: str = field(default_factory=platform.python_version)
    process: CollectorRegistry = field(default_factory=_process)

    def metrics(self, outcomes: Sequence[Outcome], repeated: Sequence[int]) -> Iterator[Metric]:
        """All families; `repeated` counts for each outcome the rows that another collector had already."""
        yield RowFamily(catalogue.GRADER_EXPORTER_BUILD_INFO, [(self.version, self.python, 1)])
        yield from _of_reloads(self.reloads)
        yield from _of_collectors(outcomes)
        duplicates = [
            (o.collector, (o.block.duplicates if o.block else 0) + more)
            for o, more in zip(outcomes, repeated, strict=True)
        ]
        yield RowFamily(catalogue.GRADER_EXPORTER_DUPLICATE_ROWS, duplicates)
        yield RowFamily(catalogue.GRADER_EXPORTER_LABEL_VALUES_DROPPED, _dropped(outcomes))
        yield from self.process.collect()


def _of_reloads(reloads: Reloads) -> Iterator[RowFamily]:
    yield RowFamily(catalogue.GRADER_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL, [(int(not reloads.faults),)])
    yield RowFamily(
        catalogue.GRADER_EXPORTER_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS, [(reloads.read_at,)]
    )
    if (web := reloads.web()) is not None:
        yield RowFamily(catalogue.GRADER_EXPORTER_WEB_CONFIG_LAST_RELOAD_SUCCESSFUL, [(int(web),)])


def _of_collectors(outcomes: Sequence[Outcome]) -> Iterator[RowFamily]:
    def rows(of: str) -> list[Row]:
        return [(o.collector, getattr(o, of)) for o in outcomes]

    yield RowFamily(catalogue.GRADER_EXPORTER_COLLECTOR_SUCCESS, rows("success"))
    yield RowFamily(catalogue.GRADER_EXPORTER_COLLECTOR_DURATION_SECONDS, rows("duration"))
    yield RowFamily(catalogue.GRADER_EXPORTER_COLLECTOR_LAST_SUCCESS_TIMESTAMP_SECONDS, rows("last_success"))
    yield RowFamily(catalogue.GRADER_EXPORTER_COLLECTOR_SERIES, rows("series"))
    errors = [(o.collector, r, int(o.reason == r)) for o in outcomes for r in ERROR_REASONS]
    yield RowFamily(catalogue.GRADER_EXPORTER_COLLECTOR_ERROR, errors)


def _dropped(outcomes: Sequence[Outcome]) -> list[Row]:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        for family, count in (outcome.block.dropped if outcome.block else {}).items():
            counts[family] = counts.get(family, 0) + count
    return list(counts.items())
