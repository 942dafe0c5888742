"""Prediction logs that tests write: as SQLite tables, CSV, JSON Lines or Parquet; and watches over them."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from exporter.config.models import Columns, Feature, Model, Place, ReferencePlace
from exporter.databases import open_pool
from exporter.drift.setup import make_setup
from exporter.drift.watch import Watch

HOUR, DAY = 3600.0, 86400.0
NOON = 1_790_000_000 // DAY * DAY + 12 * HOUR
"""A noon, UTC: the middle of an hourly and of a daily bucket is far from its ends."""
Row = dict[str, Any]


def rows(
    count: int, start: float, end: float, *, seed: int = 1, first: int = 1, shift: float = 0.0, **fixed: Any
) -> list[Row]:
    """Predictions spread over a time: `words` (moved by `shift` deviations), `language` and `score`."""
    rng = np.random.default_rng(seed)
    times = np.linspace(start, end, count, endpoint=False)
    words = rng.normal(300 + 50 * shift, 50, count)
    languages = rng.choice(["python", "java", "c"], count, p=[0.5, 0.3, 0.2])
    scores = rng.beta(2, 2, count)
    columns = zip(times.tolist(), words.tolist(), languages.tolist(), scores.tolist(), strict=True)
    return [
        {"id": first + i, "time": t, "version": "v1", "words": w, "language": lang, "score": s, **fixed}
        for i, (t, w, lang, s) in enumerate(columns)
    ]


def write_csv(path: Path, found: Sequence[Row], *, append: bool = False) -> None:
    with path.open("a" if append else "w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]) if found else ["id"])
        if not append:
            writer.writeheader()
        writer.writerows(found)


def write_jsonl(path: Path, found: Iterable[Row], *, append: bool = False) -> None:
    with path.open("a" if append else "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in found)


def write_parquet(path: Path, found: Sequence[Row], **options: Any) -> None:
    pq.write_table(pa.Table.from_pylist(list(found)), path, **options)


class Table:
    """A table of an SQLite database that tests write to."""

    def __init__(self, path: Path, name: str = "predictions") -> None:
        self.path, self.name = path, name
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")

    def write(self, found: Sequence[Row]) -> None:
        if not found:
            return
        columns = list(found[0])
        listed = ", ".join(
            f'"{column}"' + (" INTEGER PRIMARY KEY" if column == "id" else "") for column in columns
        )
        self.db.execute(f'CREATE TABLE IF NOT EXISTS "{self.name}" ({listed})')
        marks = ", ".join("?" * len(columns))
        self.db.execute("BEGIN")
        self.db.executemany(
            f'INSERT INTO "{self.name}" VALUES ({marks})', [tuple(row[c] for c in columns) for row in found]
        )
        self.db.execute("COMMIT")


def model(log: Path, reference: Path | ReferencePlace | None = None, **changes: Any) -> Model:
    """A model with a number and a category, over a file or (`.db`) a table; versions are in a column."""
    place = Place(database="grader", table="predictions") if log.suffix == ".db" else Place(file=str(log))
    given: Mapping[str, Any] = {
        "log": place,
        "features": {"words": Feature(), "language": Feature(kind="category")},
        "columns": Columns(version="version"),
        "reference": ReferencePlace(file=str(reference)) if isinstance(reference, Path) else reference,
        **changes,
    }
    return Model(**given)


def watch(found: Model, folder: Path | None, database: Path | None = None) -> Watch:
    """A watch over it; its state is kept in `folder`."""
    pools = {"grader": open_pool("grader", f"sqlite://{database}")} if database else {}
    return Watch(make_setup("essay", found, pools, folder))


def gauge(watched: Watch, name: str, *labels: str) -> float | None:
    """The value of a gauge of version v1 (or of the labels' own), None when there is no such series."""
    assert watched.snapshot
    for family, row in watched.snapshot.series:
        if family.name == f"grader_model_{name}" and row[1:-1] == (labels or ("v1",)):
            return float(row[-1])
    return None


def counter(watched: Watch, name: str, *labels: str) -> float:
    """The value of a counter with these labels after the model's name."""
    counters = watched.known.tally.counters
    return counters.get(f"grader_model_{name}", {}).get(("essay", *labels), 0.0)
