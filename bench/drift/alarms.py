"""Thirty simulated days without drift, and the power where there is one; prints JSON.

python -m bench.drift.alarms 30
"""

from __future__ import annotations

import json
import sys
from collections import deque
from importlib.metadata import version

import numpy as np

from bench.drift import data
from exporter.drift.bins import count
from exporter.drift.decide import Rule, Streak, benjamini_hochberg
from exporter.drift.reference import Numeric, numeric_reference
from exporter.drift.statistics import Statistics, ks, ks_p_value, relevant_p_value

LOOKS_PER_HOUR, HOURS = 12, 24
ROWS_PER_LOOK = 17
"""4,896 rows a day."""
DELTA = 0.05
TRIALS = 100


def starts(days: int, seed: int = 21) -> dict[str, int]:
    """Alarms that begin, over all features: at each look by p, and as the sidecar decides."""
    rng = np.random.default_rng(seed)
    reference = data.reference(seed=seed)
    prepared = [numeric_reference(name, values) for name, values in reference.items()]
    kinds = [data.KINDS[kind] for kind in list(data.KINDS) * 2]
    window = [np.zeros(part.cells, np.int64) for part in prepared]
    kept: deque[list[np.ndarray]] = deque()
    rule = Rule("relevant", 0.05, {part.name: DELTA for part in prepared}, DELTA)
    streaks = {part.name: Streak() for part in prepared}
    literal, corrected, ours = (dict.fromkeys(reference, False) for _ in range(3))
    found = {"literal": 0, "corrected": 0, "ours": 0}
    for look in range((days * 24 + HOURS) * LOOKS_PER_HOUR):
        step = [
            count(kind(rng, ROWS_PER_LOOK), part.edges) for kind, part in zip(kinds, prepared, strict=True)
        ]
        kept.append(step)
        window = [total + counts for total, counts in zip(window, step, strict=True)]
        if len(kept) > HOURS * LOOKS_PER_HOUR:
            window = [total - counts for total, counts in zip(window, kept.popleft(), strict=True)]
        if look < HOURS * LOOKS_PER_HOUR:
            continue
        looked = {part.name: _look(part, total) for part, total in zip(prepared, window, strict=True)}
        adjusted = benjamini_hochberg([s.p_value for s in looked.values()])
        found["literal"] += _begun(literal, {name: s.p_value < 0.05 for name, s in looked.items()})
        found["corrected"] += _begun(corrected, {n: p < 0.05 for n, p in zip(looked, adjusted, strict=True)})
        if look % LOOKS_PER_HOUR == 0:
            for name, drifted in rule.features(looked).items():
                streaks[name].add(drifted)
            found["ours"] += _begun(ours, {name: bool(streak.held) for name, streak in streaks.items()})
    return found


def _look(part: Numeric, counts: np.ndarray) -> Statistics:
    """What the decisions need, without the other statistics."""
    m, n = int(part.counts.sum()), int(counts.sum())
    distance, _ = ks(part, counts)
    p_value, relevant = ks_p_value(distance, m, n), relevant_p_value(distance, m, n, DELTA)
    return Statistics(rows=n, p_value=p_value, relevant=relevant, ks=distance)


def _begun(before: dict[str, bool], now: dict[str, bool]) -> int:
    begun = sum(now[name] and not before[name] for name in now)
    before.update(now)
    return begun


def power(trials: int = TRIALS) -> list[dict[str, float]]:
    """Share of windows in which the shifted one of twenty features is found, by rows and true distance."""
    reference = data.reference(seed=31)
    prepared = {name: numeric_reference(name, values) for name, values in reference.items()}
    rule = Rule("relevant", 0.05, dict.fromkeys(prepared, DELTA), DELTA)
    rng = np.random.default_rng(32)
    kinds = list(data.KINDS) * 2
    rows = []
    for distance, shift in ((0.0, 0.0), (0.05, 0.1254), (0.08, 0.2009), (0.12, 0.3019)):
        for size in (1000, 10_000):
            found = 0
            for _ in range(trials):
                looked = {}
                for index, (name, part) in enumerate(prepared.items()):
                    values = data.KINDS[kinds[index]](rng, size) + (shift if index == 0 else 0.0)
                    looked[name] = _look(part, count(values, part.edges))
                found += rule.features(looked)[next(iter(prepared))]
            rows.append({"distance": distance, "rows": size, "power": found / trials})
    return rows


if __name__ == "__main__":
    answer = {
        "versions": {"numpy": version("numpy")},
        "days": int(sys.argv[1]),
        "starts": starts(int(sys.argv[1])),
        "trials": TRIALS,
        "power": power(),
    }
    print(json.dumps(answer))
