"""`databases:` the databases to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta

from exporter.config.names import AbsolutePath
from exporter.config.secrets import file_faults, secret_faults
from exporter.databases import SCHEMES
from exporter.databases.address import Access, Tls, parse
from exporter.databases.pool import MAX_CONNECTIONS
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

_STATEMENT = Duration(2)
_DRIVERS = {"mysql": ("MySQLdb", "pymysql"), "postgresql": ("psycopg",)}
_VERIFY: Tls = "verify"


@dataclass(frozen=True, slots=True)
class Database:
    """A database to read.

    `timeout` bounds one statement. The password is in `password_file` or in the variable `password_env` and
    read at each connect. At most `max_connections` are open. A statement of anybody that runs for more than
    `long_query_seconds` counts as long.
    """

    url: str
    timeout: Duration = _STATEMENT
    password_file: AbsolutePath | None = None
    password_env: str | None = None
    tls: Tls = "prefer"
    ca_file: AbsolutePath | None = None
    max_connections: Annotated[int, Meta(ge=1, le=20)] = MAX_CONNECTIONS
    long_query_seconds: Annotated[float, Meta(gt=0)] = 30.0

    @property
    def dialect(self) -> str:
        """The dialect that its statements are written in; else the scheme itself, or nothing."""
        try:
            scheme = urlsplit(self.url).scheme.partition("+")[0]
        except ValueError:
            return ""
        return SCHEMES.get(scheme, scheme)

    @property
    def access(self) -> Access:
        """How to log in and how to encrypt."""
        return Access(self.password_file, self.password_env, self.tls, self.ca_file)

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
    if fault := _url_fault(database):
        yield document.fault((*place, "url"), fault)
    yield from secret_faults(document, place, database)
    yield from _tls_faults(document, name)
    if not database.timeout:
        yield document.fault((*place, "timeout"), "a timeout of 0s lets no statement answer")
    elif database.timeout > limit > Duration(0) and (*place, "timeout") in document.positions:
        yield document.fault(
            (*place, "timeout"), f"{database.timeout} is more than collection.timeout ({limit})"
        )


def _url_fault(database: Database) -> str | None:
    """What is wrong with the URL, and whether there is a driver for it; a password is told elsewhere."""
    try:
        url = urlsplit(database.url)
    except ValueError:
        return "this is no URL"
    dialect = database.dialect
    if dialect not in SCHEMES.values():
        return unknown("scheme", dialect, (f"{s}://" for s in SCHEMES))
    if dialect == "sqlite":
        if url.netloc or url.path.strip("/") == "":
            return 'a file is named by its absolute path: "sqlite:///srv/grader/grader.db"'
        return None
    if url.password is None:
        try:
            parse(database.url, dialect)  # type: ignore[arg-type]
        except ValueError as error:
            return str(error)
    if not any(map(find_spec, _DRIVERS[dialect])):
        return f"no driver for {dialect} is installed: pip install 'gradewatch[{dialect}]'"
    return None


def _tls_faults(document: Document[Any], name: str) -> Iterator[Fault]:
    database: Database = document.value.databases[name]
    place = ("databases", name)
    for key in ("tls", "ca_file"):
        if database.dialect == "sqlite" and (*place, key) in document.positions:
            yield document.fault((*place, key), f"{key} is for servers; SQLite is a file")
    if database.ca_file is not None and database.tls != _VERIFY:
        yield document.fault((*place, "ca_file"), 'ca_file is used with "tls: verify" only')
    yield from file_faults(document, (*place, "ca_file"), database.ca_file)
