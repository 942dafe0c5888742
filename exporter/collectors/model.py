"""Drift and quality of the configured models: evaluated on its own clock, shown with its age."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from exporter import catalogue
from exporter.catalogue import FAMILIES, Family
from exporter.collector import Collector, Deadline, Row, RowFamily
from exporter.drift.watch import Snapshot, Watch

_LOG = logging.getLogger(__name__)
ROUND_SECONDS = 60.0
FAMILIES_OF_MODELS = tuple(family for family in FAMILIES.values() if family.collector == "model")


@dataclass(slots=True)
class ModelCollector:
    """Serves what a worker has found out; a scrape computes nothing.

    `once` makes one round instead, in the scrape. Values of labels are bounded by the watch.
    """

    watches: Sequence[Watch]
    once: bool = False
    clock: Callable[[], float] = time.time
    name: str = "model"
    max_label_values: int = 10_000
    _worker: threading.Thread | None = field(default=None, init=False)
    _ended: threading.Event = field(default_factory=threading.Event, init=False)

    def families(self) -> Sequence[Family]:
        """Every family of models."""
        return FAMILIES_OF_MODELS

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """The last snapshots; before the first one there is nothing to show."""
        if self.once:
            self._round()
        elif self._worker is None:
            self._worker = threading.Thread(target=self._work, name="models", daemon=True)
            self._worker.start()
        snapshots = [watch.snapshot for watch in self.watches if watch.snapshot]
        return list(families_of(snapshots))

    def inherit(self, old: Collector) -> None:
        """Begin when the worker of an older configuration has ended its round and saved how far it came."""
        if isinstance(old, ModelCollector):
            old.close()
            if old._worker:
                old._worker.join(ROUND_SECONDS)

    def close(self) -> None:
        """Let the worker end after its round."""
        self._ended.set()

    def _work(self) -> None:
        while not self._ended.is_set():
            self._round()
            self._ended.wait(ROUND_SECONDS)

    def _round(self) -> None:
        for watch in self.watches:
            try:
                watch.round(self.clock())
            except Exception as error:
                # One model's fault is not another's; the age of its figures tells.
                _LOG.exception("model %s: %s", watch.setup.name, type(error).__name__)


def families_of(snapshots: Sequence[Snapshot]) -> Iterator[RowFamily]:
    """All models' rows by family."""
    rows: dict[str, list[Row]] = {}
    for snapshot in snapshots:
        if snapshot.newest is not None:
            watermark = catalogue.GRADER_MODEL_LOG_WATERMARK_TIMESTAMP_SECONDS
            rows.setdefault(watermark.name, []).append((snapshot.name, snapshot.newest))
        for family, row in snapshot.series:
            rows.setdefault(family.name, []).append(row)
        for counted in snapshot.tally.families():
            rows.setdefault(counted.family.name, []).extend(counted.rows)
    for name, found in rows.items():
        yield RowFamily(FAMILIES[name], found)
