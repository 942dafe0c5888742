"""Error of the binned distance against scipy's exact one, and decisions of a grid; prints JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from bench.drift import data
from exporter.drift.bins import count
from exporter.drift.reference import numeric_reference
from exporter.drift.statistics import evaluate

SIZES = (10_000, 100_000)
_ROUNDING = 1e-9


def errors(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Per size: worst error, widest bracket, values outside of it, and decisions at 5 % that differ."""
    reference = data.reference()
    prepared = {name: numeric_reference(name, values) for name, values in reference.items()}
    rows = []
    for size in sizes:
        current = data.window(size)
        worst = widest = 0.0
        outside = flipped = 0
        for name, part in prepared.items():
            found = evaluate(part, count(current[name], part.edges), 0.05)
            exact = ks_2samp(reference[name], current[name], method="asymp")
            assert found.ks is not None
            assert found.error is not None
            worst = max(worst, abs(found.ks - float(exact.statistic)))
            widest = max(widest, found.error)
            inside = found.ks - _ROUNDING <= exact.statistic <= found.ks + found.error + _ROUNDING
            outside += int(not inside)
            flipped += int((found.p_value < 0.05) != bool(exact.pvalue < 0.05))
        rows.append({"rows": size, "worst": worst, "bracket": widest, "outside": outside, "flipped": flipped})
    return rows


def outlier() -> dict[str, float]:
    """Largest relative change of any statistic when one value of 1e6 comes into reference or window."""
    rng = np.random.default_rng(13)
    changes = {}
    for where in ("reference", "window"):
        before, now = rng.normal(0, 1, 50_000), rng.normal(0.3, 1, 20_000)
        clean = numeric_reference("f", before)
        first = evaluate(clean, count(now, clean.edges), 0.05)
        (before if where == "reference" else now)[0] = 1e6
        dirty = numeric_reference("f", before)
        second = evaluate(dirty, count(now, dirty.edges), 0.05)
        names = ("ks", "psi", "js", "wasserstein")
        changes[where] = max(abs(getattr(second, n) / getattr(first, n) - 1) for n in names)
    return changes


if __name__ == "__main__":
    print(json.dumps({"errors": errors(), "outlier": outlier()}))
