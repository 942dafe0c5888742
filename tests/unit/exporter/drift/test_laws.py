"""Tail probabilities against scipy's, where they are used and far beyond."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from exporter.drift.laws import binomial, chi_square_tail, kolmogorov, normal

NEAR = {"rel": 1e-9, "abs": 1e-300}


@given(st.floats(0, 30))
def test_kolmogorov_is_scipys(x: float) -> None:
    assert kolmogorov(x) == pytest.approx(special.kolmogorov(x), **NEAR)


@pytest.mark.parametrize("x", [0.0, 0.04, 0.0400001, 0.18, 0.5, 0.8199999, 0.82, 1.0, 1.36, 5.0, 13.0, 1e6])
def test_kolmogorov_is_scipys_where_its_series_change(x: float) -> None:
    assert kolmogorov(x) == pytest.approx(special.kolmogorov(x), **NEAR)


@given(st.integers(1, 60), st.floats(0, 5000))
def test_the_chi_square_tail_is_scipys(freedom: int, x: float) -> None:
    assert chi_square_tail(freedom, x) == pytest.approx(special.chdtrc(freedom, x), **NEAR)


@given(st.floats(-38, 38))
def test_the_normal_law_is_scipys(x: float) -> None:
    assert normal(x) == pytest.approx(special.ndtr(x), **NEAR)


@settings(deadline=None)
@given(st.integers(1, 5000), st.floats(0, 1), st.floats(0, 1))
def test_the_binomial_law_is_scipys(n: int, share: float, p: float) -> None:
    k = round(share * n)
    assert binomial(k, n, p) == pytest.approx(special.bdtr(k, n, p), rel=1e-8, abs=1e-250)


def test_the_binomial_law_of_as_many_labels_as_are_kept() -> None:
    n = 300_000
    for k in (239_000, 239_900, 240_000, 240_500):
        assert binomial(k, n, 0.8) == pytest.approx(special.bdtr(k, n, 0.8), rel=1e-7)


def test_tails_fall() -> None:
    """Also across the places where one formula takes over from another."""
    for law in (kolmogorov, lambda x: chi_square_tail(7, x)):
        found = [law(x) for x in np.linspace(0, 30, 3001)]
        assert all(later <= earlier + 1e-12 for earlier, later in pairwise(found))
        assert found[0] == 1.0
