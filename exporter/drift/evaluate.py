"""The figures of one moment: what a scrape is shown, made from what is known without changing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from exporter.catalogue import LABEL_SOURCES
from exporter.config.models import Model
from exporter.drift.decide import Retraining, accuracy_dropped
from exporter.drift.known import Known, VersionKnown
from exporter.drift.quality import Figures, Judge, Outcomes, figures
from exporter.drift.reference import Numeric, Part
from exporter.drift.ring import DAY, PREDICTION, Window
from exporter.drift.statistics import Statistics, evaluate

COHORT_DAYS = 30
OnError = Callable[[str, Exception], None]
"""Told the feature's name and what happened."""


@dataclass(frozen=True, slots=True)
class PartView:
    """One feature, or the predictions. None: cannot be told."""

    missing: float | None = None
    out_of_range: float | None = None
    unseen: float | None = None
    statistics: Statistics | None = None
    drifted: bool | None = None


@dataclass(frozen=True, slots=True)
class QualityView:
    """Labels of one source. `outcomes` and `figures` are None below the labels that are needed."""

    source: str
    labels: int
    coverage: float | None
    outcomes: Outcomes | None = None
    figures: Figures | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a model at `at` (Unix time)."""

    version: str
    at: float
    sufficient: bool
    rows: int
    reference_rows: int | None
    parts: dict[str, PartView] = field(default_factory=dict)
    quality: tuple[QualityView, ...] = ()
    retraining: Retraining | None = None
    new_samples: int | None = None
    trained: float | None = None


def part_views(window: Window, model: Model, streaks: VersionKnown, on_error: OnError) -> dict[str, PartView]:
    """Each part of a window, on its own: one that fails is left out and told."""
    views = {}
    for part, missing, cells in zip(window.parts, window.missing, window.cells, strict=True):
        try:
            statistics = statistics_of(part, cells, window, model)
            streak = streaks.streaks.get(part.name)
            share = missing / window.rows if window.rows else None
            held = streak.held if streak else None
            views[part.name] = _part_view(part, cells, share, statistics, held)
        except Exception as error:
            on_error(part.name, error)
    return views


def statistics_of(part: Part, cells: np.ndarray, window: Window, model: Model) -> Statistics | None:
    """Statistics of a window's part with rows and values enough, else None."""
    if min(window.rows, int(cells.sum())) < model.min_rows:
        return None
    delta = model.prediction.delta if part.name == PREDICTION else model.features[part.name].delta
    return evaluate(part, cells, delta, window.clusters)


def _part_view(
    part: Part, cells: np.ndarray, missing: float | None, statistics: Statistics | None, drifted: bool | None
) -> PartView:
    values = int(cells.sum())
    if not values:
        return PartView(missing, drifted=drifted)
    if isinstance(part, Numeric):
        # The end cells lie outside the reference's minimum and maximum.
        outside = float(cells[0] + cells[-1]) / values
        return PartView(missing, outside, None, statistics, drifted)
    return PartView(missing, None, float(cells[-1]) / values, statistics, drifted)


def judge_of(model: Model, known: Known) -> Judge:
    """When a prediction of the model is right."""
    said = model.prediction
    positive = known.register.class_number(said.positive) if said.positive is not None else None
    return Judge(said.kind, said.threshold, said.maximum, said.tolerance, positive)


def quality_views(model: Model, known: Known, version: VersionKnown, now: float) -> tuple[QualityView, ...]:
    """The source that triggers read, then each other one that has labels."""
    labels = model.labels
    if labels is None:
        return ()
    last = now - labels.mature_after.seconds
    chosen = known.register.between(version.number, now - COHORT_DAYS * DAY, last)
    predictions = int(chosen.sum())
    judge, views = judge_of(model, known), []
    ordered = sorted(enumerate(LABEL_SOURCES), key=lambda pair: pair[1] != labels.triggers)
    for index, source in ordered:
        found = known.register.labels[: known.register.size, index]
        predicted = known.register.predicted[: known.register.size]
        labelled = chosen & ~np.isnan(found) & ~np.isnan(predicted)
        count = int(labelled.sum())
        if not count and source != labels.triggers:
            continue
        coverage = count / predictions if predictions else None
        baseline = labels.baseline_accuracy or version.baselines.get(source)
        if count < labels.min_labels:
            views.append(QualityView(source, count, coverage, baseline=baseline))
            continue
        outcomes = judge.outcomes(predicted[labelled], found[labelled])
        views.append(QualityView(source, count, coverage, outcomes, figures(outcomes), baseline))
    return tuple(views)


def first_baselines(model: Model, known: Known, version: VersionKnown, now: float) -> dict[str, float]:
    """Accuracy of the first 30 days by source, once these are over and have labels enough."""
    labels, end = model.labels, version.first + COHORT_DAYS * DAY
    if labels is None or now < end:
        return {}
    judge, found = judge_of(model, known), {}
    chosen = known.register.between(version.number, version.first, end)
    for index, source in enumerate(LABEL_SOURCES):
        column = known.register.labels[: known.register.size, index]
        predicted = known.register.predicted[: known.register.size]
        labelled = chosen & ~np.isnan(column) & ~np.isnan(predicted)
        if int(labelled.sum()) >= labels.min_labels:
            outcomes = judge.outcomes(predicted[labelled], column[labelled])
            found[source] = outcomes.correct / outcomes.labels
    return found


def retraining(
    model: Model,
    version: VersionKnown,
    parts: dict[str, PartView],
    quality: tuple[QualityView, ...],
    *,
    trained: float | None,
    now: float,
) -> Retraining:
    """The five reasons."""
    features = [view.drifted for name, view in parts.items() if name != PREDICTION]
    known = [drifted for drifted in features if drifted is not None]
    prediction = parts.get(PREDICTION)
    return Retraining(
        accuracy_drop=_dropped(model, quality),
        feature_drift=any(known) if known else None,
        prediction_shift=prediction.drifted if prediction else None,
        new_samples=None if trained is None else version.new_samples > model.retrain_rows,
        schedule=None if trained is None else now - trained > model.retrain_after.seconds,
    )


def _dropped(model: Model, quality: tuple[QualityView, ...]) -> bool | None:
    labels = model.labels
    if labels is None:
        return None
    for view in quality:
        if view.source == labels.triggers and view.outcomes:
            return accuracy_dropped(
                view.outcomes.correct,
                view.outcomes.labels,
                view.baseline,
                drop=labels.drop,
                min_labels=labels.min_labels,
            )
    return None
