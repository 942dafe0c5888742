"""The watch over one model: rounds that read, count, evaluate and decide; the clock is a parameter."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace

import numpy as np

from exporter import catalogue
from exporter.drift.decide import Streak
from exporter.drift.evaluate import (
    VersionView,
    first_baselines,
    part_views,
    quality_views,
    retraining,
    statistics_of,
)
from exporter.drift.intake import Intake
from exporter.drift.known import Known, VersionKnown, declare, forget_version, from_saved, to_saved, with_ring
from exporter.drift.labels import to_labels
from exporter.drift.pause import paused_gc
from exporter.drift.reference import Part, Reference, UnusableReference
from exporter.drift.remarks import remarks
from exporter.drift.ring import DAY, HOUR, PREDICTION, Plan, Ring
from exporter.drift.series import Series, series_of
from exporter.drift.setup import Setup
from exporter.drift.sources import SourceError
from exporter.state import StateLost
from exporter.tally import Tally

_LOG = logging.getLogger(__name__)
EVALUATE_SECONDS = 300.0
MAX_VERSIONS = 3
"""The newest ones by their last row; a version label must not grow without end."""
_MOST_REFUSED = 1000
"""Names of versions that were left out, each counted once: a column of ids has them without end."""
_LABEL_DAYS = 31
_MOST_DAYS = 62
"""So far back is the log read again, for the rows since the last training."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a scrape is shown; nothing in it changes any more."""

    name: str
    views: tuple[VersionView, ...]
    series: tuple[Series, ...]
    newest: float | None
    tally: Tally


@dataclass(slots=True)
class Watch:
    """One model. `round` is called by one thread; `snapshot` may be read by any."""

    setup: Setup
    snapshot: Snapshot | None = None
    known: Known = field(default_factory=Known)
    _recalled: bool = False
    _evaluated: float = -np.inf
    _said: dict[str, str] = field(default_factory=dict)
    _changed: bool = True
    _refused: set[str] = field(default_factory=set)

    @paused_gc()
    def round(self, now: float) -> None:
        """Read what is new, evaluate when it is time, save. Never raises for what the data are like."""
        if not self._recalled:
            self._recall()
        self._read(now)
        if self._references_changed():
            self.known.forget_rows()
            self._read(now)
        hour = int(now // HOUR)
        if self._close(hour) or now - self._evaluated >= EVALUATE_SECONDS:
            self._labels(now)
            self._evaluate(now)
        self._publish_counters()
        self._save()

    def told(self) -> list[str]:
        """What is odd at the moment, a sentence each."""
        return [message for message in self._said.values() if message]

    def reference(self, version: str) -> Reference | None:
        """A version's reference; None, and the reason told, where there is none."""
        shown = f"reference {version}"
        try:
            reference = self.setup.references.of(version)
        except (UnusableReference, SourceError) as error:
            self._failed("reference", shown, str(error))
            return None
        except OSError as error:
            self._failed("reference", shown, f"{error.filename} cannot be read: {error.strerror}")
            return None
        if reference is None:
            self._tell(shown, f'version "{version}" has no reference in the configuration', warning=True)
        else:
            self._tell(shown, "")
        return reference

    def _recall(self) -> None:
        """What was saved, as far as it fits."""
        self._recalled = True
        try:
            if self.setup.saved is None:
                raise StateLost("nothing is kept")
            state, arrays = self.setup.saved.load()
            try:
                self.known = from_saved(state, arrays)
            except (KeyError, TypeError, ValueError):
                raise StateLost(f"{self.setup.saved.path} is damaged") from None
            for name, version in self.known.versions.items():
                reference = self.reference(name)
                saved = state["versions"][name]
                if reference is None or not with_ring(version, self._plan(reference), saved, arrays):
                    version.fingerprint = ""
        except StateLost as lost:
            self.known = Known()
            if self.setup.saved is not None:
                self._tell("state", f"{lost}; the log is read again", warning=self.setup.saved.path.exists())
        declare(self.known.tally, self.setup.name)

    def _read(self, now: float) -> None:
        """The log, step by step; each step's rows and position become known together."""
        known, setup = self.known, self.setup
        intake = Intake(setup, known, self._version, self._tell)
        try:
            for step in setup.log.steps(known.place, now, self._since(now)):
                if step.note:
                    self._tell("log", step.note, warning=True)
                intake.take(step.batch, now, counting=setup.count_all or not known.rebuilding)
                known.place = step.place
                self._changed = True
        except SourceError as error:
            self._failed("read", "read", str(error))
            return
        self._tell("read", "")
        self._changed |= known.rebuilding
        known.rebuilding = False

    def _since(self, now: float) -> float:
        """How far back a rebuild must read."""
        days = max(self.setup.days, _LABEL_DAYS if self.setup.labels else 0)
        model = self.setup.model
        trained = [model.trained(name) for name in ("", *model.versions)]
        times = [t for t in trained if t is not None and t >= now - _MOST_DAYS * DAY]
        return min([now - days * DAY, *times])

    def _version(self, name: str, newest: float) -> VersionKnown | None:
        """A version by name, made when there is room; None for one that is refused."""
        known = self.known.versions.get(name)
        if known is not None:
            return known
        if len(self.known.versions) >= MAX_VERSIONS:
            oldest = min(self.known.versions, key=lambda other: self.known.versions[other].last)
            if self.known.versions[oldest].last > newest - HOUR:
                if name not in self._refused and len(self._refused) < _MOST_REFUSED:
                    self._refused.add(name)
                    self.known.tally.add(catalogue.GRADER_MODEL_VERSIONS_DROPPED_TOTAL, self.setup.name)
                self._tell("versions", "more than three versions at once: others are left out", warning=True)
                return None
            del self.known.versions[oldest]
            self._said.pop(f"reference {oldest}", None)
            forget_version(self.known.tally, self.setup.name, oldest)
            self.known.tally.add(catalogue.GRADER_MODEL_VERSIONS_DROPPED_TOTAL, self.setup.name)
        made = self.known.versions[name] = VersionKnown(self.known.next_number)
        self.known.next_number += 1
        if (reference := self.reference(name)) is not None:
            made.ring, made.fingerprint = self._ring(reference), reference.fingerprint
        return made

    def _plan(self, reference: Reference) -> Plan:
        return Plan(reference, clustered=self.setup.model.columns.cluster is not None)

    def _ring(self, reference: Reference) -> Ring:
        return Ring(self._plan(reference), self.setup.days)

    def _references_changed(self) -> bool:
        """Whether a version's reference is another than it was counted by; its ring is then an empty one."""
        changed = False
        for name, version in self.known.versions.items():
            reference = self.reference(name)
            if reference is not None and version.fingerprint != reference.fingerprint:
                version.ring, version.fingerprint = self._ring(reference), reference.fingerprint
                version.streaks.clear()
                version.last_close = None
                changed = True
        return changed

    def _close(self, hour: int) -> bool:
        """Decide for the hours that ended since the last close, at most two; whether there were any."""
        closed = False
        for name, version in self.known.versions.items():
            if version.ring is None or version.last_close == hour:
                continue
            first = hour - 1 if version.last_close is None else max(version.last_close + 1, hour - 1)
            for end in range(first, hour + 1):
                self._decide(name, version, end * HOUR - 1)
            version.last_close = hour
            closed = True
        return closed

    def _decide(self, name: str, version: VersionKnown, end: float) -> None:
        assert version.ring is not None
        model = self.setup.model
        window = version.ring.window(end, model.window.seconds)
        found = {}
        for part, cells in zip(window.parts, window.cells, strict=True):
            try:
                statistics = statistics_of(part, cells, window, model)
            except Exception as error:
                self._feature_failed(part.name, error)
                continue
            if statistics is not None:
                found[part.name] = statistics
        prediction = found.pop(PREDICTION, None)
        drifted: dict[str, bool | None] = dict(self.setup.rule.features(found))
        drifted[PREDICTION] = None if prediction is None else self.setup.rule.prediction(prediction)
        for part in window.parts:
            version.streaks.setdefault(part.name, Streak()).add(drifted.get(part.name))

    def _labels(self, now: float) -> None:
        """Labels that came since; without end: they are few."""
        if self.setup.labels is None:
            return
        known = self.known
        try:
            for step in self.setup.labels.steps(known.label_place, now, now - _LABEL_DAYS * DAY):
                if step.note:
                    self._tell("labels", step.note, warning=True)
                known.register.apply(to_labels(step.batch, known))
                if step.batch.bad_rows:
                    amount = float(step.batch.bad_rows)
                    family = catalogue.GRADER_MODEL_ROWS_REJECTED_TOTAL
                    known.tally.add(family, self.setup.name, "not_a_number", amount=amount)
                    self._tell("label", "labels hold text where a number is due", warning=True)
                known.label_place = step.place
                self._changed = True
        except SourceError as error:
            self._failed("quality", "labels", str(error))
            return
        self._tell("labels", "")
        known.register.apply(())

    def _evaluate(self, now: float) -> None:
        started = time.thread_time()
        self.known.register.forget(now)
        views = []
        newest = max(self.known.versions.values(), key=lambda v: v.last, default=None)
        for name, version in self.known.versions.items():
            if (view := self._view(name, version, now, always=version is newest)) is not None:
                views.append((version.last, view))
        ordered = [view for _, view in sorted(views, key=lambda pair: -pair[0])]
        self._tell("rows", "" if ordered else "no row of the log could be used yet")
        if not ordered:
            configured = list(self.setup.model.versions) or ["" if self.setup.model.columns.version else "1"]
            ordered = [VersionView(name, now, False, 0, None) for name in configured]
        self._evaluated, self._changed = now, True
        tally, name = self.known.tally, self.setup.name
        duration = time.thread_time() - started
        tally.observe(catalogue.GRADER_MODEL_DRIFT_EVALUATION_DURATION_SECONDS, duration, name)
        series = list(series_of(name, ordered, self.setup.model.window.seconds))
        limit = self.setup.model.max_series
        if over := max(0, len(series) - limit):
            tally.add(catalogue.GRADER_MODEL_SERIES_DROPPED_TOTAL, name, amount=float(over))
            self._tell("series", f"{over} series over max_series ({limit}) are left out", warning=True)
        self.snapshot = Snapshot(name, tuple(ordered), tuple(series[:limit]), self.known.newest, tally.copy())

    def _view(self, name: str, version: VersionKnown, now: float, *, always: bool) -> VersionView | None:
        """A version's figures; None for one that is out of use."""
        model, trained = self.setup.model, self.setup.model.trained(name)
        parts, rows, reference_rows = {}, 0, None
        known_parts: tuple[Part, ...] = ()
        if version.ring is not None:
            window = version.ring.window(now, model.window.seconds)
            rows, reference_rows = window.rows, version.ring.plan.reference.rows
            known_parts, parts = window.parts, part_views(window, model, version, self._feature_failed)
        if not rows and not always:
            for key in [key for key in self._said if key.startswith(f"{name}\0")]:
                self._tell(key, "")
            return None
        try:
            for source, share in first_baselines(model, self.known, version, now).items():
                version.baselines.setdefault(source, share)
            quality = quality_views(model, self.known, version, now)
        except Exception as error:
            self._failed("quality", "quality", f"figures cannot be made: {type(error).__name__}")
            quality = ()
        view = VersionView(
            version=name,
            at=now,
            sufficient=rows >= model.min_rows,
            rows=rows,
            reference_rows=reference_rows,
            parts=parts,
            quality=quality,
            retraining=retraining(model, version, parts, quality, trained=trained, now=now),
            new_samples=None if trained is None else version.new_samples,
            trained=trained,
        )
        for kind, sentence in remarks(view, known_parts, model.min_rows):
            self._tell(f"{name}\0{kind}", sentence, warning=True)
        return view

    def _publish_counters(self) -> None:
        """Counters rise between evaluations, too."""
        if self.snapshot is None:
            return
        tally = self.known.tally.copy()
        self.snapshot = replace(self.snapshot, newest=self.known.newest, tally=tally)

    def _save(self) -> None:
        if self.setup.saved is None or not self._changed:
            return
        try:
            self.setup.saved.save(*to_saved(self.known))
        except OSError as error:
            path = self.setup.saved.path
            self._failed("state", "state", f"{path} cannot be written: {error.strerror}")
            return
        self._changed = False

    def _feature_failed(self, feature: str, error: Exception) -> None:
        shown = feature or "predictions"
        self._failed("evaluate", shown, f"{shown} cannot be evaluated: {type(error).__name__}")

    def _failed(self, stage: str, key: str, message: str) -> None:
        self.known.tally.add(catalogue.GRADER_MODEL_DRIFT_ERRORS_TOTAL, self.setup.name, stage)
        self._tell(key, message, warning=True)

    def _tell(self, key: str, message: str, *, warning: bool = False) -> None:
        """One line of log when a message is another than before; an empty one ends it."""
        if self._said.get(key, "") == message:
            return
        self._said[key] = message
        if message:
            _LOG.log(
                logging.WARNING if warning else logging.INFO,
                "model %s: %s",
                self.setup.name,
                message,
            )
