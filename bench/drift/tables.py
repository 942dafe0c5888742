"""The figures as Markdown, each promise beside what was measured: met, or **missed**."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.document import table

if TYPE_CHECKING:
    from bench.drift.memory import Row

_WHAT = {
    "evidently": "evidently, drift preset with KS",
    "evidently cycle": "the same on a window of 5,000",
    "scipy": "scipy, `ks_2samp`",
    "alibi-detect": "alibi-detect, KSDrift",
    "nannyml": "NannyML, KS of one chunk",
    "scikit-learn": "scikit-learn, six figures of quality",
}
_PROMISES: dict[tuple[str, int], float] = {
    ("evidently", 10_000): 500,
    ("evidently", 100_000): 200,
    ("evidently", 1_000_000): 100,
    ("evidently cycle", 5000): 100,
    ("scikit-learn", 1_000_000): 50,
}
_SCIPY = {10_000: 40, 100_000: 30, 1_000_000: 10}
_SCIPY_WITHOUT_AVX2 = {1_000_000: 2.5}
_CYCLE_SECONDS = 0.030


def at_least(found: float, promised: float | None, unit: str = "x") -> str:
    """A promise and whether it was kept; empty where nothing was promised."""
    return "" if promised is None else _kept(found >= promised, f"≥ {promised:g}{unit}")


def at_most(found: float, promised: float | None, unit: str = "") -> str:
    """The other way round."""
    return "" if promised is None else _kept(found <= promised, f"≤ {promised:g}{unit}")


def _kept(kept: bool, promise: str) -> str:
    return f"{promise}: {'met' if kept else '**missed**'}"


def speed(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """CPU seconds side by side."""
    yield (
        "CPU seconds for 20 features against a reference of 100,000 rows. Ours, from counts: the KS "
        "distance with its bracket, two p-values, PSI, Jensen-Shannon and Wasserstein; scipy, alibi-detect "
        "and NannyML: KS alone. "
        "What numpy sorts with decides most of our time, so the lines of scipy say it."
    )
    yield table(
        ("beside", "rows", "ours, s", "theirs, s", "theirs / ours", "promise"),
        [_speed_row(row) for row in rows if row["peer"] != "evidently cycle"],
    )
    for row in rows:
        if row["peer"] == "evidently cycle":
            yield (
                "**A whole round**: 5,000 new rows read from SQLite and counted, all statistics and "
                f"decisions, state saved, the page made: {1000 * row['ours']:.1f} ms CPU "
                f"({at_most(row['ours'], _CYCLE_SECONDS, ' s')}). evidently's preset alone on a window of "
                f"5,000 rows: {row['theirs']:.2f} s, **{row['ratio']:.0f}x** ({at_least(row['ratio'], 100)})."
            )
        if "auc_error" in row and row["rows"] == max(r["rows"] for r in rows if "auc_error" in r):
            yield (
                f"Quality at {row['rows']:,} rows: largest difference from scikit-learn {row['error']:.1g} "
                f"({at_most(row['error'], 1e-12)}), of the area under the ROC curve {row['auc_error']:.1g} "
                f"({at_most(row['auc_error'], 1e-3)})."
            )


def _speed_row(row: dict[str, Any]) -> tuple[str, ...]:
    name = _WHAT[row["peer"]]
    if "missing" in row:
        return (name, "", "", "not measured", "", row["missing"])
    promised = _PROMISES.get((row["peer"], row["rows"]))
    if row["peer"] == "scipy":
        promised = (_SCIPY_WITHOUT_AVX2 if row["sort"] == "neither" else _SCIPY).get(row["rows"])
        name = f"{name} ({row['sort'] if row['sort'] != 'neither' else 'no AVX2'})"
    return (
        name,
        f"{row['rows']:,}",
        f"{row['ours']:.4f}",
        f"{row['theirs']:.3f}",
        f"**{row['ratio']:.1f}x**",
        at_least(row["ratio"], promised),
    )


def memory(rows: Sequence[Row], costs: Sequence[Row], heavy: Sequence[str]) -> Iterator[str]:
    """Peaks of processes, and what it costs to have a side at all."""
    yield (
        "Peak resident memory, MB. Ours: the sidecar as it runs, from the start through the whole log to "
        "its page; evidently: the preset with KS on a frame of so many rows. 20 features."
    )
    yield table(("", "ours", "promise", "evidently", "theirs / ours"), [_memory_row(row) for row in rows])
    yield table(("", "ours", "promise", "evidently", "theirs / ours"), [_memory_row(row) for row in costs])
    found = ", ".join(heavy) or "none of them"
    yield f"Of scipy, scikit-learn, pandas, evidently and pyarrow that sidecar had imported: {found}."


def _memory_row(row: Row) -> tuple[str, ...]:
    theirs = ("", "") if row.theirs is None else (f"{row.theirs:.3g}", f"**{row.theirs / row.ours:.1f}x**")
    if row.theirs is not None and row.theirs >= 1000:
        theirs = (f"{row.theirs:.0f}", theirs[1])
    return (row.name, f"{row.ours:.3g}", at_most(row.ours, row.promise), *theirs)


def errors(found: dict[str, Any]) -> Iterator[str]:
    """How far the binned distance is from the exact one."""
    yield (
        "The KS distance from counts in 1,024 cells beside scipy's from the rows; 20 features, reference of "
        "100,000 rows."
    )
    yield table(
        (
            "rows",
            "worst error",
            "promise",
            "widest bracket",
            "promise",
            "outside of it",
            "decisions that differ",
        ),
        [
            (
                f"{r['rows']:,}",
                f"{r['worst']:.2g}",
                at_most(r["worst"], 5e-4),
                f"{r['bracket']:.2g}",
                at_most(r["bracket"], 2e-3),
                f"{r['outside']} of 20",
                f"{r['flipped']} of 20",
            )
            for r in found["errors"]
        ],
    )
    flipped = sum(r["flipped"] for r in found["errors"])
    yield f"Decisions at p < 0.05 other than scipy's: {flipped} ({at_most(flipped, 0)})."
    grid = found["grid"]
    worst = max(found["outlier"].values())
    yield (
        f"{grid['cases']} cases of {grid['kinds']} kinds of data and shifts from none to large, binary, "
        f"constant and mostly equal values among them: exact distance outside the bracket in "
        f"{grid['outside']} ({at_most(grid['outside'], 0)}), another decision at p < 0.05 in "
        f"{grid['flipped']}. One value of 1e6 among 20,000 moves KS, PSI, Jensen-Shannon and "
        f"Wasserstein by at most {found['outlier']['window']:.2%}, in the reference by "
        f"{found['outlier']['reference']:.2%} ({at_most(100 * worst, 1, ' %')})."
    )


def alarms(found: dict[str, Any]) -> Iterator[str]:
    """Alarms without drift, and power with one."""
    starts = found["starts"]
    yield table(
        (
            f"{found['days']} days without drift, 20 features, a look every 5 minutes",
            "alarms that begin",
            "promise",
        ),
        [
            ("p < 0.05 at each look, as the requirements have it literally", starts["literal"], ""),
            ("the same, corrected over the features", starts["corrected"], ""),
            ("as the sidecar decides", starts["ours"], at_most(starts["ours"], 1)),
        ],
    )
    yield table(
        (
            "true distance of one feature of 20",
            "rows in the window",
            f"found of {found['trials']}",
            "promise",
        ),
        [
            (
                f"{r['distance']:.2f}",
                f"{r['rows']:,}",
                f"{r['power']:.2f}",
                at_least(r["power"], 0.95, "") if r["distance"] >= 0.08 and r["rows"] >= 10_000 else "",
            )
            for r in found["power"]
        ],
    )


def faults(evidently: dict[str, Any] | str, nannyml: dict[str, Any] | str, trials: int) -> Iterator[str]:
    """The same data through both sides, where the others' answer is known to be wrong."""
    if isinstance(evidently, dict):
        yield table(
            (
                f"{trials} windows of categories without drift, reference of 1,000: called drifted at 5 %",
                *("ours", "promise", "evidently, chi-square"),
            ),
            [
                (f"windows of {r['rows']:,}", f"{r['ours']:.1%}", _near(r["ours"]), f"{r['theirs']:.1%}")
                for r in evidently["null"]
            ],
        )
    rows = [("evidently", r) for r in evidently["outlier"]] if isinstance(evidently, dict) else []
    rows += [("NannyML", r) for r in nannyml["outlier"]] if isinstance(nannyml, dict) else []
    yield table(
        ("one value of 1e6 comes into", "figure", "ours", "promise", "theirs"),
        [
            (
                f"the {r['where']}, beside {side}",
                r["figure"],
                _from_to(r["ours"]),
                at_most(100 * abs(r["ours"][1] / r["ours"][0] - 1), 1, " %"),
                _from_to(r["theirs"]),
            )
            for side, r in rows
        ],
    )
    for name, found in (("evidently", evidently), ("NannyML", nannyml)):
        if isinstance(found, str):
            yield f"{name} was not measured: {found}"


def _near(share: float) -> str:
    return _kept(abs(share - 0.05) <= 0.03, "5 % ± 3 %")


def _from_to(pair: Sequence[float]) -> str:
    return " → ".join(f"{value:.4g}" for value in pair)
