"""Our collectors in somebody else's program: an adapter to prometheus_client's registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import Metric

from exporter.collector import Collector, Deadline, RowFamily


@dataclass(frozen=True, slots=True, eq=False)
class Registered:
    """A collector that can be given to `CollectorRegistry.register`; each collection has `timeout` seconds.

    Here an error of the collector is the registry's: it fails the whole page.
    """

    collector: Collector
    timeout: float = 10.0

    def describe(self) -> Iterator[Metric]:
        """The families without rows, so that registering touches no database."""
        for family in self.collector.families():
            yield RowFamily(family, [])

    def collect(self) -> Iterator[Metric]:
        """The families with their rows."""
        yield from self.collector.collect(Deadline.after(self.timeout))
