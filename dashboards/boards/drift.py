"""What moved since the model was trained: its input, its answers, feature by feature."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours, override
from dashboards.graphs import state_timeline, timeseries
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, OK, ORANGE, SKY, WARNING, Json, coloured, words
from dashboards.series import series
from dashboards.singles import bars
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_MODEL_DRIFT_LAST_EVALUATION_TIMESTAMP_SECONDS,
    GRADER_MODEL_FEATURE_DRIFT_DETECTED,
    GRADER_MODEL_FEATURE_DRIFT_KS_STATISTIC,
    GRADER_MODEL_FEATURE_DRIFT_PSI,
    GRADER_MODEL_FEATURE_DRIFT_RELEVANT_P_VALUE,
    GRADER_MODEL_FEATURE_MISSING_RATIO,
    GRADER_MODEL_FEATURE_OUT_OF_RANGE_RATIO,
    GRADER_MODEL_FEATURE_UNSEEN_CATEGORY_RATIO,
    GRADER_MODEL_LOG_WATERMARK_TIMESTAMP_SECONDS,
    GRADER_MODEL_PREDICTION_DRIFT_CRAMERS_V,
    GRADER_MODEL_PREDICTION_DRIFT_KS_STATISTIC,
    GRADER_MODEL_TRAINED_TIMESTAMP_SECONDS,
)
from policy.model import Policy

PERCENT = "percentunit"
HALF = 0.5
MOVED = words({0: ("Steady", OK), 1: ("Drifted", WARNING)})
SHOWN = 12
"""Features that a picture can hold."""


def features() -> Any:
    """The largest first."""
    distance = f"max by (feature) ({series(GRADER_MODEL_FEATURE_DRIFT_KS_STATISTIC)})"
    return bars(
        "Shift by feature (KS)",
        "How far the values of each feature moved, the farthest first. Read it with the states on the right: "
        "a distance alone may be chance, a state is decided twice.",
        unit="none",
        maximum=HALF,
        decimals=2,
        targets=q((f"sort_desc(topk({SHOWN}, {distance}))", "{{feature}}"), instant=True),
    )


def since() -> Any:
    """When each moved."""
    return state_timeline(
        "Drift by feature",
        "Drifted: two decisions in a row, an hour apart, found a shift that matters. Several at one moment: "
        "look for a deployment mark or a changed source; one alone: look at that feature.",
        targets=q((f"max by (feature) ({series(GRADER_MODEL_FEATURE_DRIFT_DETECTED)})", "{{feature}}")),
        mappings=[MOVED],
    )


def moved_answers() -> str:
    """How far the predictions are from the reference; a model has one of the two figures."""
    numbers, classes = GRADER_MODEL_PREDICTION_DRIFT_KS_STATISTIC, GRADER_MODEL_PREDICTION_DRIFT_CRAMERS_V
    return f"{series(numbers)} or {series(classes)}"


def distances() -> Any:
    """Slowly or at once."""
    distance = f"max by (feature) ({series(GRADER_MODEL_FEATURE_DRIFT_KS_STATISTIC)})"
    largest = f"max({distance})"
    return timeseries(
        "Shift over time (KS)",
        "The feature that moved farthest, the mean feature, and the answers. A step: something broke or was "
        "changed; a slope: the world changes, plan a training.",
        unit="none",
        targets=q(
            (largest, "Farthest feature"),
            (f"avg({distance})", "Mean feature"),
            (f"max({moved_answers()})", "Answers"),
        ),
        overrides=colours(Farthest_feature=ORANGE, Mean_feature=SKY, Answers=BLUE),
        narrow=True,
    )


def input_faults(policy: Policy) -> Any:
    """Not drift but damage."""
    found = limit(policy, "ModelFeatureDataQuality")
    return timeseries(
        "Faulty input",
        "Share of missing, out of range and unknown values, of the worst feature each."
        f"{sentence(found, PERCENT)} A step: a source is broken; mend it, do not train on it.",
        unit=PERCENT,
        targets=q(
            (f"max({series(GRADER_MODEL_FEATURE_MISSING_RATIO)})", "Missing"),
            (f"max({series(GRADER_MODEL_FEATURE_OUT_OF_RANGE_RATIO)})", "Out of range"),
            (f"max({series(GRADER_MODEL_FEATURE_UNSEEN_CATEGORY_RATIO)})", "Unknown"),
        ),
        limit=found,
        overrides=colours(Missing=ORANGE, Out_of_range=BLUE, Unknown=SKY),
        narrow=True,
    )


def trained(policy: Policy) -> Any:
    """Which versions, how old, how fresh the figures."""
    stale, stalled = limit(policy, "ModelDriftStale"), limit(policy, "ModelLogStalled")
    by = "model_version"
    trained_at = series(GRADER_MODEL_TRAINED_TIMESTAMP_SECONDS)
    newest = series(GRADER_MODEL_LOG_WATERMARK_TIMESTAMP_SECONDS)
    return table(
        "Versions",
        "How long ago each version was trained and its drift was evaluated, and how old the newest row of "
        f"the log is.{sentence(stale, 's')}{sentence(stalled, 's')} Two versions at once: a rollout is going "
        "on.",
        targets=q(
            f"time() - max by ({by}) ({trained_at})",
            f"time() - max by ({by}) ({series(GRADER_MODEL_DRIFT_LAST_EVALUATION_TIMESTAMP_SECONDS)})",
            f"0 * max by ({by}) ({trained_at}) + on () group_left () (time() - max({newest}))",
        ),
        columns={
            "model_version": "Version",
            "Value #A": "Trained",
            "Value #B": "Evaluated",
            "Value #C": "Log",
        },
        overrides=[
            override("Version", custom__width=100),
            override("Trained", unit="s", decimals=0, custom__width=100),
            override("Evaluated", unit="s", decimals=0, custom__width=100, **coloured(judged(stale))),
            override("Log", unit="s", decimals=0, custom__width=100, **coloured(judged(stalled))),
        ],
        sort_by="Version",
        descending=True,
    )


def each_feature() -> Any:
    """All figures of each feature."""
    families = (
        GRADER_MODEL_FEATURE_DRIFT_KS_STATISTIC,
        GRADER_MODEL_FEATURE_DRIFT_PSI,
        GRADER_MODEL_FEATURE_DRIFT_RELEVANT_P_VALUE,
        GRADER_MODEL_FEATURE_MISSING_RATIO,
        GRADER_MODEL_FEATURE_DRIFT_DETECTED,
    )
    heads = ("KS", "PSI", "p relevant", "Missing", "State")
    by = "model_version, feature"
    columns = {"feature": "Feature", "model_version": "Version"}
    columns |= {f"Value #{chr(ord('A') + index)}": head for index, head in enumerate(heads)}
    return table(
        "Features",
        "All figures of each feature and version. A small p and a small KS: many rows make a small shift "
        "certain, which is no reason to act.",
        targets=q(*(f"max by ({by}) ({series(family)})" for family in families)),
        columns=columns,
        unit="none",
        overrides=[
            *_decimals("KS", "PSI", "p relevant"),
            _state(),
            override("Missing", unit=PERCENT, decimals=1),
        ],
        sort_by="KS",
        descending=True,
    )


def _decimals(*names: str) -> list[Json]:
    return [override(name, decimals=3) for name in names]


def _state() -> Json:
    return override("State", mappings=[MOVED], custom__cellOptions={"type": "color-text"})
