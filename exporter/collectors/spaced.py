"""A collector whose question is dear: its answer is served again for a while."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import Metric

from exporter.catalogue import Family
from exporter.collector import Collector, Deadline
from exporter.flight import Heir

_EARLY = 0.9
"""Ask again after this share of the interval: a scrape at the same interval must not find it fresh."""


@dataclass(slots=True)
class Spaced:
    """Asks `collector` at most every `seconds`; a failure is not kept."""

    collector: Collector
    seconds: float
    name: str = field(init=False)
    _answer: tuple[float, list[Metric]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.name = self.collector.name

    def families(self) -> Sequence[Family]:
        """The collector's own families."""
        return self.collector.families()

    def collect(self, deadline: Deadline) -> Iterable[Metric]:
        """The last answer while it is fresh, else a new one."""
        now = time.monotonic()
        if self._answer is None or now - self._answer[0] >= self.seconds * _EARLY:
            self._answer = (now, list(self.collector.collect(deadline)))
        return self._answer[1]

    def inherit(self, old: Collector) -> None:
        """Let the collector itself go on where that of an older configuration has stopped."""
        if isinstance(self.collector, Heir):
            self.collector.inherit(old.collector if isinstance(old, Spaced) else old)
