"""Rows of a CSV or JSON Lines file that grows: whole lines only, across rotation and truncation."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

from exporter.drift.batch import Batch, Column, Layout, make_batch
from exporter.drift.sources import STEP_ROWS, Place, SourceError, Step

LONGEST_LINE = 1 << 20
"""Bytes. A longer line is no row, and must not become memory."""
_TAIL = 256
"""Bytes before the position whose hash tells whether the file is still the one that was read."""


@dataclass(frozen=True, slots=True)
class LinesSource:
    """A file that is appended to. The position is inode, offset, and a hash of what stands before it.

    After a rotation the old file is found by its inode beside the new one, and read to its end first.
    """

    path: Path
    format: Literal["csv", "jsonl"]
    layout: Layout

    def steps(self, place: Place | None, now: float, since: float) -> Iterator[Step]:
        """See Source. A line without its end is left for the next time."""
        begun = place is not None
        place = dict(place or {})
        note = None
        try:
            with self.path.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                if place.get("inode") not in (None, inode):
                    rotated = _beside(self.path, place["inode"])
                    if rotated is None:
                        note = f"{self.path} was replaced; what was not read of the old file is lost"
                    else:
                        place["old"] = {key: place[key] for key in ("inode", "offset", "tail")}
                    # First of all: what is read of the old file stays read if the new one cannot be.
                    place |= {"inode": inode, "offset": 0, "tail": ""}
                    if rotated is not None:
                        yield from self._old(rotated, place)
                elif place.get("old") and (rotated := _beside(self.path, place["old"]["inode"])):
                    # Its writer may not have noticed the rotation yet.
                    yield from self._old(rotated, place)
                place.setdefault("inode", inode)
                if place.get("offset") and not _same(file, place):
                    note = f"{self.path} was truncated; it is read from its beginning"
                    place |= {"offset": 0, "tail": ""}
                for batch, offset, tail in self._read(file, int(place.get("offset", 0))):
                    place |= {"offset": offset, "tail": tail}
                    yield Step(batch, dict(place), note)
                    note = None
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read: {error.strerror}") from None
        if note or (not begun and "offset" not in place):
            yield Step(make_batch(self.layout, {}, 0), {"offset": 0, "tail": "", **place}, note)

    def _old(self, rotated: Path, place: Place) -> Iterator[Step]:
        old = place["old"]
        with rotated.open("rb") as file:
            for batch, offset, tail in self._read(file, int(old["offset"])):
                old |= {"offset": offset, "tail": tail}
                yield Step(batch, {**place, "old": dict(old)})

    def _read(self, file: BinaryIO, offset: int) -> Iterator[tuple[Batch, int, str]]:
        """Batches, each with the offset behind it and the hash of what stands before that."""
        header: list[str] | None = None
        if self.format == "csv":
            file.seek(0)
            first = file.readline(LONGEST_LINE)
            if not first.endswith(b"\n"):
                return
            header = self._header(first)
            self._check(header)
            offset = max(offset, len(first))
        file.seek(offset)
        while lines := [line for line in islice(_whole_lines(file), STEP_ROWS) if line]:
            offset += sum(map(len, lines))
            batch = self._csv(header, lines) if header is not None else self._jsonl(lines)
            yield batch, offset, _tail(file, offset)
            file.seek(offset)

    def _header(self, line: bytes) -> list[str]:
        try:
            return next(csv.reader([line.decode("utf-8-sig", "replace")]), [])
        except csv.Error as error:
            raise SourceError(f"{self.path}: the first line is no header of a CSV file ({error})") from None

    def _check(self, header: Sequence[str]) -> None:
        for column in self.layout.required:
            if column not in header:
                found = ", ".join(header) or "none"
                raise SourceError(f'{self.path} has no column "{column}"; its first line has: {found}')

    def _csv(self, header: list[str], lines: list[bytes]) -> Batch:
        found = list(_parsed([line.decode("utf-8", "replace") for line in lines]))
        rows = [row for row in found if len(row) == len(header)]
        bad = sum(1 for row in found if row and len(row) != len(header))
        wanted = {name: header.index(name) for name in self.layout.columns if name in header}
        numeric = set(self.layout.numbers.values())
        columns: dict[str, Column] = {}
        for name, index in wanted.items():
            column = [row[index] for row in rows]
            # numpy reads text as numbers, but not the empty one.
            columns[name] = [value or "nan" for value in column] if name in numeric else column
        absent = [name for name in self.layout.columns if name not in header]
        return make_batch(self.layout, columns, len(rows), bad_lines=bad, absent=absent)

    def _jsonl(self, lines: list[bytes]) -> Batch:
        rows: list[dict[str, Any]] = []
        bad = 0
        for line in lines:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                rows.append(row)
            elif line.strip():
                bad += 1
        columns: dict[str, Column] = {name: [row.get(name) for row in rows] for name in self.layout.columns}
        absent = [name for name in self.layout.columns if rows and not any(name in row for row in rows)]
        return make_batch(self.layout, columns, len(rows), bad_lines=bad, absent=absent)


def _parsed(lines: list[str]) -> Iterator[list[str]]:
    """Fields of each line. Line by line where there are quotes: an open one must not swallow other rows."""
    if not any('"' in line for line in lines):
        try:
            yield from list(csv.reader(lines))
            return
        except csv.Error:  # a carriage return within a line, or a field without end
            pass
    for line in lines:
        try:
            yield next(csv.reader([line]), [])
        except csv.Error:
            yield [line] * 2**12


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends. One that is too long comes in pieces, none of which is a row."""
    while line := file.readline(LONGEST_LINE):
        if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
            return
        yield line


def _tail(file: BinaryIO, offset: int) -> str:
    start = max(0, offset - _TAIL)
    file.seek(start)
    return hashlib.blake2b(file.read(offset - start), digest_size=8).hexdigest()


def _same(file: BinaryIO, place: Place) -> bool:
    """Whether the file still has, before the position, what was read there."""
    offset = int(place["offset"])
    return os.fstat(file.fileno()).st_size >= offset and _tail(file, offset) == place["tail"]


def _beside(path: Path, inode: int) -> Path | None:
    """The file of the same folder with an inode, whose name begins like ours."""
    with os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(path.name) and entry.inode() == inode:
                return Path(entry.path)
    return None
