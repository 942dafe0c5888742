"""What every source of rows offers: steps that each go with the position behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from exporter.drift.batch import Batch

STEP_ROWS = 5000
"""Rows of one step: what is in memory at once."""

Place = dict[str, Any]
"""A position as JSON values; what is in it is the source's own business."""


class SourceError(Exception):
    """Rows cannot be read; the message is one sentence for the log, without a secret or a row's content."""


@dataclass(frozen=True, slots=True)
class Step:
    """Some rows, and the position behind them: both become known together, or not at all."""

    batch: Batch
    place: Place
    note: str | None = None
    """Something to be told, once: a log that was replaced, rows that are gone."""


class Source(Protocol):
    """Where rows come from, in the order in which they were written."""

    def steps(self, place: Place | None, now: float, since: float) -> Iterator[Step]:
        """What came after `place`; from the beginning for None, rows older than `since` perhaps left out.

        `now` and `since` are Unix seconds. Raises SourceError, after the steps that could be read.
        """
        ...
