"""From a configured model to what its watch works with: sources, references, rules."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.config.models import Model, Place, ReferencePlace, format_of
from exporter.databases.pool import Pool
from exporter.drift.batch import Layout
from exporter.drift.decide import Rule
from exporter.drift.lines import LinesSource
from exporter.drift.references import References, Wanted
from exporter.drift.ring import DAYS, PREDICTION
from exporter.drift.saved import SavedFile
from exporter.drift.sources import Source
from exporter.drift.table import TableSource

LATENCY = " latency"
LABEL, SOURCE, ORDER = " label", " source", " order"
"""Names of columns in a batch that no feature can have."""
ONLY_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Setup:
    """One model. `saved` is None where nothing is kept; `count_all`: rows that are there count, too.

    `days` of the log are kept by day.
    """

    name: str
    model: Model
    log: Source
    labels: Source | None
    references: References
    rule: Rule
    saved: SavedFile | None = None
    count_all: bool = False
    days: int = DAYS


def layout_of(model: Model) -> Layout:
    """The log's columns."""
    numbers = {n: f.column or n for n, f in model.features.items() if f.kind == "number"}
    categories = {n: f.column or n for n, f in model.features.items() if f.kind == "category"}
    (categories if model.prediction.kind == "class" else numbers)[PREDICTION] = model.prediction.column
    if model.columns.latency:
        numbers[LATENCY] = model.columns.latency
    return Layout(
        numbers=numbers,
        categories=categories,
        time=model.columns.time,
        version=model.columns.version,
        key=model.columns.id if model.labels else None,
        cluster=model.columns.cluster,
    )


def label_layout_of(model: Model) -> Layout:
    """The columns of the labels' place."""
    labels = model.labels
    assert labels is not None
    categories = {SOURCE: labels.source} if labels.source else {}
    numbers = {ORDER: labels.id} if labels.table else {}
    (categories if model.prediction.kind == "class" else numbers)[LABEL] = labels.label
    return Layout(numbers=numbers, categories=categories, key=labels.prediction)


def open_rows(place: Place, layout: Layout, id_column: str, pools: Mapping[str, Pool]) -> Source:
    """The source that a checked place names; nothing is opened yet."""
    if place.file is None:
        assert place.database is not None
        assert place.table is not None
        return TableSource(pools[place.database], place.table, id_column, layout)
    form = format_of(place)
    if form == "parquet":
        from exporter.drift.parquet import ParquetSource

        return ParquetSource(place.file, layout)
    assert form is not None
    return LinesSource(Path(place.file), form, layout)


def wanted_of(model: Model) -> Wanted:
    """The parts that the model's reference must have."""
    return Wanted(tuple(model.features), layout_of(model), model.bins)


def make_setup(
    name: str, model: Model, pools: Mapping[str, Pool], folder: Path | None, *, count_all: bool = False
) -> Setup:
    """A model's setup; `folder` is where its state is kept, None for nowhere."""

    def reference_rows(place: ReferencePlace, layout: Layout) -> Source:
        return open_rows(place, layout, model.columns.id, pools)

    labels = model.labels
    return Setup(
        name=name,
        model=model,
        log=open_rows(model.log, layout_of(model), model.columns.id, pools),
        labels=open_rows(labels, label_layout_of(model), labels.id, pools) if labels else None,
        references=References(wanted_of(model), model.reference_of, reference_rows),
        rule=Rule(
            model.decision,
            model.alpha,
            {feature: found.delta for feature, found in model.features.items()},
            model.prediction.delta,
        ),
        saved=SavedFile(folder / f"model-{name}.npz", _identity(model, pools)) if folder else None,
        count_all=count_all,
    )


def _identity(model: Model, pools: Mapping[str, Pool]) -> str:
    """Changes with whatever the saved counts depend on; figures that only decide are left out."""
    places = [place for place in (model.log, model.labels) if place]
    where = [pools[place.database].dialect.location for place in places if place.database]
    prediction = (model.prediction.column, model.prediction.kind)
    trained = [model.trained_at, {name: v.trained_at for name, v in model.versions.items()}]
    content = [
        [dataclasses.asdict(place) for place in places],
        where,
        {name: (f.kind, f.column) for name, f in model.features.items()},
        dataclasses.asdict(model.columns),
        prediction,
        trained,
    ]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
