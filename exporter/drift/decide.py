"""From p-values to decisions: correction over features, two closes in a row, reasons to train again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exporter.drift.laws import binomial
from exporter.drift.statistics import Statistics

Method = Literal["relevant", "classic"]
CLOSES = 2
"""Closes of an hour in a row that must agree: one look is not an alert."""
PREDICTION_ALPHA = 0.1
"""The p-value below which `classic` calls a shift of the predictions one."""
DROP_ALPHA = 0.01


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: the share of false discoveries is bounded, not each error."""
    p = np.asarray(p_values, dtype=float)
    if not len(p):
        return []
    order = np.argsort(p)[::-1]
    ranks = np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(p[order] * len(p) / ranks))
    return [float(value) for value in adjusted]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a model's features are decided; `deltas` by feature."""

    method: Method
    alpha: float
    deltas: Mapping[str, float]
    prediction_delta: float

    def features(self, found: Mapping[str, Statistics]) -> dict[str, bool]:
        """Whether each feature drifted in this window."""
        relevant = self.method == "relevant"
        names = list(found)
        adjusted = benjamini_hochberg([found[n].relevant if relevant else found[n].p_value for n in names])
        return {
            name: p < self.alpha and (relevant or found[name].shift >= self.deltas[name])
            for name, p in zip(names, adjusted, strict=True)
        }

    def prediction(self, found: Statistics) -> bool:
        """Whether the predictions drifted in this window."""
        if self.method == "relevant":
            return found.relevant < self.alpha
        return found.p_value < PREDICTION_ALPHA and found.shift >= self.prediction_delta


@dataclass(slots=True)
class Streak:
    """Closes in a row at which something had drifted; None before the first one that could be decided."""

    closes: int | None = None

    def add(self, drifted: bool | None) -> None:
        """One more close; None: it could not be decided, and what was before says nothing any more."""
        self.closes = None if drifted is None else (self.closes or 0) + 1 if drifted else 0

    @property
    def held(self) -> bool | None:
        """The decision that is exported."""
        return None if self.closes is None else self.closes >= CLOSES


def accuracy_dropped(
    correct: int, labels: int, baseline: float | None, *, drop: float, min_labels: int
) -> bool | None:
    """Whether the accuracy fell by `drop` below the baseline, and not by chance; None: cannot be told."""
    if baseline is None or labels < min_labels:
        return None
    fell = baseline - correct / labels >= drop - 1e-12
    return fell and binomial(correct, labels, baseline) < DROP_ALPHA


@dataclass(frozen=True, slots=True)
class Retraining:
    """The five reasons to train a model again; None where one cannot be told."""

    accuracy_drop: bool | None
    feature_drift: bool | None
    prediction_shift: bool | None
    new_samples: bool | None
    schedule: bool | None
