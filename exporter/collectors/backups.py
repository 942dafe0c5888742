"""Backups: when was the last good one, was the last attempt good, how large is it?"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collector import CollectError, Deadline, RowFamily
from exporter.config.backups import Backup
from exporter.databases.connection import Result
from exporter.databases.pool import Pool

MOST_FILES = 100_000
"""More entries than this a folder of backups does not have; looking at them would take too long."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A backup that has ended; `at` is Unix time, `size` in bytes and None where it is not known."""

    at: float
    good: bool
    size: float | None


def backup_collectors(backups: Mapping[str, Backup], pools: Mapping[str, Pool]) -> Iterator[BackupCollector]:
    """One for each set, so that a folder that cannot be read fails alone."""
    for name, backup in backups.items():
        pool = pools[backup.database] if backup.database is not None else None
        yield BackupCollector(f"backup-{name}", name, backup, pool)


@dataclass(slots=True)
class BackupCollector:
    """Looks at one set of backups. A set without any has no series: nothing is known of it."""

    name: str
    backup_name: str
    backup: Backup
    pool: Pool | None = None

    def families(self) -> Sequence[Family]:
        """What is known of a set."""
        return (
            catalogue.GRADER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS,
            catalogue.GRADER_BACKUP_LAST_ATTEMPT_TIMESTAMP_SECONDS,
            catalogue.GRADER_BACKUP_LAST_SUCCESS,
            catalogue.GRADER_BACKUP_SIZE_BYTES,
        )

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """Times in Unix seconds, size in bytes."""
        found = list(self._attempts(deadline))
        newest = max(found, key=lambda attempt: attempt.at, default=None)
        good = max((a for a in found if a.good), key=lambda attempt: attempt.at, default=None)
        values = (
            good.at if good else None,
            newest.at if newest else None,
            int(newest.good) if newest else None,
            good.size if good else None,
        )
        return [
            RowFamily(family, [(self.backup_name, value)])
            for family, value in zip(self.families(), values, strict=True)
        ]

    def _attempts(self, deadline: Deadline) -> Iterator[Attempt]:
        if self.pool is None:
            yield from _files(self.backup, time.time(), deadline)
            return
        with self.pool.session(deadline) as session:
            result = session.run(self.backup.sql or "")
        yield from _rows(result)


def _files(backup: Backup, now: float, deadline: Deadline) -> Iterator[Attempt]:
    """Files that fit the pattern and are no longer written to; links are left out, their targets count."""
    path = PurePath(backup.files or "")
    try:
        entries = os.scandir(path.parent)
    except OSError as error:
        raise CollectError("data", f"{path.parent} cannot be read: {error.strerror}") from None
    with entries:
        for seen, entry in enumerate(entries):
            if seen >= MOST_FILES:
                raise CollectError("limit", f"{path.parent} has more than {MOST_FILES} entries")
            if not seen % 1000:
                deadline.check()
            if not _fits(entry.name, path.name):
                continue
            try:
                if not entry.is_file(follow_symlinks=False):
                    continue
                stat = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed a moment ago: rotation
            # A clock that runs ahead on another machine must not make a file look unfinished for ever.
            if abs(now - stat.st_mtime) >= backup.settled.seconds:
                yield Attempt(stat.st_mtime, stat.st_size >= backup.min_size, stat.st_size)


def _fits(name: str, pattern: str) -> bool:
    """As a shell reads a pattern: hidden files, which copying programs write first, only when it says so."""
    return fnmatchcase(name, pattern) and (not name.startswith(".") or pattern.startswith("."))


def _rows(result: Result) -> Iterator[Attempt]:
    """Rows as attempts; one whose `success` or `finished_at` is NULL has not ended."""
    places = {column: place for place, column in enumerate(result.columns)}
    for needed in ("finished_at", "success"):
        if needed not in places:
            found = ", ".join(result.columns) or "none"
            raise CollectError("query", f'no column "{needed}" in the answer; it has: {found}')
    for row in result.rows:
        at, success = row[places["finished_at"]], row[places["success"]]
        size = row[places["size_bytes"]] if "size_bytes" in places else None
        if at is None or success is None:
            continue
        try:
            yield Attempt(float(at), bool(float(success)), None if size is None else float(size))
        except (TypeError, ValueError):
            raise CollectError("data", "finished_at, success and size_bytes must be numbers") from None
