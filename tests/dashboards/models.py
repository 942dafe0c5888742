"""A model whose first feature drifts in the outage, with labels that came later."""

from __future__ import annotations

from exporter.catalogue import (
    CALIBRATION_GROUPS,
    CONFUSION,
    GRADER_MODEL_PREDICTION_LATENCY_SECONDS,
    GRADER_MODEL_PREDICTION_SCORE,
    RETRAIN_REASONS,
)
from policy.model import Policy
from tests.dashboards.day import END, Day
from tests.dashboards.openmetrics import Samples

FEATURES = ("length", "comments", "identifiers", "depth", "similarity", "language")
QUALITY = {
    "accuracy": 0.914,
    "accuracy_lower_bound": 0.896,
    "accuracy_upper_bound": 0.93,
    "baseline_accuracy": 0.921,
    "precision": 0.9,
    "recall": 0.88,
    "f1_score": 0.89,
    "roc_auc": 0.95,
    "brier_score": 0.071,
    "expected_calibration_error": 0.03,
    "false_positive_ratio": 0.08,
    "false_negative_ratio": 0.11,
    "label_coverage_ratio": 0.12,
}
DAY = 86400


def model(data: Samples, policy: Policy, day: Day) -> None:
    """The series of one model and one version."""
    target = {"job": policy.job("exporter"), "instance": "localhost:11910"}
    own = {"model": "essays", "model_version": "2026-10"} | target
    known = day.name != "quiet"
    if known:
        _features(data, day, own)
        _predictions(data, day, own)
        _quality(data, own | {"label_source": "regrade"})
    data.gauge("grader_model_drift_sufficient_data", float(known), **own)
    data.gauge("grader_model_drift_window_rows", 5200.0 if known else 12.0, **own)
    data.gauge("grader_model_drift_reference_rows", 40000, **own)
    data.gauge("grader_model_drift_last_evaluation_timestamp_seconds", [t - 60 for t in day.times], **own)
    data.gauge("grader_model_trained_timestamp_seconds", END - 19 * DAY, **own)
    data.gauge("grader_model_log_watermark_timestamp_seconds", [t - 45 for t in day.times], **target)
    data.gauge("grader_model_new_samples", 7400, **own)
    for reason in RETRAIN_REASONS:
        holds = day.over(0, 1) if reason == "feature_drift" else 0
        data.gauge("grader_model_retrain_trigger", holds, reason=reason, **own)


def _features(data: Samples, day: Day, own: dict[str, str]) -> None:
    for index, feature in enumerate(FEATURES):
        labels = {"feature": feature} | own
        usual, bad = 0.012 + 0.006 * index, 0.34 if index == 0 else 0.03 + 0.006 * index
        data.gauge("grader_model_feature_drift_ks_statistic", day.over(usual, bad), **labels)
        data.gauge("grader_model_feature_drift_psi", day.over(usual / 2, bad), **labels)
        data.gauge(
            "grader_model_feature_drift_relevant_p_value", day.over(0.9, 0.0 if index == 0 else 0.8), **labels
        )
        data.gauge("grader_model_feature_drift_detected", day.over(0, float(index == 0)), **labels)
        data.gauge(
            "grader_model_feature_missing_ratio", day.over(0.002, 0.07 if index == 0 else 0.002), **labels
        )
        data.gauge("grader_model_feature_out_of_range_ratio", 0.001 * index, **labels)
    data.gauge("grader_model_feature_unseen_category_ratio", 0.004, **(own | {"feature": "language"}))
    data.gauge("grader_model_drifted_features_ratio", day.over(0, 1 / len(FEATURES)), **own)


def _predictions(data: Samples, day: Day, own: dict[str, str]) -> None:
    rate = [0.4 * load for load in day.load]
    data.gauge("grader_model_prediction_drift_ks_statistic", day.over(0.018, 0.07), **own)
    data.gauge("grader_model_prediction_drift_detected", 0, **own)
    data.counter("grader_model_predictions_total", rate, **own)
    scores = [(bound, bound**2) for bound in GRADER_MODEL_PREDICTION_SCORE.buckets]
    data.histogram("grader_model_prediction_score", rate, scores, **own)
    shape = [
        (bound, day.over(1 - 2 ** (-bound / 0.06), 1 - 2 ** (-bound / 0.3)))
        for bound in GRADER_MODEL_PREDICTION_LATENCY_SECONDS.buckets
    ]
    data.histogram("grader_model_prediction_latency_seconds", rate, shape, **own)


def _quality(data: Samples, own: dict[str, str]) -> None:
    for name, value in QUALITY.items():
        data.gauge(f"grader_model_{name}", value, **own)
    data.gauge("grader_model_labeled_rows", 840, **own)
    for outcome, number in zip(CONFUSION, (310, 28, 452, 50), strict=True):
        data.gauge("grader_model_outcomes", number, outcome=outcome, **own)
    for group in CALIBRATION_GROUPS:
        middle = (int(group) + 0.5) / 10
        labels = {"group": group} | {k: v for k, v in own.items() if k != "label_source"}
        data.gauge("grader_model_calibration_predicted_ratio", middle, **labels)
        data.gauge("grader_model_calibration_observed_ratio", middle * 0.96, **labels)
