"""`gradewatch drift report`: the log replayed at its own time, and drawn as one page."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from exporter.drift.arrays import Counts
from exporter.drift.evaluate import PartView, VersionView
from exporter.drift.known import VersionKnown
from exporter.drift.quality import calibration
from exporter.drift.reference import Numeric, Part
from exporter.drift.ring import DAY, PREDICTION
from exporter.drift.statistics import Statistics, evaluate
from exporter.drift.watch import Watch
from gradewatch import drift_page as page
from gradewatch import drift_pictures as pictures
from gradewatch import exits
from gradewatch.drift_model import Opened, open_model
from gradewatch.drift_shapes import moved, shape
from gradewatch.exits import UsageError

MOST_DAYS = 60
_FEW_QUIET = 5
"""More features that did not drift are folded."""
_MUCH_MISSING = 0.05


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A feature with what its section of the page needs."""

    part: Part
    cells: Counts
    view: PartView
    delta: float
    days: list[Statistics | None]

    @property
    def name(self) -> str:
        return self.part.name or "predictions"


def run(args: argparse.Namespace) -> int:
    """Write the page and say what is on it."""
    if not 1 <= args.days <= MOST_DAYS:
        raise UsageError(f"--days {args.days}: 1 to {MOST_DAYS}")
    opened = open_model(args.config, args.model, args.window)
    at = opened.moment(args.at)
    watch = opened.watch(args.days + 1)
    watch.round(at)
    assert watch.snapshot is not None
    views = [view for view in watch.snapshot.views if view.rows]
    if not views:
        raise UsageError(f'"{opened.name}" has no row in the {opened.model.window} before {_time(at)}')
    if not views[0].parts:
        raise UsageError("; ".join(filter(None, watch.told())) or "there is no reference")
    sections = [_version(opened, watch, view, args.days) for view in views]
    title = f"Drift of {opened.name}"
    try:
        args.out.write_text(page.page(title, _lead(opened, at), sections), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{args.out} cannot be written: {error.strerror}") from None
    for view in views:
        print(f"version {view.version}: {_verdict(view)}")
    print(args.out)
    return exits.GOOD


def _lead(opened: Opened, at: float) -> str:
    made = "Made by <code>gradewatch drift report</code>."
    return f"Window: {opened.model.window} up to {_time(at)}, compared with the reference. {made}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _verdict(view: VersionView) -> str:
    if not view.sufficient:
        return f"{view.rows:,} rows are too few to decide"
    decided = [name for name, part in view.parts.items() if name != PREDICTION and part.drifted is not None]
    drifted = [name for name in decided if view.parts[name].drifted]
    said = view.parts.get(PREDICTION)
    features = (
        f"{len(drifted)} of {len(decided)} features drifted" if decided else "no feature could be decided"
    )
    if said is None or said.drifted is None:
        return features
    return f"{features}, the predictions {'drifted' if said.drifted else 'did not'}"


def _version(opened: Opened, watch: Watch, view: VersionView, days: int) -> str:
    version = watch.known.versions[view.version]
    drawn = _all_drawn(opened, version, view, days)
    drawn.sort(key=lambda d: (not d.view.drifted, -(d.view.statistics.shift if d.view.statistics else 0)))
    labels = [_day(view.at, days, index) for index in range(days)]
    shown = [d for d in drawn if d.view.drifted is not False or (d.view.missing or 0) > _MUCH_MISSING]
    quiet = [d for d in drawn if d not in shown]
    if len(quiet) <= _FEW_QUIET:
        shown, quiet = drawn, []
    facts = f"{view.rows:,} rows in the window, {view.reference_rows or 0:,} in the reference" + (
        f"; the window has fewer than {opened.model.min_rows:,}, so nothing is decided"
        if not view.sufficient
        else ""
    )
    return "".join(
        [
            page.heading(f"Version {view.version}", _verdict(view), _is_bad(view), facts),
            page.actions(_what_to_do(opened, view, drawn)),
            page.table(_HEAD, [_row(d) for d in drawn]),
            _quality(opened, view),
            *(_feature(d, labels) for d in shown),
            page.folded(f"{len(quiet)} more, as before", "".join(_feature(d, labels) for d in quiet)),
        ]
    )


def _all_drawn(opened: Opened, version: VersionKnown, view: VersionView, days: int) -> list[_Drawn]:
    ring = version.ring
    assert ring is not None
    window = ring.window(view.at, opened.model.window.seconds)
    today = int(view.at // DAY)
    daily = [
        ring.plan.window(ring.days[day]) if day in ring.days else None
        for day in range(today - days + 1, today + 1)
    ]
    found = []
    for index, (part, cells) in enumerate(zip(window.parts, window.cells, strict=True)):
        known = opened.model.features.get(part.name)
        delta = known.delta if known else opened.model.prediction.delta
        by_day = [
            evaluate(part, day.cells[index], delta, day.clusters)
            if day is not None and day.cells[index].sum() >= opened.model.min_rows
            else None
            for day in daily
        ]
        found.append(_Drawn(part, cells, view.parts[part.name], delta, by_day))
    return found


def _day(at: float, days: int, index: int) -> str:
    day = (int(at // DAY) - days + 1 + index) * DAY
    return datetime.fromtimestamp(day, UTC).strftime("%b %d")


_SMALLEST = 0.001
_HEAD = (
    "feature",
    "decision",
    "shift",
    "p (shift > delta)",
    "PSI",
    "JS",
    "missing",
    "out of range or unseen",
)


def _row(drawn: _Drawn) -> tuple[str, ...]:
    view, found = drawn.view, drawn.view.statistics
    outside = view.out_of_range if view.out_of_range is not None else view.unseen
    if found is None:
        shift = p_value = psi = js = "-"
    else:
        shift, psi, js = f"{found.shift:.3f}", _number(found.psi), _number(found.js)
        p_value = f"{found.relevant:.3f}" if found.relevant >= _SMALLEST else f"< {_SMALLEST:g}"
    return (
        drawn.name,
        {True: "drifted", False: "as before", None: "not decided"}[view.drifted],
        shift,
        p_value,
        psi,
        js,
        _share(view.missing),
        _share(outside),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _feature(drawn: _Drawn, labels: list[str]) -> str:
    if not drawn.cells.sum():
        return page.feature(drawn.name, "no value in the window", drawn.view.drifted, [])
    text = moved(drawn.part, drawn.cells)
    kind = "distance" if isinstance(drawn.part, Numeric) else "Cramér's V"
    now = pictures.distribution(shape(drawn.part, drawn.cells), f"{drawn.name}: {text}")
    shifts = [None if day is None else day.shift for day in drawn.days]
    kinds = ("bars", "outline") if isinstance(drawn.part, Numeric) else ("blue", "grey")
    pictured = [(f"now ({kinds[0]}) and in the reference ({kinds[1]})", now)]
    if any(value is not None for value in shifts):
        title = f"{drawn.name}: {kind} to the reference by day"
        pictured.append(
            (
                f"{kind} by day; dashed: the limit {drawn.delta:g}; grey: too few rows",
                pictures.over_time(labels, shifts, drawn.delta, title),
            )
        )
    return page.feature(drawn.name, text, drawn.view.drifted, pictured)


def _is_bad(view: VersionView) -> bool | None:
    if not view.sufficient:
        return None
    return any(part.drifted for part in view.parts.values())


_REASONS = {
    "accuracy_drop": "Accuracy fell below the baseline, not by chance: train again with the newest labels.",
    "new_samples": "There are enough new rows to train with.",
    "schedule": "The last training was long ago.",
}


def _what_to_do(opened: Opened, view: VersionView, drawn: list[_Drawn]) -> list[str]:
    todo, moves = [], []
    for d in drawn:
        name, part = escape(d.name), d.view
        if (part.missing or 0) > _MUCH_MISSING:
            todo.append(
                f"<b>{name}</b> is missing in {part.missing:.0%} of the rows: look at its source first."
            )
        if part.drifted and d.part.name != PREDICTION:
            moves.append(f"<b>{name}</b> ({escape(moved(d.part, d.cells))})")
    if moves:
        todo.append(
            f"{'; '.join(moves)}: a new cohort or assignment (then train with it, and make a new "
            "reference), or a broken input (then repair it)?"
        )
    if (said := view.parts.get(PREDICTION)) is not None and said.drifted:
        todo.append(
            "The <b>predictions</b> drifted: compare a sample with a person's grades."
            + (
                ""
                if moves
                else " No feature drifted with them: look for a changed version, threshold or preprocessing."
            )
        )
    for reason, text in _REASONS.items():
        if view.retraining is not None and getattr(view.retraining, reason):
            todo.append(text)
    if not todo and view.sufficient:
        todo.append("Nothing: no shift larger than what matters.")
    if not view.sufficient:
        todo.append(
            f"Wait for {opened.model.min_rows:,} rows, or look at more with <code>--window 7d</code>."
        )
    return todo


def _quality(opened: Opened, view: VersionView) -> str:
    rows, pictured = [], []
    for quality in view.quality:
        found = quality.figures
        interval = "-"
        if found is not None and found.lower is not None and found.upper is not None:
            interval = f"{found.lower:.1%} to {found.upper:.1%}"
        rows.append(
            (
                quality.source,
                f"{quality.labels:,}",
                _share(quality.coverage),
                _share(found.accuracy if found else None),
                interval,
                *(
                    _number(getattr(found, name) if found else None)
                    for name in ("precision", "recall", "f1", "auc")
                ),
                _number(found.brier if found else None),
            )
        )
        if quality.outcomes is not None and (groups := calibration(quality.outcomes)):
            title = f"Calibration by {quality.source}: observed share over mean score"
            pictured.append((title, pictures.calibration(groups, title)))
    if not rows:
        return ""
    head = (
        "labels by",
        "labels",
        "coverage",
        "accuracy",
        "95 %",
        "precision",
        "recall",
        "F1",
        "AUC",
        "Brier",
    )
    return page.quality(page.table(head, rows), pictured)
