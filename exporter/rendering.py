"""Rows to sample lines, the hot path.

A family's lines are one %-template that holds everything but the values; it is made, and everything in it
checked, only when the label values differ from those of the last collection.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from exporter.catalogue import Family
from exporter.collector import CollectError, Row, RowFamily, go_float
from exporter.exposition import Block, Head, Part

OTHER = "other"
"""The label value under which counters and histograms add up what is over the bound."""

_PLAIN = {int, float}
_LABEL_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_SPECIAL = re.compile(r'[\\"\n%]')

Columns = list[tuple[Any, ...]]
"""The values of each label, row by row: compared in a third of the time that tuples of rows would take."""
Labels = tuple[str, ...]


class Renderer:
    """Renders one collector's answers, keeping what can be used again; not for two threads at once."""

    def __init__(self, max_label_values: int = 50) -> None:
        self._max = max_label_values
        self._forms: dict[str, _Form] = {}

    def render(self, metrics: Iterable[Metric]) -> Block:
        """Check and render; raises CollectError("data") for rows that do not fit their family."""
        parts, duplicates, dropped = [], 0, {}
        for metric in metrics:
            if not isinstance(metric, RowFamily):
                parts.append(_render_samples(metric))
                continue
            form = self._forms.get(metric.family.name)
            if form is None:
                form = self._forms[metric.family.name] = _Form(metric.family, self._max)
            parts.append(form.render(metric.rows))
            duplicates += form.duplicates
            if metric.family.open_labels or form.dropped:
                dropped[metric.family.name] = form.dropped
        return Block(tuple(parts), duplicates, dropped)


class _Form:
    """A family's template and the label values it was made for."""

    def __init__(self, family: Family, max_label_values: int) -> None:
        self.family = family
        self.head = Head(family.base_name, family.type, family.help, family.unit)
        self.width = len(family.buckets) + 3 if family.type == "histogram" else 1
        self.duplicates = self.dropped = 0
        self._max = max_label_values
        self._admitted: dict[str, set[str]] = {label: set() for label in family.open_labels}
        self._refused: set[tuple[str, str]] = set()
        self._rows = -1
        self._columns: Columns = []
        self._sources: list[list[int]] | None = None
        self._template = ""
        self._values: Sequence[Any] = ()
        self._part = Part(self.head, b"", 0)

    def render(self, rows: Sequence[Row]) -> Part:
        try:
            columns, values = self._histogram(rows) if self.width > 1 else self._scalars(rows)
        except ValueError:
            raise self._misfit() from None
        if columns != self._columns or len(values) != self._rows:
            self._prepare(columns, len(values))
        values = _numbers(values, self.family) if self._sources is None else self._merged(values)
        if values != self._values or self._part.series == 0:
            self._part = Part(self.head, (self._template % tuple(values)).encode(), len(values))
            self._values = values
        return self._part

    def _scalars(self, rows: Sequence[Row]) -> tuple[Columns, Sequence[Any]]:
        """Raises ValueError for rows of different lengths."""
        if not rows:
            return [], ()
        *columns, values = _columns(rows)
        if None in values:
            return self._scalars([row for row in rows if row[-1] is not None])
        return columns, values

    def _histogram(self, rows: Sequence[Row]) -> tuple[Columns, Sequence[Any]]:
        if not rows:
            return [], ()
        values: list[Any] = []
        for *_, counts, total, count in rows:
            if (
                len(counts) != len(self.family.buckets)
                or list(counts) != sorted(counts)
                or max(counts) > count
            ):
                raise CollectError(
                    "data", f"{self.family.name}: counts must be cumulative, one for each bucket"
                )
            values += (*counts, count, total, count)
        *columns, _, _, _ = _columns(rows)
        return columns, values

    def _misfit(self) -> CollectError:
        labels = self.family.labels
        return CollectError("data", f"{self.family.name}: a row does not have the labels {labels}")

    def _prepare(self, columns: Columns, count: int) -> None:
        """Check the label values and make the template; runs only when they changed."""
        if count and len(columns) != len(self.family.labels):
            raise self._misfit()
        self._refused.clear()
        shown = [tuple(map(_text, column)) for column in columns]
        texts: list[Labels] = list(zip(*shown, strict=True)) if shown else [()] * (count // self.width)
        if self._all_allowed(shown) and len(set(texts)) == len(texts):
            self.duplicates, self._sources = 0, None
        else:
            texts = self._sorted_out(texts)
        self.dropped = len(self._refused)
        self._template = _templates(self.family, texts)
        self._rows, self._columns, self._part = count, columns, Part(self.head, b"", 0)

    def _all_allowed(self, columns: Sequence[Labels]) -> bool:
        """The usual case, judged by column: no value has to be looked at in its row."""
        for label, values in zip(self.family.labels, columns, strict=False):
            column = set(values)
            closed = self.family.values.get(label)
            if closed is not None:
                if not column.issubset(closed):
                    return False
            elif len(column | self._admitted[label]) <= self._max:
                self._admitted[label] |= column
            else:
                return False
        return True

    def _sorted_out(self, texts: list[Labels]) -> list[Labels]:
        """The label values to expose, and in `_sources` which rows each of them is made of."""
        seen: dict[Labels, int] = {}
        for index, values in enumerate(texts):
            seen.setdefault(values, index)
        self.duplicates = len(texts) - len(seen)
        sources: dict[Labels, list[int]] = {}
        for values, index in seen.items():
            if (bounded := self._bounded(values)) is not None:
                sources.setdefault(bounded, []).append(index)
        self._sources = list(sources.values())
        return list(sources)

    def _bounded(self, values: Labels) -> Labels | None:
        """The values that may be exposed; None: leave the row out."""
        kept = list(values)
        for place, (label, value) in enumerate(zip(self.family.labels, values, strict=True)):
            if self._allowed(label, value):
                continue
            self._refused.add((label, value))
            closed = self.family.values.get(label)
            if (closed is not None and OTHER not in closed) or self.family.type in ("gauge", "info"):
                return None  # a sum of gauges means nothing
            kept[place] = OTHER
        return tuple(kept)

    def _allowed(self, label: str, value: str) -> bool:
        closed = self.family.values.get(label)
        if closed is not None:
            return value in closed
        admitted = self._admitted[label]
        if value not in admitted and len(admitted) < self._max:
            admitted.add(value)
        return value in admitted

    def _merged(self, values: Sequence[Any]) -> list[Any]:
        assert self._sources is not None
        width, numbers = self.width, _numbers(values, self.family)
        return [
            _sum([numbers[index * width + place] for index in indexes])
            for indexes in self._sources
            for place in range(width)
        ]


def _columns(rows: Sequence[Row]) -> Columns:
    """One by one: for many rows that is faster than zip(*rows). Raises ValueError for ragged rows."""
    (width,) = set(map(len, rows))
    return [tuple(map(itemgetter(place), rows)) for place in range(width)]


def _numbers(values: Sequence[Any], family: Family) -> Sequence[Any]:
    """Values whose str() is a sample's value; the usual case costs two passes in C."""
    if set(map(type, values)) <= _PLAIN:
        try:
            if math.isfinite(sum(values)):
                return values
        except OverflowError:
            pass
    return [_number(value, family) for value in values]


def _number(value: Any, family: Family) -> int | float | str:
    if isinstance(value, int):
        return int(value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        kind = type(value).__name__
        raise CollectError("data", f"{family.name}: a value of type {kind} is not a number") from None
    return number if math.isfinite(number) else go_float(number)


def _sum(numbers: list[Any]) -> int | float | str:
    if len(numbers) == 1:
        return numbers[0]  # type: ignore[no-any-return]
    total = sum(float(number) if isinstance(number, str) else number for number in numbers)
    return total if math.isfinite(total) else go_float(total)


def _text(value: Any) -> str:
    """A label value as text that can be written as UTF-8, without NUL."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = "" if value is None else str(value)
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", "\ufffd")


def _escaped(text: str) -> str:
    return text.translate(_LABEL_ESCAPES)


def _templates(family: Family, rows: list[Labels]) -> str:
    """The lines of all rows, with %s in place of each value."""
    labels = [f'{label}="%s"' for label in family.labels]
    if family.type == "histogram" or not labels or any(map(_SPECIAL.search, chain.from_iterable(rows))):
        return "".join(_template(family, values) for values in rows)
    line = f"{family.name}{{{','.join(labels)}}} %%s\n"
    return "".join([line % values for values in rows])


def _template(family: Family, values: Labels) -> str:
    pairs = ",".join(f'{k}="{_escaped(v)}"' for k, v in zip(family.labels, values, strict=True))
    pairs = pairs.replace("%", "%%")
    plain = f"{{{pairs}}}" if pairs else ""
    if family.type != "histogram":
        return f"{family.name}{plain} %s\n"
    before = f"{pairs}," if pairs else ""
    bounds = (*map(go_float, family.buckets), "+Inf")
    buckets = "".join(f'{family.name}_bucket{{{before}le="{bound}"}} %s\n' for bound in bounds)
    return f"{buckets}{family.name}_sum{plain} %s\n{family.name}_count{plain} %s\n"


def _render_samples(metric: Metric) -> Part:
    """Any prometheus_client metric, sample by sample; `_created` samples are left out."""
    head = Head(metric.name, metric.type, metric.documentation, metric.unit)
    lines = [_sample_line(sample) for sample in metric.samples if not sample.name.endswith("_created")]
    return Part(head, "".join(lines).encode(), len(lines))


def _sample_line(sample: Sample) -> str:
    values = tuple(map(_text, sample.labels.values()))
    return f"{_series(sample.name, tuple(sample.labels), values)} {go_float(sample.value)}\n"


@lru_cache(maxsize=1024)
def _series(name: str, labels: Labels, values: Labels) -> str:
    """A sample's name and labels: the same in each collection, as a rule."""
    found = sorted(zip(labels, values, strict=True))
    pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in found)
    return f"{name}{{{pairs}}}" if pairs else name
