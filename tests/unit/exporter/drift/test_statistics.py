"""Statistics from counts against scipy's on the raw values, within the errors that are promised."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from exporter.drift.arrays import Floats
from exporter.drift.bins import BINS, count, reference_edges
from exporter.drift.reference import (
    Categorical,
    Numeric,
    UnusableReference,
    categorical_reference,
    categories,
    numeric_reference,
)
from exporter.drift.statistics import contingency, evaluate, ks, ks_p_value, psi_and_js, relevant_p_value

ROUNDING = 1e-9
KINDS = {
    "normal": lambda rng, n: rng.normal(0, 1, n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
    "exponential": lambda rng, n: rng.exponential(2, n),
    "beta": lambda rng, n: rng.beta(2, 5, n),
    "heavy tails": lambda rng, n: rng.standard_t(2, n),
    "counts": lambda rng, n: rng.poisson(300, n).astype(float),
    "integer scores": lambda rng, n: np.round(rng.normal(70, 15, n)),
    "few counts": lambda rng, n: rng.poisson(2, n).astype(float),
    "binary": lambda rng, n: (rng.random(n) < 0.3).astype(float),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.8, 0.0, rng.gamma(2, 2, n)),
    "constant": lambda rng, n: np.full(n, 3.5),
}
SHIFTS = {"none": 0.0, "small": 0.05, "off the lattice": 0.45, "large": 3.0}


def window(reference: Numeric, values: Floats) -> tuple[float, float]:
    return ks(reference, count(values, reference.edges))


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_exact_distance_is_inside_the_bracket_and_near_the_binned_one(kind: str, shift: str) -> None:
    rng = np.random.default_rng(7)
    data = KINDS[kind](rng, 100_000)
    current = KINDS[kind](rng, 10_000) + SHIFTS[shift] * (data.std() if shift == "small" else 1)
    reference = numeric_reference("f", data)
    exact = stats.ks_2samp(data, current, method="asymp").statistic
    distance, highest = window(reference, current)
    assert distance - ROUNDING <= exact <= highest + ROUNDING
    assert abs(distance - exact) <= (1 / BINS if shift == "large" else 5e-4)
    assert highest - distance <= 2 / BINS


values = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.sampled_from([0.0, -0.0, 1.0, 2.0])
samples = st.lists(values, min_size=1, max_size=200)


@settings(max_examples=150, deadline=None)
@given(samples, samples, st.sampled_from([4, 16, 64, 1024]))
def test_the_bracket_holds_for_any_values(data: list[float], current: list[float], bins: int) -> None:
    a, b = np.array(data, float), np.array(current, float)
    distance, highest = window(numeric_reference("f", a, bins), b)
    exact = stats.ks_2samp(a, b, method="asymp").statistic
    assert distance - ROUNDING <= exact <= highest + ROUNDING


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(width=64), min_size=1, max_size=300),
    st.lists(st.integers(0, 300), max_size=6),
)
def test_counts_of_parts_add_up_to_those_of_the_whole(data: list[float], cuts: list[int]) -> None:
    edges = reference_edges(np.random.default_rng(1).normal(0, 1, 500), 64)
    whole = np.array(data, float)
    parts = np.split(whole, sorted(min(cut, len(whole)) for cut in cuts))
    total = count(whole, edges)
    assert (sum(count(part, edges) for part in parts) == total).all()
    assert total.sum() == (~np.isnan(whole)).sum()


@pytest.mark.parametrize(("m", "n"), [(100_000, 5000), (100_000, 500), (1000, 1000), (500, 60)])
def test_p_values_are_scipys_where_decisions_are_made(m: int, n: int) -> None:
    effective = n * m / (n + m)
    for scaled in (0.3, 0.5, 0.8, 1.0, 1.2, 1.36, 1.6, 2.0):
        distance = scaled / np.sqrt(effective)
        expected = float(stats.kstwo.sf(distance, round(effective)))
        # scipy rounds the effective size, which is a difference where that is small.
        assert ks_p_value(distance, m, n) == pytest.approx(expected, abs=6e-4 if effective > 100 else 6e-3)


def test_decisions_at_five_percent_are_scipys_on_a_grid_of_sixty() -> None:
    rng = np.random.default_rng(3)
    differ = []
    for index in range(60):
        kind = list(KINDS)[index % (len(KINDS) - 1)]
        m, n = ((100_000, 10_000), (20_000, 2000), (1000, 1000))[index % 3]
        data, current = KINDS[kind](rng, m), KINDS[kind](rng, n) + (index % 5) * 0.01
        reference = numeric_reference("f", data)
        found = evaluate(reference, count(current, reference.edges), 0.05)
        if (found.p_value < 0.05) != (stats.ks_2samp(data, current, method="asymp").pvalue < 0.05):
            differ.append((kind, m, n))
    assert not differ


def test_the_relevant_p_value_means_the_same_at_any_size() -> None:
    """A shift of exactly delta is never called one; a larger one is when there are rows enough to see it."""
    for rows in (1000, 10_000, 1_000_000, 100_000_000):
        assert relevant_p_value(0.05, 100_000, rows, 0.05) == 1.0
        assert relevant_p_value(0.04, 100_000, rows, 0.05) == 1.0
    assert relevant_p_value(0.08, 100_000, 10_000, 0.05) < 0.001


@pytest.mark.parametrize("kind", ["normal", "lognormal", "beta", "exponential"])
def test_wasserstein_is_scipys_on_clipped_values(kind: str) -> None:
    rng = np.random.default_rng(11)
    data, current = KINDS[kind](rng, 100_000), KINDS[kind](rng, 10_000) * 1.1 + 0.1
    reference = numeric_reference("f", data)
    low, high = reference.clip
    exact = stats.wasserstein_distance(np.clip(data, low, high), np.clip(current, low, high))
    found = evaluate(reference, count(current, reference.edges), 0.05)
    assert found.wasserstein == pytest.approx(exact / np.clip(data, low, high).std(), abs=1e-3)


def test_psi_and_jensen_shannon_are_the_textbooks_on_deciles() -> None:
    rng = np.random.default_rng(5)
    data, current = rng.normal(0, 1, 50_000), rng.normal(0.4, 1.2, 5000)
    deciles = np.quantile(data, np.arange(1, 10) / 10)
    p, q = count(data, deciles) / len(data), count(current, deciles) / len(current)
    reference = numeric_reference("f", data)
    found = evaluate(reference, count(current, reference.edges), 0.05)
    assert found.psi == pytest.approx(float(((q - p) * np.log(q / p)).sum()), rel=0.02)
    assert found.js == pytest.approx(float(jensenshannon(p, q, 2)), rel=0.02)


def test_psi_of_an_empty_cell_is_finite_on_either_side() -> None:
    for a, b in (([500, 500, 0], [100, 0, 400]), ([10, 0], [0, 10])):
        psi, js = psi_and_js(np.array(a), np.array(b))
        assert np.isfinite(psi)
        assert psi > 1
        assert 0 < js <= 1


@pytest.mark.parametrize("rows", [500, 100_000])
def test_cells_that_are_empty_on_both_sides_say_nothing(rows: int) -> None:
    reference = categorical_reference("language", {"c": 60_000, "java": 40_000}, 0)
    found = evaluate(reference, cells(reference, {"c": rows * 6 // 10, "java": rows * 4 // 10}), 0.05)
    assert found.psi == pytest.approx(0)
    assert found.js == pytest.approx(0)


@pytest.mark.parametrize("where", ["reference", "window"])
def test_one_outlier_moves_nothing(where: str) -> None:
    rng = np.random.default_rng(13)
    data, current = rng.normal(0, 1, 50_000), rng.normal(0.3, 1, 20_000)
    clean = numeric_reference("f", data)
    before = evaluate(clean, count(current, clean.edges), 0.05)
    if where == "reference":
        data[0] = 1e6
    else:
        current[0] = 1e6
    dirty = numeric_reference("f", data)
    after = evaluate(dirty, count(current, dirty.edges), 0.05)
    for name in ("ks", "psi", "js", "wasserstein"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=0.01), name


def test_a_constant_reference_has_a_distance_and_nothing_that_divides_by_its_deviation() -> None:
    reference = numeric_reference("f", np.full(1000, 7.0))
    assert reference.constant
    same = evaluate(reference, count(np.full(600, 7.0), reference.edges), 0.05)
    moved = evaluate(reference, count(np.full(600, 6.0), reference.edges), 0.05)
    assert (same.ks, same.p_value, same.psi, same.wasserstein) == (0.0, 1.0, None, None)
    assert (moved.ks, moved.psi, moved.js) == (1.0, None, None)
    assert moved.relevant < 1e-9


def test_infinities_are_counted_in_the_end_cells_and_nan_is_not() -> None:
    edges = reference_edges(np.arange(100.0))
    counts = count(np.array([-np.inf, np.inf, np.inf, np.nan, 5.0]), edges)
    assert (counts[0], counts[-1], counts.sum()) == (1, 2, 4)


def test_infinities_in_the_reference_make_no_edges() -> None:
    reference = numeric_reference("f", np.array([1.0, 2.0, np.inf, -np.inf, np.nan]))
    assert np.isfinite(reference.edges).all()
    assert (reference.minimum, reference.maximum, reference.missing) == (1.0, 2.0, 1)
    assert reference.counts.sum() == 4


@pytest.mark.parametrize("data", [[], [np.nan] * 5, [np.inf]])
def test_a_reference_without_a_number_is_refused(data: list[float]) -> None:
    with pytest.raises(UnusableReference, match='"words": the reference has no number'):
        numeric_reference("words", np.array(data, float))


def test_one_value_in_the_window_is_enough_to_compute() -> None:
    reference = numeric_reference("f", np.arange(100.0))
    found = evaluate(reference, count(np.array([50.0]), reference.edges), 0.05)
    assert found.rows == 1
    assert np.isfinite([found.ks, found.p_value, found.psi, found.js, found.wasserstein]).all()


def cells(reference: Categorical, found: dict[str, int]) -> np.ndarray:
    counts = np.zeros(reference.cells, int)
    for value, rows in found.items():
        counts[reference.cell_of.get(value, reference.cells - 1)] += rows
    return counts


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=2, max_size=8),
    st.lists(st.integers(0, 400), min_size=2, max_size=8),
)
def test_the_contingency_test_is_scipys(a: list[int], b: list[int]) -> None:
    size = max(len(a), len(b))
    left, right = (np.array(side + [0] * (size - len(side))) for side in (a, b))
    if not left.sum() or not right.sum():
        return
    used = left + right > 0
    p_value, cramers_v, relevant = contingency(left, right, 0.05)
    if used.sum() == 1:
        assert (p_value, cramers_v) == (1.0, 0.0)
    else:
        expected = stats.chi2_contingency(np.array([left[used], right[used]]), correction=False)
        assert p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert 0 <= cramers_v <= 1 + ROUNDING
    assert 0 <= relevant <= 1


@pytest.mark.parametrize(("m", "n"), [(1000, 200), (1000, 1000), (1000, 5000), (1000, 50_000)])
def test_the_reference_is_a_sample_too(m: int, n: int) -> None:
    """Taking it as the truth rejects 12 to 99 % of windows without drift instead of 5 %."""
    rng = np.random.default_rng(17)
    shares = [0.4, 0.3, 0.15, 0.1, 0.05]
    trials = 400
    rejected = sum(
        contingency(rng.multinomial(m, shares), rng.multinomial(n, shares), 0.05)[0] < 0.05
        for _ in range(trials)
    )
    assert rejected / trials == pytest.approx(0.05, abs=0.03)


def test_one_unseen_category_among_a_thousand_rows_is_no_drift() -> None:
    reference = categorical_reference("language", {"python": 600, "java": 400}, 0)
    found = evaluate(reference, cells(reference, {"python": 600, "java": 400, "rust": 1}), 0.05)
    assert found.p_value == pytest.approx(0.6, abs=0.1)
    assert found.relevant == 1.0


def test_cramers_v_does_not_shrink_with_the_imbalance() -> None:
    equal = contingency(np.array([3000, 7000]), np.array([5000, 5000]), 0.05)[1]
    unequal = contingency(np.array([30_000, 70_000]), np.array([2500, 2500]), 0.05)[1]
    assert unequal == pytest.approx(equal)
    assert equal == pytest.approx(stats.contingency.association(np.array([[3000, 7000], [5000, 5000]])))
    assert contingency(np.array([100_000, 0]), np.array([0, 50]), 0.05)[1] == pytest.approx(1)


def test_categories_of_numbers_and_text_are_the_same() -> None:
    assert categories([1, 1.0, "1", None, "", float("nan"), True]) == Counter({"1": 4, None: 3})
    assert categories([[1], {"a": 2}])["[1]"] == 1


def test_a_list_among_categories_leaves_missing_values_missing() -> None:
    found = categories([None, 1.0, ["a"], "", float("nan"), {"b": 1}])
    assert found == {None: 3, "1": 1, "['a']": 1, "{'b': 1}": 1}


def test_rare_categories_share_a_cell_and_too_many_are_refused() -> None:
    reference = categorical_reference("f", {f"v{i:03}": 1000 - i for i in range(80)}, 2)
    assert reference.cells == 52
    assert reference.counts[50] == sum(1000 - i for i in range(50, 80))
    assert reference.cell_of["v079"] == 50
    with pytest.raises(UnusableReference, match="are not categories"):
        categorical_reference("f", {str(i): 1 for i in range(10_001)}, 0)
