"""`databases:` the databases to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from exporter.config.names import AbsolutePath, unreadable
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

SCHEMES = ("sqlite",)

_STATEMENT = Duration(2)


@dataclass(frozen=True, slots=True)
class Database:
    """A database to read. `timeout` bounds one statement; `password_file` is read at each connect."""

    url: str
    timeout: Duration = _STATEMENT
    password_file: AbsolutePath | None = None

    @property
    def path(self) -> str:
        """The file of an SQLite URL; sqlite:///srv/a.db and sqlite:////srv/a.db both mean /srv/a.db."""
        return "/" + urlsplit(self.url).path.lstrip("/")


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section."""
    for name in document.value.databases:
        yield from _database_faults(document, name)


def _database_faults(document: Document[Any], name: str) -> Iterator[Fault]:
    database, limit = document.value.databases[name], document.value.collection.timeout
    place = ("databases", name)
    url = urlsplit(database.url)
    scheme = url.scheme.partition("+")[0]
    if scheme not in SCHEMES:
        yield document.fault((*place, "url"), unknown("scheme", scheme, (f"{s}://" for s in SCHEMES)))
    elif url.netloc or url.path.strip("/") == "":
        yield document.fault(
            (*place, "url"), 'a file is named by its absolute path: "sqlite:///srv/grader/grader.db"'
        )
    if url.password is not None:
        yield document.fault(
            (*place, "url"), "no password in a URL: write it to a file and name that in password_file"
        )
    if not database.timeout:
        yield document.fault((*place, "timeout"), "a timeout of 0s lets no statement answer")
    elif database.timeout > limit > Duration(0) and (*place, "timeout") in document.positions:
        yield document.fault(
            (*place, "timeout"), f"{database.timeout} is more than collection.timeout ({limit})"
        )
    if database.password_file is not None and (why := unreadable(database.password_file)):
        yield document.fault((*place, "password_file"), f"{database.password_file} cannot be read: {why}")
