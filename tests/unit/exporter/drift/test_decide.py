"""Decisions: correction, effect, two closes in a row, and the drop that is not chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exporter.drift.decide import Rule, Streak, accuracy_dropped, benjamini_hochberg
from exporter.drift.statistics import Statistics

RELEVANT = Rule("relevant", 0.05, {"a": 0.05, "b": 0.05}, 0.05)
CLASSIC = Rule("classic", 0.05, {"a": 0.05, "b": 0.05}, 0.05)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_correction_is_scipys(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values, method="bh")
    assert np.allclose(benjamini_hochberg(p_values), expected)


def test_nothing_to_correct_is_nothing() -> None:
    assert benjamini_hochberg([]) == []


def found(p_value: float, relevant: float, ks: float) -> Statistics:
    return Statistics(rows=1000, p_value=p_value, relevant=relevant, ks=ks)


def test_relevant_ignores_a_raw_p_value() -> None:
    """A large window makes any shift significant; only one above delta counts."""
    windows = {"a": found(0.0, 0.9, 0.04), "b": found(0.0, 0.001, 0.09)}
    assert RELEVANT.features(windows) == {"a": False, "b": True}


def test_classic_needs_an_effect_as_well() -> None:
    windows = {"a": found(0.0, 0.9, 0.049), "b": found(0.0, 0.9, 0.051)}
    assert CLASSIC.features(windows) == {"a": False, "b": True}


def test_a_borderline_feature_is_corrected_away_by_the_others() -> None:
    many = Rule("relevant", 0.05, {str(i): 0.05 for i in range(20)}, 0.05)
    windows = {str(i): found(1, 0.04 if i == 0 else 0.9, 0.06) for i in range(20)}
    assert not any(many.features(windows).values())
    assert RELEVANT.features({"a": windows["0"]}) == {"a": True}


@pytest.mark.parametrize(("rule", "expected"), [(RELEVANT, False), (CLASSIC, True)])
def test_predictions_have_a_limit_of_their_own(rule: Rule, expected: bool) -> None:
    assert rule.prediction(found(0.09, 0.06, 0.06)) is expected
    assert not rule.prediction(found(0.2, 0.06, 0.06))
    assert not CLASSIC.prediction(found(0.0, 0.0, 0.04))


def test_a_drift_holds_from_the_second_close_on_and_ends_with_the_first_quiet_one() -> None:
    streak, held = Streak(), []
    for drifted in (False, True, False, True, True, True, False, None, True):
        streak.add(drifted)
        held.append(streak.held)
    assert held == [False, False, False, False, True, True, False, None, False]


@pytest.mark.parametrize(
    ("correct", "labels", "baseline", "expected"),
    [
        (160, 200, 0.90, True),
        (171, 200, 0.90, False),  # 4.5 points
        (43, 50, 0.92, None),  # too few labels to tell
        (160, 200, None, None),
        (170, 200, 0.90, False),  # 5 points, and chance does that in 2 % of windows
        (850, 1000, 0.90, True),
        (950, 1000, 0.90, False),
    ],
)
def test_a_drop_of_accuracy(correct: int, labels: int, baseline: float | None, expected: bool | None) -> None:
    assert accuracy_dropped(correct, labels, baseline, drop=0.05, min_labels=200) is expected
