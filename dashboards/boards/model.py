"""Can the model be trusted, what moved, is it right, must it be trained again? For whoever answers for it."""

from __future__ import annotations

from typing import Any

from dashboards.boards.quality import (
    calibration,
    figures,
    mistakes,
    per_day,
    predictions,
    quality,
    reasons,
    scores,
)
from dashboards.fields import colours, override, to_board
from dashboards.graphs import state_timeline, timeseries
from dashboards.grid import Grid
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, OK, ORANGE, SKY, WARNING, Json, steps, words
from dashboards.series import series
from dashboards.shell import ALERTING, MODEL, board, help_row
from dashboards.singles import bars, stat
from dashboards.states import categories, number_firing
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_MODEL_ACCURACY,
    GRADER_MODEL_DRIFT_LAST_EVALUATION_TIMESTAMP_SECONDS,
    GRADER_MODEL_DRIFT_SUFFICIENT_DATA,
    GRADER_MODEL_DRIFTED_FEATURES_RATIO,
    GRADER_MODEL_FEATURE_DRIFT_DETECTED,
    GRADER_MODEL_FEATURE_DRIFT_KS_STATISTIC,
    GRADER_MODEL_FEATURE_DRIFT_PSI,
    GRADER_MODEL_FEATURE_DRIFT_RELEVANT_P_VALUE,
    GRADER_MODEL_FEATURE_MISSING_RATIO,
    GRADER_MODEL_FEATURE_OUT_OF_RANGE_RATIO,
    GRADER_MODEL_FEATURE_UNSEEN_CATEGORY_RATIO,
    GRADER_MODEL_PREDICTION_DRIFT_KS_STATISTIC,
    GRADER_MODEL_RETRAIN_TRIGGER,
    GRADER_MODEL_TRAINED_TIMESTAMP_SECONDS,
)
from policy.model import Policy

ABOUT = (
    "Can the model that grades be trusted: did its input or its answers move, is it right where people know "
    "better, must it be trained again."
)
WORDS = """\
**Drift**: the values of now are distributed otherwise than those the model was trained on.

**KS distance**: the largest distance between the two distributions, 0 (equal) to 1. **PSI**: another measure.

**p relevant**: how likely such a distance is if the true shift is at most the allowed one.

**Too few rows**: the window is too small to decide. It is grey, not green: nothing is known.

**Accuracy** and its kin: only over predictions that a person judged later."""
ABOUT_US = ("model",)
PERCENT = "percentunit"
HALF = 0.5
MOVED = words({0: ("Steady", OK), 1: ("Drifted", WARNING)})
SHOWN = 12
"""Features that a picture can hold."""


def model(policy: Policy) -> Any:
    """The board `gradewatch-model`."""
    grid = (
        Grid()
        .row(
            "Can the model be trusted?",
            (
                5,
                [
                    accuracy(policy),
                    drifted(policy),
                    answers_moved(policy),
                    enough(),
                    retrain(),
                    burning(policy),
                ],
            ),
        )
        .row(
            "What moved?",
            (9, [(features(), 8), (since(), 16)]),
            (8, [distances(), input_faults(policy), scores()]),
        )
        .row("Is it right?", (8, [quality(policy), mistakes(), calibration()]), (4, [figures(policy)]))
        .row(
            "Must it be trained again?", (8, [(reasons(), 6), per_day(), predictions(policy), (trained(), 8)])
        )
        .row("Feature by feature", (8, [each_feature()]))
    )
    title = f"{policy.title}: model"
    return board(policy, MODEL, title, ABOUT, help_row(policy, grid, ABOUT_US, WORDS), hours=24, refresh="5m")


def accuracy(policy: Policy) -> Any:
    """Where people know better."""
    found = limit(policy, "ModelAccuracyLow")
    return stat(
        "Accuracy",
        "Share of the predictions that people later found right, worst version and source of labels."
        f"{sentence(found, PERCENT)} Compare with the baseline below before you train again.",
        unit=PERCENT,
        decimals=1,
        targets=q(f"min({series(GRADER_MODEL_ACCURACY)})", instant=True),
        thresholds=judged(found),
        nothing="Too few labels",
    )


def drifted(policy: Policy) -> Any:
    """One feature moves by chance, half of them do not."""
    found = limit(policy, "ModelDatasetDrift")
    return stat(
        "Features that drifted",
        f"Share of the features whose values moved.{sentence(found, PERCENT)} Then the input changed as a "
        "whole: a new course, another form of the task, a broken source. The bars below name them.",
        unit=PERCENT,
        decimals=0,
        targets=q(f"max({series(GRADER_MODEL_DRIFTED_FEATURES_RATIO)})", instant=True),
        thresholds=judged(found),
        nothing="Too few rows",
    )


def answers_moved(policy: Policy) -> Any:
    """What comes out."""
    found = limit(policy, "ModelPredictionDrift")
    return stat(
        "Shift of the answers",
        f"KS distance between the predictions of now and those of the reference, 0 to 1.{sentence(found)} "
        "Grades shift as a whole: compare samples with a person before students complain.",
        unit="none",
        decimals=2,
        targets=q(f"max({series(GRADER_MODEL_PREDICTION_DRIFT_KS_STATISTIC)})", instant=True),
        thresholds=judged(found),
        nothing="Too few rows",
    )


def enough() -> Any:
    """Grey is not green."""
    return stat(
        "Data to decide",
        "Whether the window holds the rows that a decision needs. Too few: drift cannot be told either way; "
        "wait, or lengthen the window in the configuration.",
        unit="none",
        targets=q(f"min({series(GRADER_MODEL_DRIFT_SUFFICIENT_DATA)})", instant=True),
        mappings=[words({1: ("Enough", OK), 0: ("Too few rows", WARNING)})],
    )


def retrain() -> Any:
    """How many reasons hold."""
    return stat(
        "Reasons to train it",
        "Reasons that hold now, of five: accuracy fell, features moved, answers moved, many new samples, "
        "time is up. Orange from 1: the row below names them.",
        unit="locale",
        targets=q(f"sum(max by (reason) ({series(GRADER_MODEL_RETRAIN_TRIGGER)}))", instant=True),
        thresholds=steps((WARNING, 1), base=OK),
    )


def burning(policy: Policy) -> Any:
    """Alerts of the model."""
    return stat(
        "Alerts on the model",
        "Alerts of the model that fire. Their names and steps are on the board of the alerts, their runbooks "
        "in the last row of this one.",
        unit="locale",
        targets=q(number_firing(policy, category=categories(*ABOUT_US)), instant=True),
        thresholds=steps((WARNING, 1), base=OK),
        links=[to_board("Alerts", ALERTING)],
    )


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
            (f"max({series(GRADER_MODEL_PREDICTION_DRIFT_KS_STATISTIC)})", "Answers"),
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


def trained() -> Any:
    """Which versions, how old, how fresh the figures."""
    by = "model, model_version"
    return table(
        "Versions",
        "When each version was trained, and when its drift was last evaluated. Two versions at once: a "
        "rollout is going on; an old evaluation: the figures above are old too.",
        targets=q(
            f"1000 * max by ({by}) ({series(GRADER_MODEL_TRAINED_TIMESTAMP_SECONDS)})",
            f"1000 * max by ({by}) ({series(GRADER_MODEL_DRIFT_LAST_EVALUATION_TIMESTAMP_SECONDS)})",
        ),
        columns={
            "model": "Model",
            "model_version": "Version",
            "Value #A": "Trained",
            "Value #B": "Evaluated",
        },
        overrides=[
            override("Trained", unit="dateTimeFromNow"),
            override("Evaluated", unit="dateTimeFromNow"),
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
