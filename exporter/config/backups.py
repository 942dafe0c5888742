"""`backups:` where the grader's backups are to be found: files of a folder, or rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Annotated, Any

from msgspec import Meta

from exporter.config.names import AbsolutePath, Name
from exporter.config.statements import statement_faults
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

_SETTLED = Duration(120)
_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Backup:
    """A set of backups. `files` is a folder and a pattern; `sql` gives finished_at, success and size_bytes.

    A file smaller than `min_size` bytes is a failed backup; one that changed within `settled` is still being
    written.
    """

    files: AbsolutePath | None = None
    database: Name | None = None
    sql: str | None = None
    min_size: Annotated[int, Meta(ge=0)] = 1
    settled: Duration = _SETTLED


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section."""
    config = document.value
    for name, backup in config.backups.items():
        place = ("backups", name)
        # Of a path that is at fault itself, only the position is left.
        given = backup.files is not None or (*place, "files") in document.positions
        if given == (backup.database is not None):
            yield document.fault(
                place, "backups are files or rows of a database: give files, or database and sql"
            )
        if backup.files is not None:
            yield from _files_faults(document, place, backup.files)
        if backup.database is not None and (
            backup.database not in config.databases
            and ("databases", backup.database) not in document.positions
        ):
            message = unknown("database", backup.database, config.databases)
            yield document.fault((*place, "database"), message)
        if backup.database is not None and backup.files is None and not (backup.sql or "").strip():
            yield document.fault(place, "a database needs sql: a SELECT of finished_at, success, size_bytes")
        elif backup.database is not None and backup.files is None and backup.sql is not None:
            yield from statement_faults(document, (*place, "sql"), backup.sql)
        yield from _of_the_other_kind(document, place, backup)


def _files_faults(document: Document[Any], place: tuple[str, str], files: str) -> Iterator[Fault]:
    path = PurePath(files)
    if _MAGIC & set(str(path.parent)):
        message = "only the last part of the path may have a pattern; give each folder a set of its own"
        yield document.fault((*place, "files"), message)
    elif files.endswith("/") or not path.name:
        yield document.fault(
            (*place, "files"), 'a folder and a pattern, such as "/var/backups/grader/*.sql.gz"'
        )


def _of_the_other_kind(document: Document[Any], place: tuple[str, str], backup: Backup) -> Iterator[Fault]:
    useless = ("sql",) if backup.database is None else ("min_size", "settled") if backup.files is None else ()
    kind = "files" if backup.database is None else "a database"
    for field in fields(backup):
        if field.name in useless and getattr(backup, field.name) != field.default:
            yield document.fault((*place, field.name), f"{field.name} has no effect on backups in {kind}")
