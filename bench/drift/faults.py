"""What others get wrong on the same data: null rejections, one outlier, no data; prints JSON.

Run in the environment of a peer: python -m bench.drift.faults evidently
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

from bench.drift.data import Floats
from exporter.drift.bins import count
from exporter.drift.reference import numeric_reference
from exporter.drift.statistics import contingency, evaluate

TRIALS = 300
REFERENCE_ROWS = 1000
WINDOWS = (200, 1000, 5000, 50_000)
_SHARES = (0.4, 0.3, 0.15, 0.1, 0.05)
_OUTLIER = 1e6
Score = Callable[[Floats, Floats], float]


def null_rejections(theirs: Score) -> list[dict[str, float]]:
    """Share of windows of categories without drift that are called drifted at 5 %; `theirs` gives p."""
    rng = np.random.default_rng(17)
    rows = []
    for size in WINDOWS:
        found = {"ours": 0, "theirs": 0}
        for _ in range(TRIALS):
            a, b = rng.multinomial(REFERENCE_ROWS, _SHARES), rng.multinomial(size, _SHARES)
            found["ours"] += contingency(a, b, 0.05)[0] < 0.05
            codes = np.arange(len(_SHARES))
            found["theirs"] += theirs(np.repeat(codes, a), np.repeat(codes, b)) < 0.05
        rows.append({"rows": size} | {side: int(number) / TRIALS for side, number in found.items()})
    return rows


def outlier(where: str, figures: dict[str, tuple[str, Score]]) -> list[dict[str, Any]]:
    """Each figure before and after one value of a million comes into the `window` or the `reference`."""
    rng = np.random.default_rng(13)
    before, now = rng.normal(0, 1, 50_000), rng.normal(0.5, 1, 20_000)
    clean = {name: score(before, now) for name, (_, score) in figures.items()}
    ours = _ours(before, now)
    (now if where == "window" else before)[0] = _OUTLIER
    dirty, ours_dirty = {name: score(before, now) for name, (_, score) in figures.items()}, _ours(before, now)
    return [
        {
            "figure": name,
            "where": where,
            "ours": [ours[attribute], ours_dirty[attribute]],
            "theirs": [clean[name], dirty[name]],
        }
        for name, (attribute, _) in figures.items()
    ]


def _ours(before: Floats, now: Floats) -> dict[str, float]:
    part = numeric_reference("f", before)
    found = evaluate(part, count(now, part.edges), 0.05)
    return {name: float(getattr(found, name)) for name in ("ks", "psi", "js", "wasserstein")}


def _evidently() -> dict[str, Any]:
    import pandas as pd
    from evidently.legacy.calculations import stattests
    from evidently.legacy.core import ColumnType

    def score(test: Any, kind: ColumnType) -> Score:
        return lambda a, b: float(test(pd.Series(a), pd.Series(b), kind, None).drift_score)

    numbers = {
        "PSI": ("psi", score(stattests.psi_stat_test, ColumnType.Numerical)),
        "Jensen-Shannon": ("js", score(stattests.jensenshannon_stat_test, ColumnType.Numerical)),
        "Wasserstein, normed": ("wasserstein", score(stattests.wasserstein_stat_test, ColumnType.Numerical)),
    }
    categories = score(stattests.chi_stat_test, ColumnType.Categorical)
    return {
        "null": null_rejections(lambda a, b: categories(a.astype(str), b.astype(str))),
        "outlier": outlier("window", numbers),
        "empty": _said(
            lambda: score(stattests.ks_stat_test, ColumnType.Numerical)(np.arange(9.0), np.zeros(0))
        ),
    }


def _nannyml() -> dict[str, Any]:
    from bench.drift.sides import nannyml_ks

    def score(before: Floats, now: Floats) -> float:
        return nannyml_ks({"f": before}, {"f": now})()["f"]

    return {"outlier": outlier("reference", {"KS": ("ks", score)})}


def _said(call: Callable[[], float]) -> str:
    try:
        return f"{call():g}"
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    peer = sys.argv[1]
    answer = {"evidently": _evidently, "nannyml": _nannyml}[peer]()
    print(json.dumps({"version": version(peer), **answer}))
