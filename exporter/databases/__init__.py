"""The graders' databases: one thin adapter a dialect, imported when a configured database needs it."""

from __future__ import annotations

from urllib.parse import urlsplit

from exporter.databases.address import Access
from exporter.databases.connection import Dialect
from exporter.databases.pool import MAX_CONNECTIONS, Pool

SCHEMES = {
    "sqlite": "sqlite",
    "mysql": "mysql",
    "mariadb": "mysql",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
"""Schemes that `databases.<name>.url` may begin with, a `+driver` suffix allowed, and their dialects."""
DIALECTS = tuple(dict.fromkeys(SCHEMES.values()))


def dialect_of(url: str) -> str:
    """The dialect of a database URL; ValueError, as a sentence, for one that no adapter reads."""
    scheme = urlsplit(url).scheme.partition("+")[0]
    if scheme not in SCHEMES:
        raise ValueError(f'"{scheme}" is no database that can be read; allowed: {", ".join(SCHEMES)}')
    return SCHEMES[scheme]


def adapter(url: str, access: Access | None = None) -> Dialect:
    """The adapter for a URL; nothing is opened yet.

    ValueError, as a sentence, for a wrong URL or a driver that is not installed.
    """
    dialect = dialect_of(url)
    try:
        if dialect == "mysql":
            from exporter.databases.mysql import MySQL
            from exporter.databases.mysql_drivers import driver

            driver()
            return MySQL.from_url(url, access)
        if dialect == "postgresql":
            from exporter.databases.postgresql import PostgreSQL

            return PostgreSQL.from_url(url, access)
    except ImportError:
        raise ValueError(
            f"no driver for {dialect} is installed: pip install 'gradewatch[{dialect}]'"
        ) from None
    from exporter.databases.sqlite import SQLite

    return SQLite.from_url(url)


def open_pool(
    name: str,
    url: str,
    *,
    statement_timeout: float = 2.0,
    access: Access | None = None,
    max_connections: int = MAX_CONNECTIONS,
) -> Pool:
    """A pool over the database `name` of the configuration; it connects when it is first used.

    `statement_timeout` bounds one statement, in seconds, however much time the scrape has left.
    """
    return Pool(name, adapter(url, access), statement_timeout, max_connections)
