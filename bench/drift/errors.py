"""Error of the binned distance against scipy's exact one, and decisions of a grid; prints JSON.

python -m bench.drift.errors 10000 100000
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from bench.drift import data
from exporter.drift.bins import count
from exporter.drift.reference import numeric_reference
from exporter.drift.statistics import evaluate

_ROUNDING = 1e-9
_ODD: dict[str, data.Kind] = {
    "binary": lambda rng, n: (rng.random(n) < 0.3).astype(float),
    "few counts": lambda rng, n: rng.poisson(2, n).astype(float),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.8, 0.0, rng.gamma(2, 2, n)),
    "constant": lambda rng, n: np.full(n, 3.5),
}
_SHIFTS = (0.0, 0.01, 0.02, 0.04, 0.45, 3.0)
_SIZES = ((100_000, 10_000), (20_000, 2000), (1000, 1000))


def errors(sizes: list[int]) -> list[dict[str, Any]]:
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


def grid() -> dict[str, int]:
    """Every kind, shift and size: how often the exact distance lies outside, and p < 0.05 is another."""
    kinds = data.KINDS | _ODD
    rng = np.random.default_rng(17)
    found = {"cases": 0, "kinds": len(kinds), "outside": 0, "flipped": 0}
    for kind in kinds.values():
        for shift in _SHIFTS:
            for m, n in _SIZES:
                before, now = kind(rng, m), kind(rng, n) + shift
                part = numeric_reference("f", before)
                ours = evaluate(part, count(now, part.edges), 0.05)
                exact = ks_2samp(before, now)
                assert ours.ks is not None
                assert ours.error is not None
                inside = ours.ks - _ROUNDING <= exact.statistic <= ours.ks + ours.error + _ROUNDING
                found["cases"] += 1
                found["outside"] += int(not inside)
                found["flipped"] += int((ours.p_value < 0.05) != bool(exact.pvalue < 0.05))
    return found


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
    answer = {
        "versions": {name: version(name) for name in ("numpy", "scipy")},
        "errors": errors(list(map(int, sys.argv[1:]))),
        "grid": grid(),
        "outlier": outlier(),
    }
    print(json.dumps(answer))
