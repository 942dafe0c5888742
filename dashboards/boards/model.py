"""Can the model be trusted, what moved, is it right, must it be trained again? For whoever answers for it."""

from __future__ import annotations

from typing import Any

from dashboards.boards.alarms import alerts_here
from dashboards.boards.drift import (
    distances,
    each_feature,
    features,
    input_faults,
    moved_answers,
    since,
    trained,
)
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
from dashboards.grid import Grid
from dashboards.limits import judged, limit, sentence
from dashboards.palette import OK, WARNING, steps, words
from dashboards.series import series
from dashboards.shell import MODEL, board, help_row
from dashboards.singles import stat
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_MODEL_ACCURACY,
    GRADER_MODEL_DRIFT_SUFFICIENT_DATA,
    GRADER_MODEL_DRIFTED_FEATURES_RATIO,
    GRADER_MODEL_RETRAIN_TRIGGER,
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
                    alerts_here(policy, *ABOUT_US),
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
            "Must it be trained again?",
            (8, [(reasons(), 6), per_day(), predictions(policy), (trained(policy), 8)]),
        )
        .row("Which feature?", (8, [each_feature()]))
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
        "KS distance between the predictions of now and those of the reference, of classes Cramér's V."
        f"{sentence(found)} Grades shift as a whole: compare samples with a person before students complain.",
        unit="none",
        decimals=2,
        targets=q(f"max({moved_answers()})", instant=True),
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
