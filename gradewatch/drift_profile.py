"""`gradewatch drift profile`: rows to a reference profile, and the configuration that goes with it."""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import yaml

from exporter.config.models import Place, format_of
from exporter.drift.batch import Batch, Layout, to_numbers
from exporter.drift.profile import save_profile
from exporter.drift.reference import Numeric, Reference, UnusableReference
from exporter.drift.references import Wanted, gather
from exporter.drift.ring import PREDICTION
from exporter.drift.setup import open_rows, wanted_of
from exporter.drift.sources import SourceError
from gradewatch import exits
from gradewatch.drift_model import open_model
from gradewatch.exits import UsageError
from gradewatch.progress import Progress
from gradewatch.tables import table

_FEW = 10_000
_LONGEST_NAME = 63
_CONSTANT_SHARE = 0.9


def run(args: argparse.Namespace) -> int:
    """Make it, say what is in it, and how to use it."""
    if (args.rows is None) == (args.config is None):
        raise UsageError("name a file with rows, or --config and --model")
    if not 16 <= args.bins <= 4096:
        raise UsageError(f"--bins {args.bins}: 16 to 4096")
    reference, wanted = _from_file(args) if args.rows else _from_config(args)
    try:
        save_profile(args.out, reference)
    except OSError as error:
        raise UsageError(f"{args.out} cannot be written: {error.strerror}") from None
    print(_contents(reference))
    print(f"\n{args.out}: {reference.rows:,} rows, {args.out.stat().st_size / 1024:.0f} KiB")
    if reference.rows < _FEW:
        print(f"Fewer than {_FEW:,} rows: the reference's own error is then a large part of each distance.")
    if args.rows:
        print(f"\nFor the sidecar's configuration:\n\n{_snippet(args, wanted)}", end="")
    return exits.GOOD


def _from_config(args: argparse.Namespace) -> tuple[Reference, Wanted]:
    opened = open_model(args.config, args.model)
    place = opened.model.reference
    if place is None or place.profile is not None:
        raise UsageError(f'"{opened.name}" has no rows as its reference: name a file instead of --config')
    wanted = wanted_of(opened.model)

    def batches(layout: Layout) -> Iterator[Batch]:
        source = open_rows(place, layout, opened.model.columns.id, opened.pools)
        return (step.batch for step in source.steps(None, 0.0, -np.inf))

    return _gathered(wanted, batches, str(place.file or place.table)), wanted


def _from_file(args: argparse.Namespace) -> tuple[Reference, Wanted]:
    place = Place(file=str(args.rows.resolve()))
    if format_of(place) is None:
        raise UsageError(f"{args.rows}: the suffix tells no format; allowed: .csv, .jsonl, .parquet")
    if format_of(place) == "parquet" and find_spec("pyarrow") is None:
        raise UsageError("pyarrow is needed for Parquet: pip install 'gradewatch[parquet]'")
    skipped = set(args.skip.split(",")) - {args.prediction}
    columns = [column for column in _columns(args.rows, place) if column not in skipped]
    if args.prediction not in columns:
        raise UsageError(
            f'{args.rows} has no column "{args.prediction}" for the predictions; '
            f"it has: {', '.join(columns)}; name it with --prediction"
        )

    def batches(layout: Layout) -> Iterator[Batch]:
        source = open_rows(place, layout, "id", {})
        return (step.batch for step in source.steps(None, 0.0, -np.inf))

    numbers = _numbers(columns, batches)
    found = _feature_names([column for column in columns if column != args.prediction])
    features, named = tuple(found), found | {PREDICTION: args.prediction}
    layout = Layout(
        numbers={name: column for name, column in named.items() if column in numbers},
        categories={name: column for name, column in named.items() if column not in numbers},
    )
    wanted = Wanted(features, layout, args.bins)
    return _gathered(wanted, batches, str(args.rows)), wanted


def _gathered(wanted: Wanted, batches: object, what: str) -> Reference:
    progress = Progress(f"reading {what}")
    try:
        return gather(wanted, batches, lambda done, parts: progress(f"{done} of {parts} columns"))  # type: ignore[arg-type]
    except (UnusableReference, SourceError) as error:
        raise UsageError(str(error)) from None
    finally:
        progress.end()


def _columns(path: Path, place: Place) -> list[str]:
    """Names of a file's columns, in its order; without those that have none, and each once."""
    try:
        if format_of(place) == "csv":
            with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
                names = next(csv.reader(file), [])
        elif format_of(place) == "jsonl":
            with path.open("rb") as lines:
                first = json.loads(lines.readline() or "{}")
            if not isinstance(first, dict):
                raise UsageError(f"{path}: the first line is no JSON object")
            names = list(first)
        else:
            import pyarrow.parquet

            names = pyarrow.parquet.read_schema(path).names
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or 'not a whole Parquet file'}") from None
    except (ValueError, RecursionError, csv.Error):
        expected = {"csv": "header of a CSV file", "jsonl": "JSON object"}.get(format_of(place) or "")
        what = f": the first line is no {expected}" if expected else " is not a whole Parquet file"
        raise UsageError(f"{path}{what}") from None
    return list(dict.fromkeys(filter(None, names)))


def _feature_names(columns: list[str]) -> dict[str, str]:
    """Columns by the name that they can have as features: letters, digits, _ . : -, at most 63 of them."""
    named: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"[^\w.:-]", "_", column)[:_LONGEST_NAME]
        name = name if re.match("[A-Za-z_]", name) else f"_{name}"[:_LONGEST_NAME]
        number = 2
        while name in named or (name != column and name in columns):
            name = f"{name[: _LONGEST_NAME - 4]}_{number}"
            number += 1
        named[name] = column
    return named


def _numbers(columns: list[str], batches: object) -> set[str]:
    """Columns that hold numbers: by their first rows, where at most one in ten may be something else."""
    layout = Layout(categories={column: column for column in columns})
    try:
        first = next(batches(layout), None)  # type: ignore[operator]
    except SourceError as error:
        raise UsageError(str(error)) from None
    if first is None or not first.rows:
        raise UsageError("there are no rows to make a profile of")
    found = set()
    for column in columns:
        values = [value for value in first.categories[column] if value is not None and value != ""]
        _, bad = to_numbers(values, len(values))
        if values and (0 if bad is None else int(bad.sum())) <= (1 - _CONSTANT_SHARE) * len(values):
            found.add(column)
    return found


def _contents(reference: Reference) -> str:
    rows = []
    for part in reference.parts:
        if isinstance(part, Numeric):
            what = f"{part.minimum:g} to {part.maximum:g}" + (", constant" if part.constant else "")
            kind = "number"
        else:
            kind, what = "category", f"{len(part.categories) + len(part.rare)} values"
        rows.append((part.name or "(predictions)", kind, f"{part.missing:,}", what))
    return table(("column", "kind", "missing", "values"), rows)


def _snippet(args: argparse.Namespace, wanted: Wanted) -> str:
    """A section `models` over this profile, to be completed with the log."""
    categories = wanted.layout.categories
    prediction: dict[str, object] = {"column": args.prediction}
    if PREDICTION in categories:
        prediction["kind"] = "class"
    section = {
        "log": {"file": "/srv/model/predictions.csv"},
        "reference": {"profile": str(args.out.resolve())},
        "prediction": prediction,
        "features": {name: _feature(name, wanted.layout) for name in wanted.features},
    }
    return yaml.safe_dump(
        {"models": {"my-model": section}}, sort_keys=False, default_flow_style=None, allow_unicode=True
    )


def _feature(name: str, layout: Layout) -> dict[str, str]:
    column = layout.numbers.get(name) or layout.categories[name]
    kind = {"kind": "category"} if name in layout.categories else {}
    return kind | ({} if column == name else {"column": column})
