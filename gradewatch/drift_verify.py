"""`gradewatch drift verify`: the distance from counts beside the exact one from the raw rows."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exporter.config.models import ReferencePlace, format_of
from exporter.drift.arrays import Floats
from exporter.drift.batch import Layout
from exporter.drift.bins import count
from exporter.drift.reference import Numeric, UnusableReference
from exporter.drift.references import References
from exporter.drift.ring import DAY, HOUR, HOURS
from exporter.drift.setup import layout_of, open_rows, wanted_of
from exporter.drift.sources import SourceError
from exporter.drift.statistics import ks
from gradewatch import exits
from gradewatch.drift_model import Opened, open_model
from gradewatch.exits import UsageError
from gradewatch.progress import Progress
from gradewatch.tables import table

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """One feature of one version."""

    version: str
    feature: str
    rows: int
    binned: float
    highest: float
    exact: float

    @property
    def good(self) -> bool:
        """Whether the exact distance is inside the bracket."""
        return self.binned - _ROUNDING <= self.exact <= self.highest + _ROUNDING


def exact_ks(reference: Floats, window: Floats) -> float:
    """The two-sample Kolmogorov-Smirnov distance; `reference` sorted, both without NaN."""
    current = np.sort(window)
    where = np.concatenate((reference, current))
    below = np.searchsorted(reference, where, side="right") / len(reference)
    return float(np.abs(below - np.searchsorted(current, where, side="right") / len(current)).max())


def run(args: argparse.Namespace) -> int:
    """Compare each numeric feature and the predictions."""
    opened = open_model(args.config, args.model, args.window)
    at = opened.moment(args.at)
    findings = list(_findings(args, opened, at))
    if not findings:
        raise UsageError("no numeric feature has a value in this window")
    if args.json:
        keys = ("version", "feature", "rows", "binned", "highest", "exact", "good")
        print(json.dumps([{key: getattr(found, key) for key in keys} for found in findings], indent=2))
    else:
        print(_table(findings))
    return exits.GOOD if all(found.good for found in findings) else exits.FINDINGS


def _findings(args: argparse.Namespace, opened: Opened, at: float) -> list[Finding]:
    model, layout = opened.model, layout_of(opened.model)
    found = []
    references = References(
        wanted_of(model),
        model.reference_of,
        lambda place, columns: open_rows(place, columns, model.columns.id, opened.pools),
    )
    progress = Progress("comparing")
    for index, name in enumerate(layout.numbers):
        if name.startswith(" "):
            continue
        progress(f"{index} of {len(layout.numbers)} features")
        windows = _windows(opened, layout, name, at)
        for version, window in windows.items():
            place = model.reference_of(version)
            if place is None:
                continue
            if args.reference is not None:
                place = _given(args.reference)
            if place.profile is not None:
                raise UsageError("a profile has no rows to be exact about: name them with --reference")
            values = _reference(opened, layout, name, place)
            part = _part(references, version, name)
            current = window[~np.isnan(window)]
            if len(current) and len(values):
                binned, highest = ks(part, count(current, part.edges))
                shown = name or "(predictions)"
                exact = exact_ks(values, current)
                found.append(Finding(version, shown, len(current), binned, highest, exact))
    progress.end()
    return found


def _windows(opened: Opened, layout: Layout, name: str, at: float) -> dict[str, Floats]:
    """The feature's values in the window that the sidecar would look at, by version."""
    size = HOUR if opened.model.window.seconds <= HOURS * HOUR else DAY
    end = (at // size + 1) * size
    one = Layout(numbers={name: layout.numbers[name]}, time=layout.time, version=layout.version)
    kept: dict[str, list[Floats]] = {}
    for step in opened.log(one, end - opened.model.window.seconds - DAY):
        times = step.batch.times
        inside = (times >= end - opened.model.window.seconds) & (times < end) & (times <= at + 1)
        versions = step.batch.versions or ["1"] * step.batch.rows
        for version in sorted(set(versions)):
            chosen = inside & (np.array(versions, dtype=object) == version)
            kept.setdefault(version, []).append(step.batch.numbers[name][chosen])
    return {version: np.concatenate(parts) for version, parts in kept.items()}


def _reference(opened: Opened, layout: Layout, name: str, place: ReferencePlace) -> Floats:
    one = Layout(numbers={name: layout.numbers[name]})
    try:
        source = open_rows(place, one, opened.model.columns.id, opened.pools)
        batches = [step.batch for step in source.steps(None, 0.0, -np.inf)]
    except SourceError as error:
        raise UsageError(str(error)) from None
    if any(batch.absent for batch in batches):
        raise UsageError(f'{place.file or place.table} has no column "{one.numbers[name]}"')
    values = np.concatenate([np.zeros(0), *(batch.numbers[name] for batch in batches)])
    return np.sort(values[~np.isnan(values)])


def _given(path: Path) -> ReferencePlace:
    place = ReferencePlace(file=str(path.resolve()))
    if format_of(place) is None:
        raise UsageError(f"{path}: the suffix tells no format; allowed: .csv, .jsonl, .parquet")
    return place


def _part(references: References, version: str, name: str) -> Numeric:
    """The part that the sidecar counts by."""
    try:
        reference = references.of(version)
    except (UnusableReference, SourceError) as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from None
    part = next((part for part in reference.parts if part.name == name), None) if reference else None
    assert isinstance(part, Numeric)
    return part


def _table(findings: list[Finding]) -> str:
    head = ("version", "feature", "rows", "from counts", "exact", "highest", "")
    rows = [
        (
            found.version,
            found.feature,
            f"{found.rows:,}",
            f"{found.binned:.5f}",
            f"{found.exact:.5f}",
            f"{found.highest:.5f}",
            "ok" if found.good else "OUTSIDE",
        )
        for found in findings
    ]
    worst = max(abs(found.exact - found.binned) for found in findings)
    return f"{table(head, rows)}\n\nlargest difference {worst:.2g}"
