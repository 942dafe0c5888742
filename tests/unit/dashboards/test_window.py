"""Steps of queries as Grafana computes them; the table of roundings comes from its own code."""

from __future__ import annotations

import pytest

from dashboards.live.variables import escape, fill
from dashboards.live.window import Window, rounded


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.004, 0.001),
        (0.015, 0.02),
        (24, 20),
        (25, 30),
        (44.999, 30),
        (45, 60),
        (216, 300),
        (3600 * 13, 43200),
    ],
)
def test_intervals_are_rounded_to_what_people_read(seconds: float, expected: float) -> None:
    assert rounded(seconds) == expected


@pytest.mark.parametrize(
    ("hours", "columns", "wanted", "least", "interval", "rate"),
    [
        (6, 12, None, 0, 30, 60),  # 800 pixels: 27 s
        (0.25, 12, None, 0, 15, 60),  # never below a scrape; a rate takes at least four
        (24, 4, None, 0, 300, 315),
        (6, 12, 90, 0, 300, 315),
        (6, 12, None, 180, 180, 195),  # the panel's own lower limit
    ],
)
def test_a_step_follows_from_range_and_width(
    hours: float, columns: int, wanted: int | None, least: float, interval: float, rate: float
) -> None:
    window = Window(end=0, seconds=hours * 3600)
    found = window.interval(window.points(columns, wanted), least)
    assert (found, window.rate_interval(found)) == (interval, rate)


def test_ranges_are_sent_aligned_to_the_step() -> None:
    assert Window(end=1007, seconds=600).aligned(30) == (390, 990)


def test_values_are_escaped_for_a_pattern_within_a_string() -> None:
    assert escape("10.0.0.5:5000") == r"10\\.0\\.0\\.5:5000"


@pytest.mark.parametrize("form", ["$job", "${job}", "${job:regex}", "[[job]]"])
def test_each_form_of_a_variable_is_filled_and_unknown_ones_stay(form: str) -> None:
    assert fill(f"up{{job={form}}} $other", {"job": "x"}) == "up{job=x} $other"
