"""Rows of a log as columns: times, versions, numbers (NaN where one is missing), categories, keys."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from exporter.databases.packing import unpack
from exporter.drift.arrays import Flags, Floats, Keys

Column = Sequence[object] | Floats
_MILLISECONDS = 1e11
"""Unix seconds of the year 5138: larger numbers are milliseconds."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns to read; `numbers` and `categories` by the name that they have here.

    `time`, `version`, `key` and `cluster` are None where rows have none.
    """

    numbers: dict[str, str] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    time: str | None = None
    version: str | None = None
    key: str | None = None
    cluster: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column once, in the order in which sources give them."""
        return tuple(dict.fromkeys([*self.required, *self.numbers.values(), *self.categories.values()]))

    @property
    def only_numbers(self) -> tuple[str, ...]:
        """Columns that are read as numbers and as nothing else."""
        others = {*self.required, *self.categories.values()}
        return tuple(dict.fromkeys(name for name in self.numbers.values() if name not in others))

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which rows make no sense; a feature's may be gone."""
        return tuple(name for name in (self.time, self.version, self.key, self.cluster) if name)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows. `times` are Unix seconds, NaN where unreadable; `bad_numbers` marks rows with text instead.

    `bad_lines` counts lines of a file that were no row. `absent` names columns that the source lacks.
    """

    rows: int
    times: Floats
    versions: list[str] | None
    numbers: dict[str, Floats]
    categories: dict[str, Sequence[object]]
    keys: Keys | None
    bad_numbers: dict[str, int]
    bad_rows: int
    bad_lines: int = 0
    absent: frozenset[str] = frozenset()
    clusters: Keys | None = None


def make_batch(
    layout: Layout, columns: dict[str, Column], rows: int, *, bad_lines: int = 0, absent: Iterable[str] = ()
) -> Batch:
    """Convert columns by name; a column that is not given is missing in each row."""
    wrong = np.zeros(rows, bool)
    bad_numbers: dict[str, int] = {}
    numbers: dict[str, Floats] = {}
    for name, column in layout.numbers.items():
        numbers[name], bad = to_numbers(columns.get(column), rows)
        if bad is not None:
            bad_numbers[name] = int(bad.sum())
            wrong |= bad
    nothing: list[object] = [None] * rows
    categories: dict[str, Sequence[object]] = {}
    for name, column in layout.categories.items():
        found = columns.get(column, nothing)
        categories[name] = found.tolist() if isinstance(found, np.ndarray) else found
    versions, keys, clusters = (
        columns.get(name or "") for name in (layout.version, layout.key, layout.cluster)
    )
    return Batch(
        rows=rows,
        times=to_seconds(columns.get(layout.time or ""), rows),
        versions=None if versions is None else _texts(versions),
        numbers=numbers,
        categories=categories,
        keys=None if keys is None else to_keys(keys),
        bad_numbers=bad_numbers,
        bad_rows=int(wrong.sum()),
        bad_lines=bad_lines,
        absent=frozenset(absent),
        clusters=None if clusters is None else to_keys(clusters),
    )


def _texts(column: Column) -> list[str]:
    """Values as text, "" for a missing one; they are few, and repeat."""
    try:
        text = {value: "" if value is None else str(value) for value in set(column)}
    except TypeError:  # lists and objects of a JSON log
        return ["" if value is None else str(value) for value in column]
    return list(text.values()) * len(column) if len(text) == 1 else [text[value] for value in column]


def to_numbers(column: Column | None, rows: int) -> tuple[Floats, Flags | None]:
    """Values as numbers, NaN for missing ones and for text; and where there was text, None for nowhere."""
    if column is None:
        return np.full(rows, np.nan), None
    try:
        return _packed(column), None
    except (TypeError, ValueError, OverflowError):
        pass
    values, bad = np.full(rows, np.nan), np.zeros(rows, bool)
    for index, value in enumerate(column):
        if value is None or value == "":
            continue
        try:
            values[index] = float(value)
        except (TypeError, ValueError, OverflowError):
            bad[index] = True
    return values, bad if bad.any() else None


def _packed(column: Column) -> Floats:
    """Numbers as an array; where none is missing, packing them takes half as long."""
    if isinstance(column, tuple):
        try:
            return np.frombuffer(struct.pack(f"{len(column)}d", *column))
        except struct.error:  # a missing one, or text
            pass
    return np.asarray(column, dtype=float)


def unpacked(cells: Sequence[bytes], width: int) -> Sequence[Column]:
    """The columns of rows of `width` numbers that were packed (`exporter.databases.packing`)."""
    if not cells or set(map(len, cells)) == {8 * width}:
        # A column's values side by side: they are sorted and counted a column at a time.
        return list(np.ascontiguousarray(np.frombuffer(b"".join(cells)).reshape(-1, width).T))
    return list(zip(*(unpack(cell, width) for cell in cells), strict=True))


def to_seconds(column: Column | None, rows: int) -> Floats:
    """Unix seconds of numbers (seconds or milliseconds), of dates, and of ISO 8601 text; NaN for the rest."""
    if column is None:
        return np.full(rows, np.nan)
    try:
        seconds = _packed(column)
    except (TypeError, ValueError, OverflowError):
        return np.array([_seconds(value) for value in column], dtype=float)
    return np.where(np.abs(seconds) > _MILLISECONDS, seconds / 1000, seconds)


def _seconds(value: object) -> float:
    """One time; without a zone it is UTC."""
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).isdecimal():
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return float("nan")
    return number / 1000 if abs(number) > _MILLISECONDS else number


def to_keys(column: Column) -> Keys:
    """Ids as 64 bits, the same for 12 and "12"; text is hashed."""
    try:
        numbers = np.asarray(column)
        if numbers.dtype.kind in "iu":
            return numbers.astype(np.uint64)
    except (ValueError, OverflowError):
        pass
    return np.array([_key(value) for value in column], dtype=np.uint64)


def _key(value: object) -> int:
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if text.isdecimal() and len(text) < 19:
        return int(text)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
