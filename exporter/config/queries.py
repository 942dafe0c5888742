"""`queries:` statements of one's own, and the metrics that are made of their answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

from exporter.config.names import Name
from exporter.config.query_metrics import definition_faults, metric_faults
from exporter.config.statements import statement_faults
from exporter.profiles.blocks import BLOCKS
from exporter.profiles.profile import AFTER
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

MetricName = Annotated[
    str, Meta(pattern=r"^[a-z_][a-z0-9_]*$", description="a metric's name: lower case letters, digits and _")
]
LabelName = Annotated[
    str, Meta(pattern=r"^[a-z_][a-z0-9_]*$", description="a label's name: lower case letters, digits and _")
]
Type = Literal["gauge", "counter", "histogram"]
Follow = Literal["none", "watermark"]
Null = Literal["drop", "zero"]

_OFF = Duration(0)
_TAKEN = (*BLOCKS, "files")
_FOLLOWING = {"after", "limit"}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a statement's answer.

    `metric` is a name of the catalogue, or one's own with `type` and `help`. `value` is the column with the
    number, `map` translates its text. `labels` gives the column of each label, `constants` what is the same
    in every row. `null: zero` shows NULL, and label values without a row, as 0. Values below `min_people` are
    shown as 0, so that nobody can be singled out.

    A histogram's cumulative counts are in columns (`buckets`: column to upper bound) with `count`, or in rows
    (`le`: the column of the upper bound); `sum` is the column of the sum.
    """

    metric: MetricName
    value: str | None = None
    type: Type | None = None
    help: str | None = None
    labels: dict[LabelName, str] = field(default_factory=dict)
    constants: dict[LabelName, str] = field(default_factory=dict)
    map: dict[str, float] = field(default_factory=dict)
    null: Null = "drop"
    min_people: Annotated[int, Meta(ge=0)] = 0
    buckets: dict[str, float] = field(default_factory=dict)
    le: str | None = None
    sum: str | None = None
    count: str | None = None
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A statement and its metrics.

    `interval` serves an answer again for that long; `timeout` stands in place of the database's. With
    `follow: watermark` each row is an event, read once: rows have a growing whole number `id`, the statement
    contains `> :after`, ORDER BY the id and `:limit`, and `newest` gives the highest id. With `wait: true` a
    row without a value is read again until it has one.
    """

    database: Name
    sql: str
    metrics: Annotated[tuple[Metric, ...], Meta(min_length=1)]
    interval: Duration = _OFF
    timeout: Duration | None = None
    row_limit: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    follow: Follow = "none"
    newest: str | None = None
    wait: bool = False


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section."""
    for name in document.value.queries:
        yield from _query_faults(document, name)
        for index in range(len(document.value.queries[name].metrics)):
            yield from metric_faults(document, name, index)
    yield from definition_faults(document)


def _query_faults(document: Document[Any], name: str) -> Iterator[Fault]:
    config, query = document.value, document.value.queries[name]
    place = ("queries", name)
    if name in _TAKEN:
        yield document.fault(place, f'"{name}" is the name of a profile\'s block; choose another one')
    if query.database not in config.databases and ("databases", query.database) not in document.positions:
        yield document.fault((*place, "database"), unknown("database", query.database, config.databases))
    yield from _time_faults(document, name)
    yield from _follow_faults(document, name)
    allowed = _FOLLOWING if query.follow == "watermark" else set()
    for key, sql, may in (("sql", query.sql, allowed), ("newest", query.newest or "", set())):
        if key == "newest" and query.newest is None:
            continue
        yield from statement_faults(document, (*place, key), sql, may)


def _time_faults(document: Document[Any], name: str) -> Iterator[Fault]:
    query, limit = document.value.queries[name], document.value.collection.timeout
    place = ("queries", name, "timeout")
    if query.timeout is None:
        return
    if not query.timeout:
        yield document.fault(place, "a timeout of 0s lets no statement answer")
    elif query.timeout > limit > _OFF:
        yield document.fault(place, f"{query.timeout} is more than collection.timeout ({limit})")


def _follow_faults(document: Document[Any], name: str) -> Iterator[Fault]:
    query, place = document.value.queries[name], ("queries", name)
    if query.follow == "watermark":
        if AFTER not in query.sql or ":limit" not in query.sql:
            message = f'a statement that is followed by watermark contains "{AFTER}", ORDER BY and ":limit"'
            yield document.fault((*place, "sql"), message)
        if query.newest is None:
            yield document.fault(
                place, "newest is missing: the statement that gives the highest id of the table"
            )
        return
    for key, given in (("newest", query.newest is not None), ("wait", query.wait)):
        if given:
            yield document.fault((*place, key), f"{key} belongs to follow: watermark")
