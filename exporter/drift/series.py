"""A snapshot as rows of the catalogue's gauges; what cannot be told is left out, never 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collector import Row
from exporter.drift.evaluate import PartView, QualityView, VersionView
from exporter.drift.quality import calibration
from exporter.drift.ring import PREDICTION

Series = tuple[Family, Row]
Found = tuple[Any, ...]
"""A family, label values after model and version, and the value."""

_DRIFT = (
    *("ks_statistic", "ks_statistic_error", "ks_p_value", "relevant_p_value", "psi", "js_distance"),
    *("wasserstein_normalized", "chi2_p_value", "cramers_v", "detected"),
)
_FEATURE = {name: getattr(catalogue, f"GRADER_MODEL_FEATURE_DRIFT_{name.upper()}") for name in _DRIFT}
_PREDICTION = {name: getattr(catalogue, f"GRADER_MODEL_PREDICTION_DRIFT_{name.upper()}") for name in _DRIFT}
_FIGURES: dict[str, Family] = {
    "accuracy": catalogue.GRADER_MODEL_ACCURACY,
    "lower": catalogue.GRADER_MODEL_ACCURACY_LOWER_BOUND,
    "upper": catalogue.GRADER_MODEL_ACCURACY_UPPER_BOUND,
    "precision": catalogue.GRADER_MODEL_PRECISION,
    "recall": catalogue.GRADER_MODEL_RECALL,
    "f1": catalogue.GRADER_MODEL_F1_SCORE,
    "auc": catalogue.GRADER_MODEL_ROC_AUC,
    "brier": catalogue.GRADER_MODEL_BRIER_SCORE,
    "calibration_error": catalogue.GRADER_MODEL_EXPECTED_CALIBRATION_ERROR,
    "false_positive": catalogue.GRADER_MODEL_FALSE_POSITIVE_RATIO,
    "false_negative": catalogue.GRADER_MODEL_FALSE_NEGATIVE_RATIO,
}


def series_of(model: str, views: Sequence[VersionView], window_seconds: float) -> Iterator[Series]:
    """Every gauge of a model, the features' last; series without a value are left out."""
    for part in (_version, _quality, _predictions, _features):
        for view in views:
            for family, *values in part(view):
                if values[-1] is not None:
                    yield family, (model, view.version, *values)
    for view in views:
        yield catalogue.GRADER_MODEL_DRIFT_WINDOW_SECONDS, (model, view.version, window_seconds)


def _version(view: VersionView) -> Iterator[Found]:
    drifted = [part.drifted for name, part in view.parts.items() if name != PREDICTION]
    decided = [bool(value) for value in drifted if value is not None]
    yield catalogue.GRADER_MODEL_DRIFT_SUFFICIENT_DATA, int(view.sufficient)
    yield catalogue.GRADER_MODEL_DRIFT_WINDOW_ROWS, view.rows
    yield catalogue.GRADER_MODEL_DRIFT_REFERENCE_ROWS, view.reference_rows
    yield catalogue.GRADER_MODEL_DRIFT_LAST_EVALUATION_TIMESTAMP_SECONDS, view.at
    yield (
        catalogue.GRADER_MODEL_DRIFTED_FEATURES_RATIO,
        sum(decided) / len(decided) if decided else None,
    )
    yield catalogue.GRADER_MODEL_NEW_SAMPLES, view.new_samples
    yield catalogue.GRADER_MODEL_TRAINED_TIMESTAMP_SECONDS, view.trained


def _predictions(view: VersionView) -> Iterator[Found]:
    if (part := view.parts.get(PREDICTION)) is not None:
        for key, value in _drift(part):
            yield _PREDICTION[key], value
        yield catalogue.GRADER_MODEL_PREDICTION_MISSING_RATIO, part.missing


def _features(view: VersionView) -> Iterator[Found]:
    for name, part in view.parts.items():
        if name == PREDICTION:
            continue
        for key, value in _drift(part):
            yield _FEATURE[key], name, value
        yield catalogue.GRADER_MODEL_FEATURE_MISSING_RATIO, name, part.missing
        yield catalogue.GRADER_MODEL_FEATURE_OUT_OF_RANGE_RATIO, name, part.out_of_range
        yield catalogue.GRADER_MODEL_FEATURE_UNSEEN_CATEGORY_RATIO, name, part.unseen


def _drift(part: PartView) -> Iterator[tuple[str, float | None]]:
    found = part.statistics
    yield "detected", None if part.drifted is None else int(part.drifted)
    if found is None:
        return
    yield "ks_p_value" if found.ks is not None else "chi2_p_value", found.p_value
    yield "ks_statistic", found.ks
    yield "ks_statistic_error", found.error
    yield "relevant_p_value", found.relevant
    yield "psi", found.psi
    yield "js_distance", found.js
    yield "wasserstein_normalized", found.wasserstein
    yield "cramers_v", found.cramers_v


def _quality(view: VersionView) -> Iterator[Found]:
    for quality in view.quality:
        yield from _source(quality)
    if view.quality:
        # The source that triggers read stands first.
        found = view.quality[0].outcomes
        for group, observed, predicted in calibration(found) if found else ():
            yield catalogue.GRADER_MODEL_CALIBRATION_OBSERVED_RATIO, str(group), observed
            yield catalogue.GRADER_MODEL_CALIBRATION_PREDICTED_RATIO, str(group), predicted
    if view.retraining is not None:
        for reason in catalogue.RETRAIN_REASONS:
            held = getattr(view.retraining, reason)
            yield catalogue.GRADER_MODEL_RETRAIN_TRIGGER, reason, None if held is None else int(held)


def _source(quality: QualityView) -> Iterator[Found]:
    source = quality.source
    yield catalogue.GRADER_MODEL_LABELED_ROWS, source, quality.labels
    yield catalogue.GRADER_MODEL_LABEL_COVERAGE_RATIO, source, quality.coverage
    yield catalogue.GRADER_MODEL_BASELINE_ACCURACY, source, quality.baseline
    if quality.figures is not None:
        for key, family in _FIGURES.items():
            yield family, source, getattr(quality.figures, key)
    if quality.outcomes is not None and quality.outcomes.confusion is not None:
        for outcome, rows in quality.outcomes.confusion.items():
            yield catalogue.GRADER_MODEL_OUTCOMES, source, outcome, rows
