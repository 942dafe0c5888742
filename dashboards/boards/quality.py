"""Whether the model is right, and whether it must be trained again."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours, override
from dashboards.graphs import heatmap, state_timeline, timeseries
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, OK, ORANGE, SKY, WARNING, words
from dashboards.series import quantile, rate, series
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_MODEL_ACCURACY,
    GRADER_MODEL_ACCURACY_LOWER_BOUND,
    GRADER_MODEL_ACCURACY_UPPER_BOUND,
    GRADER_MODEL_BASELINE_ACCURACY,
    GRADER_MODEL_BRIER_SCORE,
    GRADER_MODEL_EXPECTED_CALIBRATION_ERROR,
    GRADER_MODEL_F1_SCORE,
    GRADER_MODEL_FALSE_NEGATIVE_RATIO,
    GRADER_MODEL_FALSE_POSITIVE_RATIO,
    GRADER_MODEL_LABEL_COVERAGE_RATIO,
    GRADER_MODEL_PRECISION,
    GRADER_MODEL_PREDICTION_LATENCY_SECONDS,
    GRADER_MODEL_PREDICTION_SCORE,
    GRADER_MODEL_PREDICTIONS_TOTAL,
    GRADER_MODEL_RECALL,
    GRADER_MODEL_RETRAIN_TRIGGER,
    GRADER_MODEL_ROC_AUC,
)
from policy.model import Policy

PERCENT = "percentunit"
COLOURED = {"custom__cellOptions": {"type": "color-text"}}
_FIGURES = (
    ("Accuracy", GRADER_MODEL_ACCURACY, "ModelAccuracyLow"),
    ("Precision", GRADER_MODEL_PRECISION, "ModelPrecisionLow"),
    ("Recall", GRADER_MODEL_RECALL, "ModelRecallLow"),
    ("F1", GRADER_MODEL_F1_SCORE, "ModelF1Low"),
    ("AUC", GRADER_MODEL_ROC_AUC, "ModelAucLow"),
    ("Brier", GRADER_MODEL_BRIER_SCORE, "ModelBrierHigh"),
    ("Labels", GRADER_MODEL_LABEL_COVERAGE_RATIO, "ModelLabelsMissing"),
)


def scores() -> Any:
    """What it predicts."""
    buckets = series(GRADER_MODEL_PREDICTION_SCORE, "bucket")
    return heatmap(
        "Distribution of the predictions",
        "How many predictions got which share of the highest score: the brighter, the more. A band that "
        "fades or a new one: grades shift; look at samples of it.",
        unit="none",
        targets=q((f"sum by (le) (increase({buckets}[$__rate_interval]))", "{{le}}"), format="heatmap"),
    )


def quality(policy: Policy) -> Any:
    """With its uncertainty."""
    found = limit(policy, "ModelAccuracyLow")
    return timeseries(
        "Accuracy with its interval",
        "Share of right predictions with the ends of its 95 % interval, and the baseline."
        f"{sentence(found, PERCENT)} A fall that the interval covers may be chance: get more labels first.",
        unit=PERCENT,
        targets=q(
            (f"min({series(GRADER_MODEL_ACCURACY)})", "Accuracy"),
            (f"min({series(GRADER_MODEL_ACCURACY_LOWER_BOUND)})", "Low end"),
            (f"min({series(GRADER_MODEL_ACCURACY_UPPER_BOUND)})", "High end"),
            (f"min({series(GRADER_MODEL_BASELINE_ACCURACY)})", "Baseline"),
        ),
        limit=found,
        overrides=colours(Accuracy=BLUE, Low_end=SKY, High_end=SKY, Baseline=ORANGE),
        narrow=True,
        least=None,
        most=1,
    )


def figures(policy: Policy) -> Any:
    """All of them, each against its own target."""
    shown = [(head, family, limit(policy, alert)) for head, family, alert in _FIGURES]
    by = "model_version, label_source"
    columns = {"model_version": "Version", "label_source": "Judged by"}
    columns |= {f"Value #{chr(ord('A') + index)}": head for index, (head, *_) in enumerate(shown)}
    targets = "".join(f" {head}:{sentence(found)}" for head, _, found in shown if found)
    return table(
        "Quality of the model",
        f"All figures of each version by who judged.{targets} One bad figure: look at the kind of mistake "
        "beside it; all bad: the input changed.",
        targets=q(*(f"max by ({by}) ({series(family)})" for _, family, _ in shown)),
        columns=columns,
        unit="none",
        overrides=[
            override(head, decimals=3, thresholds={"mode": "absolute", "steps": judged(found)}, **COLOURED)
            for head, _, found in shown
        ],
        sort_by="Version",
        descending=True,
    )


def mistakes() -> Any:
    """Who is wronged."""
    return timeseries(
        "False positives and false negatives",
        "Share of bad work that was called good, and of good work that was called bad. Students complain "
        "about the second only: watch the first yourself.",
        unit=PERCENT,
        targets=q(
            (f"max({series(GRADER_MODEL_FALSE_POSITIVE_RATIO)})", "False positives"),
            (f"max({series(GRADER_MODEL_FALSE_NEGATIVE_RATIO)})", "False negatives"),
        ),
        overrides=colours(False_positives=ORANGE, False_negatives=BLUE),
        narrow=True,
    )


def calibration() -> Any:
    """Whether a score of 0.8 means 8 of 10."""
    return timeseries(
        "Error of the scores",
        "Brier score (mean squared distance of score and truth), and the mean distance over ten groups. "
        "Rising while accuracy holds: the scores lie, though the classes are right; calibrate again.",
        unit="none",
        targets=q(
            (f"max({series(GRADER_MODEL_BRIER_SCORE)})", "Brier"),
            (f"max({series(GRADER_MODEL_EXPECTED_CALIBRATION_ERROR)})", "Calibration"),
        ),
        overrides=colours(Brier=BLUE, Calibration=ORANGE),
        narrow=True,
    )


def reasons() -> Any:
    """Since when each holds."""
    return state_timeline(
        "Reasons to train again",
        "Which reasons hold, and since when. Drift alone: look at the input first; accuracy fell: train, "
        "then compare on the same samples; schedule: plan it.",
        targets=q((f"max by (reason) ({series(GRADER_MODEL_RETRAIN_TRIGGER)})", "{{reason}}")),
        mappings=[words({0: ("No", OK), 1: ("Holds", WARNING)})],
    )


def predictions(policy: Policy) -> Any:
    """What it costs in time."""
    found = limit(policy, "PredictionLatencyHigh")
    return timeseries(
        "Time to predict",
        f"Half and 95 % of the predictions were faster.{sentence(found, 's')} It is part of the time to "
        "feedback: when it rises look at the model's machine and at the size of the submissions.",
        unit="s",
        targets=q(
            (quantile(0.5, GRADER_MODEL_PREDICTION_LATENCY_SECONDS), "p50"),
            (quantile(0.95, GRADER_MODEL_PREDICTION_LATENCY_SECONDS), "p95"),
        ),
        limit=found,
        overrides=colours(p50=SKY, p95=BLUE),
        narrow=True,
    )


def per_day() -> Any:
    """How much it is used."""
    return timeseries(
        "Predictions per hour",
        "How many predictions were logged. A fall while submissions come: the service or its log is down.",
        unit="short",
        targets=q(f"3600 * sum({rate(GRADER_MODEL_PREDICTIONS_TOTAL)})"),
        color=BLUE,
    )
