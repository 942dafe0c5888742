"""How good the predictions were: counts of a cohort's labelled predictions, and the figures that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exporter.drift.arrays import Counts, Flags, Floats

GROUPS = 10
SCORE_CELLS = 1000
"""The area under the ROC curve is exact to half the share of pairs that meet in a cell; ten groups of
calibration are sums of cells."""
_BLOCK = 8192
"""Rows that stay in a processor's cache; their arrays are small enough to be used again, not mapped anew."""
_ULP = 1e-9
_Z95 = 1.959963984540054
Kind = Literal["score", "class", "grade"]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What labelled predictions add up to. `correct` and `labels` for every kind of model, the rest for two
    classes; the histograms of scores by label only where there is a score.
    """

    labels: int
    correct: int
    confusion: Mapping[str, int] | None = None
    squared: float | None = None
    positives: Counts | None = None
    negatives: Counts | None = None
    group_rows: Counts | None = None
    group_positives: Counts | None = None
    group_scores: Floats | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """When a prediction is right. `threshold` and `maximum` of a score, `tolerance` of a grade."""

    kind: Kind
    threshold: float = 0.5
    maximum: float = 1.0
    tolerance: float = 0.0
    positive: float | None = None
    """The class that precision and recall are about, as it stands in the arrays."""

    def outcomes(self, predicted: Floats, labels: Floats) -> Outcomes:
        """Of predictions and their labels, both without NaN. A score's label is 1 or 0."""
        if self.kind == "grade":
            right = np.abs(predicted - labels) <= self.tolerance + 1e-9
            return Outcomes(len(labels), int(right.sum()))
        if self.kind == "class":
            right = predicted == labels
            if self.positive is None:
                return Outcomes(len(labels), int(right.sum()))
            confusion = _confusion(predicted == self.positive, labels == self.positive)
            return Outcomes(len(labels), int(right.sum()), confusion)
        return self._scored(predicted, labels > 0.5)

    def _scored(self, scores: Floats, truth: Flags) -> Outcomes:
        """One pass, block by block: cells of scores by label, their sums, and what lies on each side."""
        cells, sums = np.zeros(2 * SCORE_CELLS, np.int64), np.zeros(2 * SCORE_CELLS)
        squared, said, right = 0.0, 0, 0
        for first in range(0, len(scores), _BLOCK):
            block, true = scores[first : first + _BLOCK], truth[first : first + _BLOCK]
            shares = np.clip(block / self.maximum if self.maximum != 1 else block, 0.0, 1.0)
            # A cell is (a, b], as are the groups of scikit-learn's calibration curve.
            cell = np.ceil(shares * SCORE_CELLS - _ULP).astype(np.intp)
            np.maximum(cell - 1, 0, out=cell)
            cell += true * SCORE_CELLS
            cells += np.bincount(cell, minlength=2 * SCORE_CELLS)
            sums += np.bincount(cell, shares, 2 * SCORE_CELLS)
            shares -= true
            squared += float(shares @ shares)
            positive = block >= self.threshold
            said += int(np.count_nonzero(positive))
            right += int(np.count_nonzero(positive & true))
        negatives, positives = cells.reshape(2, SCORE_CELLS)
        everything = positives + negatives
        held = int(positives.sum())
        confusion = {"tp": right, "fp": said - right, "fn": held - right}
        confusion["tn"] = len(scores) - sum(confusion.values())
        return Outcomes(
            labels=len(scores),
            correct=confusion["tp"] + confusion["tn"],
            confusion=confusion,
            squared=squared,
            positives=positives,
            negatives=negatives,
            group_rows=everything.reshape(GROUPS, -1).sum(1),
            group_positives=positives.reshape(GROUPS, -1).sum(1),
            group_scores=sums.reshape(2, GROUPS, -1).sum((0, 2)),
        )


def _confusion(predicted: Flags, truth: Flags) -> dict[str, int]:
    tp, both = int((predicted & truth).sum()), len(truth)
    fp, fn = int(predicted.sum()) - tp, int(truth.sum()) - tp
    return {"tp": tp, "fp": fp, "tn": both - tp - fp - fn, "fn": fn}


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of some outcomes, ratios from 0 to 1; None where there is nothing to divide by."""

    accuracy: float | None
    lower: float | None
    upper: float | None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    false_positive: float | None = None
    false_negative: float | None = None
    brier: float | None = None
    auc: float | None = None
    auc_error: float | None = None
    calibration_error: float | None = None


def figures(found: Outcomes) -> Figures:
    """All figures that the outcomes allow."""
    accuracy = _ratio(found.correct, found.labels)
    lower, upper = wilson(found.correct, found.labels) if found.labels else (None, None)
    if found.confusion is None:
        return Figures(accuracy, lower, upper)
    tp, fp, tn, fn = (found.confusion[name] for name in ("tp", "fp", "tn", "fn"))
    auc, auc_error = area(found.positives, found.negatives)
    return Figures(
        accuracy=accuracy,
        lower=lower,
        upper=upper,
        precision=_ratio(tp, tp + fp),
        recall=_ratio(tp, tp + fn),
        f1=_ratio(2 * tp, 2 * tp + fp + fn),
        false_positive=_ratio(fp, fp + tn),
        false_negative=_ratio(fn, fn + tp),
        brier=None if found.squared is None else _ratio(found.squared, found.labels),
        auc=auc,
        auc_error=auc_error,
        calibration_error=_calibration_error(found),
    )


def calibration(found: Outcomes) -> list[tuple[int, float, float]]:
    """Group, observed share of positives and mean score, for each group with rows."""
    if found.group_rows is None or found.group_positives is None or found.group_scores is None:
        return []
    return [
        (group, float(found.group_positives[group] / rows), float(found.group_scores[group] / rows))
        for group, rows in enumerate(found.group_rows.tolist())
        if rows
    ]


def wilson(correct: int, labels: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    share, square = correct / labels, _Z95**2
    middle = share + square / (2 * labels)
    half = _Z95 * float(np.sqrt(share * (1 - share) / labels + square / (4 * labels**2)))
    scale = 1 + square / labels
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def area(positives: Counts | None, negatives: Counts | None) -> tuple[float | None, float | None]:
    """Area under the ROC curve and its half-width, from scores counted by label; None with one label only."""
    if positives is None or negatives is None:
        return None, None
    p, n = int(positives.sum()), int(negatives.sum())
    if not p or not n:
        return None, None
    below = np.concatenate(([0], np.cumsum(negatives)[:-1]))
    wins = float((positives * (below + negatives / 2)).sum())
    return wins / p / n, float((positives * negatives / 2).sum()) / p / n


def _calibration_error(found: Outcomes) -> float | None:
    groups = calibration(found)
    if not groups or found.group_rows is None:
        return None
    rows = found.group_rows
    return float(sum(abs(seen - said) * rows[group] for group, seen, said in groups) / found.labels)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
