"""Which answers are not good data."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dashboards.live.ask import Answer
from dashboards.live.client import Series
from dashboards.live.judge import judge

STEP, POINTS = 60.0, 60
FULL = [1.0] * POINTS


def answer(values: list[float], unit: str = "short", took: float = 0.1, **changes: Any) -> Answer:
    series = [Series({}, [(index * STEP, value) for index, value in enumerate(values)])] if values else []
    panel = {"id": 1, "title": changes.pop("title", "Panel"), "type": "timeseries", "gridPos": {"w": 12}}
    panel["fieldConfig"] = {"defaults": {"unit": unit}, "overrides": []}
    target = {"refId": "A", "legendFormat": "__auto", "instant": False, "format": "time_series"}
    return Answer(panel, target, "x", tuple(series), 0, STEP * POINTS, STEP, took, **changes)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (answer(FULL), set()),
        (answer([]), {"no-series"}),
        (answer([], error="parse error"), {"error"}),
        (answer([math.nan] * POINTS), {"only-nan"}),
        (answer([math.nan] * 30 + [1.0] * 30), {"many-nan"}),
        (answer([math.nan] * 10 + [1.0] * 50), set()),
        (answer([1.0] * 29), {"few-points"}),
        (answer(FULL, took=3), {"slow"}),
        (answer([1.2] * POINTS, unit="percentunit"), {"unit"}),
        (answer([0.4] * POINTS, unit="percent"), {"unit"}),
        (answer([-1.0] * POINTS, unit="s"), {"unit"}),
        (answer([-0.1] * POINTS, unit="percentunit", title="Error budget left"), set()),
    ],
)
def test_an_answer_is_judged(given: Answer, rules: set[str]) -> None:
    assert {finding.rule for finding in judge("board", [given])} == rules
