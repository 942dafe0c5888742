"""Can everybody tell the colours apart? Vision: Machado et al. 2009, severity 1; distance: CIE76 in Lab."""

from __future__ import annotations

import itertools
import math

import pytest

from dashboards.palette import SERIES, STATES

LEAST_DISTANCE, LEAST_CONTRAST = 15, 3
BACKGROUNDS = {"light": "#ffffff", "dark": "#181b1f"}
Rows = tuple[tuple[float, float, float], ...]
VISIONS: dict[str, Rows] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TO_XYZ: Rows = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE = (0.95047, 1.0, 1.08883)


def linear(colour: str) -> list[float]:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def times(rows: Rows, vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in rows]


def lab(colour: str, vision: str) -> tuple[float, float, float]:
    seen = [min(1.0, max(0.0, part)) for part in times(VISIONS[vision], linear(colour))]
    ratios = [part / white for part, white in zip(times(TO_XYZ, seen), WHITE, strict=True)]
    x, y, z = (r ** (1 / 3) if r > 216 / 24389 else (24389 / 27 * r + 16) / 116 for r in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def least_distance(colours: dict[str, str]) -> tuple[float, str]:
    return min(
        (math.dist(lab(colours[one], vision), lab(colours[two], vision)), f"{one} and {two} in {vision}")
        for vision in VISIONS
        for one, two in itertools.combinations(colours, 2)
    )


def contrast(one: str, two: str) -> float:
    light, dark = sorted((times(TO_XYZ, linear(colour))[1] for colour in (one, two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [STATES, SERIES], ids=["states", "series"])
def test_colours_keep_their_distance_in_every_vision(colours: dict[str, str]) -> None:
    distance, pair = least_distance(colours)
    assert distance >= LEAST_DISTANCE, pair


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("theme", BACKGROUNDS)
def test_states_stand_out_from_both_backgrounds(name: str, theme: str) -> None:
    assert contrast(STATES[name], BACKGROUNDS[theme]) >= LEAST_CONTRAST


def test_two_similar_states_would_be_noticed() -> None:
    """Grafana's own green, orange and red."""
    assert least_distance({"ok": "#73BF69", "warning": "#FF9830", "critical": "#F2495C"})[0] < LEAST_DISTANCE
