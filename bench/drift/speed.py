"""CPU time of sides that run in turns in one process; prints JSON. Run in the environment of a peer.

python -m bench.drift.speed evidently 10000 100000
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from exporter.drift.cpu import choose_sort

choose_sort()

import numpy as np  # noqa: E402

from bench.drift import data, sides  # noqa: E402

_BUDGET_SECONDS = 20.0
_MOST_ROUNDS, _FEWEST_ROUNDS = 9, 2


def cpu(*measured: sides.Side) -> list[float]:
    """Best CPU seconds of each side; rounds in turns, as many as the time allows."""
    best = [float("inf")] * len(measured)
    begun = time.monotonic()
    for number in range(_MOST_ROUNDS):
        if number >= _FEWEST_ROUNDS and time.monotonic() - begun > _BUDGET_SECONDS:
            break
        for index, side in enumerate(measured):
            started = time.process_time()
            side()
            best[index] = min(best[index], time.process_time() - started)
    return best


def compare(peer: str, sizes: list[int]) -> list[dict[str, Any]]:
    """Ours beside the peer at each size."""
    if peer == "scikit-learn":
        return [_quality(size) for size in sizes]
    reference = data.reference()
    prepared = sides.parts(reference)
    # Before the peer is imported: a sidecar does not have its objects for the collector of garbage to visit.
    round_seconds = _round(reference) if peer == "evidently" else 0.0
    theirs = {
        "scipy": sides.scipy_ks,
        "evidently": sides.evidently_preset,
        "alibi-detect": sides.alibi_ks,
        "nannyml": sides.nannyml_ks,
    }[peer]
    rows = []
    for size in sizes:
        window = data.window(size)
        ours, other = cpu(sides.ours(prepared, window), theirs(reference, window))
        rows.append({"peer": peer, "rows": size, "ours": ours, "theirs": other, "ratio": other / ours})
    if peer == "evidently":
        (other,) = cpu(sides.evidently_preset(reference, data.window(5000)))
        ratio = other / round_seconds
        row = {
            "peer": "evidently cycle",
            "rows": 5000,
            "ours": round_seconds,
            "theirs": other,
            "ratio": ratio,
        }
        rows.append(row)
    return rows


def _round(reference: sides.Columns) -> float:
    """CPU seconds of the sidecar's whole round with 5,000 new rows, to a page; the best of twelve."""
    with tempfile.TemporaryDirectory() as name:
        cycle = sides.Cycle(Path(name), reference)
        cycle.write(data.window(20_000, seed=3), 20 * 3600)
        cycle.run()
        times = []
        for number in range(12):
            cycle.write(data.window(5000, seed=10 + number), 300)
            started = time.process_time()
            cycle.run()
            times.append(time.process_time() - started)
    return min(times)


def _quality(size: int) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    scores = rng.beta(2, 2, size)
    truth = (rng.random(size) < scores).astype(float)
    mine, theirs = sides.quality_ours(scores, truth), sides.quality_sklearn(scores, truth)
    ours, other = cpu(mine, theirs)
    found, expected = mine(), theirs()
    error = {name: abs(found[name] - expected[name]) for name in expected}
    return {
        "peer": "scikit-learn",
        "rows": size,
        "ours": ours,
        "theirs": other,
        "ratio": other / ours,
        "auc_error": error.pop("auc"),
        "error": max(error.values()),
    }


def sort() -> str:
    """What this process' numpy sorts with."""
    core: Any = np._core if hasattr(np, "_core") else np.core  # numpy 1 has it there
    features: dict[str, bool] = core._multiarray_umath.__cpu_features__
    if features.get("X86_V4", features.get("AVX512_SKX")):
        return "AVX-512"
    return "AVX2" if features.get("X86_V3", features.get("AVX2")) else "neither"


if __name__ == "__main__":
    chosen, *wanted = sys.argv[1:]
    answer = {
        "version": version(chosen),
        "numpy": version("numpy"),
        "sort": sort(),
        "rows": compare(chosen, list(map(int, wanted))),
    }
    print(json.dumps(answer))
