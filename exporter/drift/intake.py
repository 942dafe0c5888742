"""A batch of the log taken in: rejected rows counted, the others into ring, counters and register."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from exporter import catalogue
from exporter.catalogue import Family
from exporter.drift.arrays import Flags, Floats
from exporter.drift.batch import Batch
from exporter.drift.known import Known, VersionKnown
from exporter.drift.register import CAPACITY, KEPT_SECONDS
from exporter.drift.ring import DAY, DAYS, PREDICTION
from exporter.drift.setup import LATENCY, ONLY_VERSION, Setup
from exporter.tally import Histogram, Tally

AHEAD_SECONDS = 300.0
"""A row's clock may be so far ahead of ours; what is further is not believed."""
_LONGEST_VERSION = 64


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes batches into what is known. `version` finds or makes a version, or refuses it."""

    setup: Setup
    known: Known
    version: Callable[[str, float], VersionKnown | None]
    tell: Callable[..., None]

    def take(self, batch: Batch, now: float, *, counting: bool) -> None:
        """`counting` is False for rows that were counted before: counters keep still."""
        self._say_what_is_odd(batch)
        times = batch.times
        unknown = np.isnan(times)
        future = times > now + AHEAD_SECONDS
        old = times < (now // DAY - DAYS + 1) * DAY
        if counting:
            self._count_rejections(batch, unknown, future, old)
        if batch.rows:
            # A log that is read again at an earlier time, as reports do, has rows after it.
            self._say_what_is_rejected(unknown, future & counting)
        good = ~(unknown | future)
        if not good.any():
            return
        newest = float(times[good].max())
        self.known.newest = max(self.known.newest or newest, newest)
        for name, chosen in _versions(batch, good):
            version = self.version(name, float(times[chosen].max()))
            if version is not None:
                self._take(name, version, batch, chosen, now)
                if counting:
                    self._count(name, batch, chosen & ~old)

    def _take(self, name: str, version: VersionKnown, batch: Batch, chosen: Flags, now: float) -> None:
        times = batch.times[chosen]
        kept = times >= now - KEPT_SECONDS
        if kept.any():
            # What no label can be waited for is not of the first days either.
            version.first = min(version.first, float(times[kept].min()))
        version.last = max(version.last, float(times.max()))
        trained = self.setup.model.trained(name)
        if trained is not None:
            version.new_samples += int((times > trained).sum())
        if version.ring is not None:
            version.ring.add(batch, chosen, now)
        if batch.keys is not None:
            predicted = self._predicted(batch)[chosen]
            self.known.register.add(batch.keys[chosen][kept], times[kept], predicted[kept], version.number)
            if self.known.register.size > 2 * CAPACITY:
                self.known.register.forget(now)

    def _predicted(self, batch: Batch) -> Floats:
        if PREDICTION in batch.numbers:
            return batch.numbers[PREDICTION]
        return self.known.register.class_numbers(batch.categories[PREDICTION])

    def _count(self, name: str, batch: Batch, chosen: Flags) -> None:
        tally, model = self.known.tally, self.setup.name
        tally.add(catalogue.GRADER_MODEL_PREDICTIONS_TOTAL, model, name, amount=float(chosen.sum()))
        if PREDICTION in batch.numbers:
            shares = batch.numbers[PREDICTION][chosen] / self.setup.model.prediction.maximum
            observe(tally, catalogue.GRADER_MODEL_PREDICTION_SCORE, shares, model, name)
        if LATENCY in batch.numbers:
            seconds = batch.numbers[LATENCY][chosen]
            observe(tally, catalogue.GRADER_MODEL_PREDICTION_LATENCY_SECONDS, seconds, model, name)

    def _count_rejections(self, batch: Batch, unknown: Flags, future: Flags, old: Flags) -> None:
        tally, model = self.known.tally, self.setup.name
        amount = float(batch.rows + batch.bad_lines)
        tally.add(catalogue.GRADER_MODEL_LOG_ROWS_READ_TOTAL, model, amount=amount)
        for reason, rows in {
            "no_time": int(unknown.sum()),
            "future": int(future.sum()),
            "too_old": int(old.sum()),
            "not_a_number": batch.bad_rows,
            "bad_line": batch.bad_lines,
        }.items():
            if rows:
                tally.add(catalogue.GRADER_MODEL_ROWS_REJECTED_TOTAL, model, reason, amount=float(rows))

    def _say_what_is_rejected(self, unknown: Flags, future: Flags) -> None:
        minutes = round(AHEAD_SECONDS / 60)
        ahead = f"rows are more than {minutes} minutes ahead of this clock; they are left out"
        self.tell("future", ahead if future.any() else "", warning=True)
        self.tell("time", "rows have no time that can be read" if unknown.any() else "", warning=True)

    def _say_what_is_odd(self, batch: Batch) -> None:
        if not batch.rows:
            return
        layout = self.setup.references.wanted.layout
        for name, column in (layout.numbers | layout.categories).items():
            shown = name.strip() or "predictions"
            text = batch.bad_numbers.get(name)
            if column in batch.absent:
                self.tell(shown, f'the log has no column "{column}"', warning=True)
            elif text:
                self.tell(shown, f'column "{column}" holds text where a number is due', warning=True)
            else:
                self.tell(shown, "")


def _versions(batch: Batch, good: Flags) -> list[tuple[str, Flags]]:
    """Each version of a batch with its rows."""
    if batch.versions is None:
        return [(ONLY_VERSION, good)]
    names = sorted(set(batch.versions))
    if len(names) == 1:
        return [(names[0][:_LONGEST_VERSION], good)]
    column = np.array(batch.versions, dtype=object)
    found = [(name[:_LONGEST_VERSION], good & (column == name)) for name in names]
    return [(name, chosen) for name, chosen in found if chosen.any()]


def observe(tally: Tally, family: Family, values: Floats, *labels: str) -> None:
    """Put many values into a histogram; what is not finite is left out, below 0 counts as 0."""
    values = np.maximum(values[np.isfinite(values)], 0.0)
    histograms = tally.histograms.setdefault(family.name, {})
    histogram = histograms.setdefault(labels, Histogram([0] * (len(family.buckets) + 1)))
    places = np.searchsorted(np.array(family.buckets), values, side="left")
    found = np.bincount(places, minlength=len(family.buckets) + 1)
    histogram.counts = [before + more for before, more in zip(histogram.counts, found.tolist(), strict=True)]
    histogram.sum += float(values.sum())
