"""Heartbeats of graders that record none: a worker lives while a value that it reports keeps changing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.collectors.rows import Record
from exporter.steady import steady_time

Seconds = float


@dataclass(slots=True)
class Heartbeats:
    """The last value of each worker and since when it is so. Workers are told apart and never named."""

    stale_after: Seconds
    clock: Callable[[], Seconds] = steady_time
    _last: dict[object, tuple[Any, Seconds]] = field(default_factory=dict, init=False)

    def observe(self, rows: Iterable[Record]) -> Sequence[Record]:
        """The rows with the age of their heartbeat; an online worker whose value stands still is stale.

        Only an online worker has a heartbeat. A worker that is seen for the first time counts as just heard.
        """
        now, known, seen = self.clock(), self._last, []
        self._last = {}
        for row in rows:
            worker, beat = row["worker"], row["beat"]
            before, since = known.get(worker, (beat, now))
            since = since if before == beat else now
            self._last[worker] = (beat, since)
            seen.append(self._judged(row, now - since) if row.get("state") == "online" else row)
        return seen

    def go_on(self, before: Heartbeats) -> None:
        """Know what another one knows: since when each worker's value stands still."""
        self._last = dict(before._last)

    def _judged(self, row: Record, age: Seconds) -> Record:
        state = "stale" if age > self.stale_after else "online"
        ages = {"heartbeat_age_min_seconds": age, "heartbeat_age_max_seconds": age}
        return {**row, "state": state, **ages}
