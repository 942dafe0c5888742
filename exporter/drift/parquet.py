"""Rows of Parquet files: a file, or many that are named with a *; each row group is read once."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from exporter.drift.batch import Batch, Column, Layout, make_batch
from exporter.drift.sources import Place, SourceError, Step

BATCH_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """Files of a pattern. The position holds, by name, inode, size and the rows that were read.

    A file that was rewritten with more rows is read from where reading ended; one with fewer from its
    beginning. A file that is broken, lacks a column, or is not written to its end yet, keeps no other from
    being read.
    """

    pattern: str
    layout: Layout

    def steps(self, place: Place | None, now: float, since: float) -> Iterator[Step]:
        """See Source."""
        pa.set_memory_pool(pa.system_memory_pool())
        names = sorted(glob.glob(self.pattern))
        if not names:
            raise SourceError(f"{self.pattern}: no such file")
        known = {name: list(place[name]) for name in names if name in (place or {})} if place else {}
        problems: list[str] = []
        for name in names:
            try:
                stat = os.stat(name)
                before = known.get(name, [0, -1, 0])
                if before[:2] == [stat.st_ino, stat.st_size]:
                    continue
                done = before[2]
                for batch, rows in self._read(name, done):
                    done = rows
                    # The size is only noted at the end: until then the file counts as changed.
                    known[name] = [stat.st_ino, -1, done]
                    yield Step(batch, {n: list(value) for n, value in known.items()})
                known[name] = [stat.st_ino, stat.st_size, done]
                yield Step(make_batch(self.layout, {}, 0), {n: list(value) for n, value in known.items()})
            except SourceError as error:
                problems.append(str(error))
            except (pa.ArrowException, OSError) as error:
                problems.append(f"{name} is not a whole Parquet file ({_kind(error)})")
        if problems:
            raise SourceError("; ".join(problems))

    def _read(self, name: str, done: int) -> Iterator[tuple[Batch, int]]:
        """Batches after the first `done` rows, each with the rows of the file up to its end."""
        with pq.ParquetFile(name, memory_map=False, pre_buffer=False) as file:
            present = set(file.schema_arrow.names)
            for column in self.layout.required:
                if column not in present:
                    found = ", ".join(file.schema_arrow.names)
                    raise SourceError(f'{name} has no column "{column}"; it has: {found}')
            if file.metadata.num_rows < done:
                done = 0
            groups, first = _groups_from(file, done)
            wanted = [column for column in self.layout.columns if column in present]
            absent = [column for column in self.layout.columns if column not in present]
            at = first
            for part in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=wanted, use_threads=False):
                rows = part.slice(max(0, done - at))
                at += part.num_rows
                if rows.num_rows:
                    columns = {column: self._column(rows, column) for column in wanted}
                    yield make_batch(self.layout, columns, rows.num_rows, absent=absent), at

    def _column(self, rows: Any, name: str) -> Column:
        """Numbers and times as floats with NaN for NULL, everything else as Python's values."""
        column = rows.column(name)
        kind = column.type
        if pa.types.is_timestamp(kind):
            ticks = column.cast(pa.int64())
            per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
            return np.asarray(_floats(ticks)) / per_second
        if (
            pa.types.is_integer(kind)
            and name in (self.layout.key, self.layout.cluster)
            and not column.null_count
        ):
            return column.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            if name == self.layout.version or name in self.layout.categories.values():
                return column.to_pylist()  # type: ignore[no-any-return]
            return np.asarray(_floats(column))
        return column.to_pylist()  # type: ignore[no-any-return]


def _floats(column: Any) -> Any:
    values = column.cast(pa.float64(), safe=False)
    return values.fill_null(float("nan")).to_numpy(zero_copy_only=False)


def _groups_from(file: Any, done: int) -> tuple[list[int], int]:
    """The row groups that hold rows after the first `done`, and the rows before them."""
    first = 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if first + rows > done:
            return list(range(group, file.num_row_groups)), first
        first += rows
    return [], first


def _kind(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
