"""Numbers of a row that SQLite hands over as one value are the numbers that are in the table."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.databases import packing

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
CELLS = NUMBERS | st.none() | st.text(max_size=9) | st.binary(max_size=9)


@given(st.lists(NUMBERS | st.none(), max_size=packing.MOST))
def test_numbers_are_packed_as_doubles(values: list[packing.Cell]) -> None:
    packed = packing.pack(*values)
    assert len(packed) == 8 * len(values)
    for found, value in zip(packing.unpack(packed, len(values)), values, strict=True):
        assert math.isnan(found) if value is None else found == float(value)  # type: ignore[arg-type]


@given(st.lists(CELLS, min_size=1, max_size=packing.MOST))
@example([1.5, "x", None])
@example([b"sixteen bytes..."])
@example(["", *[0.5] * 7])
def test_text_among_them_comes_as_it_is(values: list[packing.Cell]) -> None:
    """Whatever their lengths, such rows are never taken for doubles."""
    packed = packing.pack(*values)
    if any(isinstance(value, str | bytes) for value in values):
        assert len(packed) % 8
        assert packing.unpack(packed, len(values)) == tuple(values)
    else:
        assert len(packed) == 8 * len(values)


@pytest.mark.parametrize("size", range(40))
def test_text_of_any_length_is_told_from_doubles(size: int) -> None:
    values = ("x" * size, 1.0)
    assert packing.unpack(packing.pack(*values), 2) == values
