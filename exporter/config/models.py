"""`models:` the models to watch: where their prediction log, reference and labels are, and when to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from msgspec import Meta

from exporter.config.names import AbsolutePath, Name, unreadable
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

Column = Annotated[str, Meta(pattern=r"^[^\x00\n]{1,128}$", description="a column's name")]
TableName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][\w$]{0,62}(\.[A-Za-z_][\w$]{0,62})?$",
        description='a table or view, "predictions" or "schema.predictions"',
    ),
]
FeatureName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z_][\w.:-]{0,62}$", description="a name: letters, digits, _ . : -"),
]
VersionName = Annotated[
    str, Meta(pattern=r"^[^\x00\n]{1,64}$", description="a version, at most 64 characters")
]
Share = Annotated[float, Meta(gt=0, lt=1, description="a number between 0 and 1")]
Format = Literal["csv", "jsonl", "parquet"]

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
MAX_FEATURES = 200
_DAY = 86400
_HOUR = 3600
_ONE_DAY = Duration(_DAY)
_MONTH = Duration(30 * _DAY)


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows are: a `table` (or view) of a configured `database`, or a `file`.

    A table needs a column with whole numbers that rise (`columns.id`). Of Parquet files, `file` may name many
    with a `*`. `format` is told by the file's suffix.
    """

    database: Name | None = None
    table: TableName | None = None
    file: AbsolutePath | None = None
    format: Format | None = None


@dataclass(frozen=True, slots=True)
class ReferencePlace(Place):
    """Where the reference is: a `profile` of `gradewatch drift profile`, or rows like those of the log."""

    profile: AbsolutePath | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the log's columns. `time` holds Unix seconds or ISO 8601 (UTC when it names no zone).

    Rows with the same `cluster`, a student say, depend on one another.
    """

    id: Column = "id"
    time: Column = "time"
    version: Column | None = None
    latency: Column | None = None
    cluster: Column | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says. A `score` is a probability that counts as positive from `threshold` on; a `class`
    is a category, `positive` names the one that precision and recall are about; a `grade` is a number that is
    right within `tolerance` of the label. `maximum` is the highest score or grade.
    """

    column: Column = "score"
    kind: Literal["score", "class", "grade"] = "score"
    threshold: float = 0.5
    maximum: Annotated[float, Meta(gt=0)] = 1.0
    positive: str | None = None
    tolerance: Annotated[float, Meta(ge=0)] = 0.0
    delta: Share = 0.05


@dataclass(frozen=True, slots=True)
class Feature:
    """An input of the model, and the `delta` below which a shift of it does not matter."""

    kind: Literal["number", "category"] = "number"
    column: Column | None = None
    delta: Share = 0.05


@dataclass(frozen=True, slots=True)
class Labels(Place):
    """Labels that come later: rows with the `prediction`'s id, the `label`, and its `source`.

    A later row replaces an earlier one of the same source. Predictions younger than `mature_after` are left
    out of the figures. An accuracy `drop` below `baseline_accuracy` (that of the first 30 days when it is not
    given) is a reason to train again; `triggers` names the source that this is read from.
    """

    id: Column = "id"
    prediction: Column = "prediction_id"
    label: Column = "label"
    source: Column | None = None
    triggers: Literal["audit", "regrade", "other"] = "audit"
    min_labels: Annotated[int, Meta(ge=1)] = 200
    mature_after: Duration = _ONE_DAY
    baseline_accuracy: Share | None = None
    drop: Share = 0.05


@dataclass(frozen=True, slots=True)
class Version:
    """What is different for one version of the model."""

    reference: ReferencePlace | None = None
    trained_at: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model to watch. See docs/drift.md.

    Without `columns.version` all rows are of version "1". The decision `relevant` asks whether a shift is
    larger than delta, `classic` whether there is a shift, and then for its size.
    """

    log: Place
    features: dict[FeatureName, Feature] = field(default_factory=dict)
    columns: Columns = field(default_factory=Columns)
    prediction: Prediction = field(default_factory=Prediction)
    reference: ReferencePlace | None = None
    labels: Labels | None = None
    trained_at: str | None = None
    versions: dict[VersionName, Version] = field(default_factory=dict)
    window: Duration = _ONE_DAY
    min_rows: Annotated[int, Meta(ge=1)] = 500
    decision: Literal["relevant", "classic"] = "relevant"
    alpha: Share = 0.05
    bins: Annotated[int, Meta(ge=16, le=4096, description="a whole number from 16 to 4096")] = 1024
    retrain_rows: Annotated[int, Meta(ge=1)] = 10_000
    retrain_after: Duration = _MONTH
    max_series: Annotated[int, Meta(ge=1)] = 3000

    def trained(self, version: str) -> float | None:
        """Unix time at which a version was trained; None when it was not told."""
        own = self.versions.get(version, Version())
        text = own.trained_at or self.trained_at
        return None if text is None else moment(text)

    def reference_of(self, version: str) -> ReferencePlace | None:
        """Where a version's reference is."""
        return self.versions.get(version, Version()).reference or self.reference


def moment(text: str) -> float:
    """Unix time of an ISO 8601 date or date and time, UTC when it names no zone; ValueError otherwise."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def format_of(place: Place) -> Format | None:
    """How a file is written: as told, or by its suffix; None when neither tells."""
    if place.format or place.file is None:
        return place.format
    return next((form for suffix, form in SUFFIXES.items() if place.file.endswith(suffix)), None)


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section."""
    models: dict[str, Model] = document.value.models
    for name, model in models.items():
        place: tuple[str | int, ...] = ("models", name)
        if find_spec("numpy") is None:
            yield document.fault(place, "numpy is not installed: pip install 'gradewatch[drift]'")
        yield from _place_faults(document, (*place, "log"), model.log)
        yield from _references(document, place, model)
        yield from _window_faults(document, place, model)
        yield from _feature_faults(document, place, model)
        yield from _label_faults(document, place, model)


def _place_faults(
    document: Document[Any], place: tuple[str | int, ...], rows: Place, named: bool = False
) -> Iterator[Fault]:
    """`named`: the place was given in another way."""
    ways = [bool(rows.database or rows.table), rows.file is not None, named]
    if sum(ways) != 1:
        allowed = '"database" and "table", or "file"' + (
            ', or "profile"' if named or _is_reference(rows) else ""
        )
        yield document.fault(place, f"name one place: {allowed}")
    elif rows.file is not None:
        yield from _file_faults(document, place, rows)
    elif not named:
        if not (rows.database and rows.table):
            lacking = "table" if rows.database else "database"
            if (*place, lacking) not in document.positions:
                yield document.fault(place, f'required key "{lacking}" is missing in "{place[-1]}"')
        elif (
            rows.database not in document.value.databases
            and ("databases", rows.database) not in document.positions
        ):
            message = unknown("database", rows.database, document.value.databases)
            yield document.fault((*place, "database"), message)


def _file_faults(document: Document[Any], place: tuple[str | int, ...], rows: Place) -> Iterator[Fault]:
    form = format_of(rows)
    if form is None:
        message = f'the suffix of "{rows.file}" tells no format; add "format: csv", jsonl or parquet'
        yield document.fault((*place, "file"), message)
    elif form == "parquet" and find_spec("pyarrow") is None:
        yield document.fault((*place, "file"), "pyarrow is not installed: pip install 'gradewatch[parquet]'")
    elif form != "parquet" and "*" in str(rows.file):
        yield document.fault((*place, "file"), "only Parquet files may be named with a *")


def _is_reference(rows: Place) -> bool:
    return isinstance(rows, ReferencePlace)


def _references(document: Document[Any], place: tuple[str | int, ...], model: Model) -> Iterator[Fault]:
    found = [((*place, "reference"), model.reference), *_of_versions(place, model)]
    if not any(reference for _, reference in found):
        message = 'required key "reference" is missing: what were the data like when the model was good?'
        yield document.fault(place, message)
    for where, reference in found:
        if reference is None:
            continue
        yield from _place_faults(document, where, reference, named=reference.profile is not None)
        if reference.profile is not None and (why := unreadable(reference.profile)):
            yield document.fault((*where, "profile"), f"{reference.profile} cannot be read: {why}")
    for where, text in [((*place, "trained_at"), model.trained_at)] + [
        ((*place, "versions", name, "trained_at"), version.trained_at)
        for name, version in model.versions.items()
    ]:
        if text is not None and not _is_moment(text):
            yield document.fault(where, f'"{text}" is not a date or time like "2026-09-01" (in quotes)')


def _of_versions(
    place: tuple[str | int, ...], model: Model
) -> list[tuple[tuple[str | int, ...], ReferencePlace | None]]:
    return [
        ((*place, "versions", name, "reference"), version.reference)
        for name, version in model.versions.items()
    ]


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def _window_faults(document: Document[Any], place: tuple[str | int, ...], model: Model) -> Iterator[Fault]:
    seconds = model.window.seconds
    hours = seconds % _HOUR == 0 and _HOUR <= seconds <= 48 * _HOUR
    days = seconds % _DAY == 0 and _DAY <= seconds <= 7 * _DAY
    if not (hours or days):
        message = f"{model.window}: a window is 1h to 48h in whole hours, or 2d to 7d in whole days"
        yield document.fault((*place, "window"), message)


def _feature_faults(document: Document[Any], place: tuple[str | int, ...], model: Model) -> Iterator[Fault]:
    if len(model.features) > MAX_FEATURES and model.bins > 256:
        message = (
            f"{len(model.features)} features need more memory than a sidecar should take; "
            f'at most {MAX_FEATURES}, or set "bins: 256" (the distance is then known to 0.004)'
        )
        yield document.fault((*place, "features"), message)
    if model.prediction.kind == "score" and not 0 < model.prediction.threshold <= model.prediction.maximum:
        message = (
            f"{model.prediction.threshold:g} is not between 0 and the maximum ({model.prediction.maximum:g})"
        )
        yield document.fault((*place, "prediction", "threshold"), message)


def _label_faults(document: Document[Any], place: tuple[str | int, ...], model: Model) -> Iterator[Fault]:
    if model.labels is None:
        return
    where = (*place, "labels")
    yield from _place_faults(document, where, model.labels)
    if model.labels.source is None and model.labels.triggers != "other":
        message = (
            'without "source" every label counts as "other": name the column, '
            'or write "triggers: other" if these labels are an unbiased sample'
        )
        yield document.fault(where, message)
    if model.labels.mature_after.seconds > 29 * _DAY:
        message = f"{model.labels.mature_after}: figures are of the last 30 days, so at most 29d"
        yield document.fault((*where, "mature_after"), message)
