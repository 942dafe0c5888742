"""Colours by meaning, and thresholds and value mappings made of them.

States keep a distance of 21 (CIE76) from one another in normal vision and in the three colour
deficiencies, and a contrast of 3:1 on both themes; Grafana's own green, orange and red come as near as 8.
A word always goes with the colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

OK = "#00A367"
WARNING = "#D67900"
CRITICAL = "#CC142D"
INFO = "#3274D9"
NO_DATA = "#6E7681"
STATES = {"ok": OK, "warning": WARNING, "critical": CRITICAL, "info": INFO, "no data": NO_DATA}

# Okabe and Ito's series colours; never purple beside grey.
BLUE = "#0072B2"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
VERMILION = "#D55E00"
SERIES = {"blue": BLUE, "orange": ORANGE, "sky": SKY, "green": GREEN, "vermilion": VERMILION}

NO_DATA_TEXT = "No data"
Json = dict[str, Any]


def steps(*pairs: tuple[str, float], base: str) -> list[Json]:
    """Threshold steps: `base` up to the first value, then each colour from its value on."""
    rising = sorted(pairs, key=lambda pair: pair[1])
    return [{"color": base, "value": None}, *({"color": color, "value": value} for color, value in rising)]


def words(texts: Mapping[float, tuple[str, str]]) -> Json:
    """A value mapping: each value's (text, colour)."""
    results = {
        f"{value:g}": {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(texts.items())
    }
    return {"type": "value", "options": results}


def coloured(steps_: list[Json]) -> Json:
    """Properties of a column whose text takes the colour of its thresholds."""
    return {
        "custom__cellOptions": {"type": "color-text"},
        "thresholds": {"mode": "absolute", "steps": steps_},
    }


def no_data(text: str = NO_DATA_TEXT) -> Json:
    """The mapping that keeps an outage of the monitoring from looking green."""
    result = {"text": text, "color": NO_DATA, "index": 99}
    return {"type": "special", "options": {"match": "null+nan", "result": result}}


def fixed(color: str) -> Json:
    """The colour property of a series."""
    return {"mode": "fixed", "fixedColor": color}


def with_no_data(mappings: Sequence[Json]) -> list[Json]:
    """The given mappings, then the one for no data."""
    return [*mappings, no_data()]
