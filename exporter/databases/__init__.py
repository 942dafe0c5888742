"""The graders' databases: one thin adapter a dialect, imported when a configured database needs it."""

from __future__ import annotations

from urllib.parse import urlsplit

from exporter.databases.connection import Dialect
from exporter.databases.pool import Pool

DIALECTS = ("sqlite",)
"""Schemes that `databases.<name>.url` may begin with, a `+driver` suffix allowed."""


def dialect_of(url: str) -> str:
    """The dialect of a database URL; ValueError, as a sentence, for one that no adapter reads."""
    scheme = urlsplit(url).scheme.partition("+")[0]
    if scheme not in DIALECTS:
        raise ValueError(f'"{scheme}" is no database that can be read; allowed: {", ".join(DIALECTS)}')
    return scheme


def adapter(url: str) -> Dialect:
    """The adapter for a URL; nothing is opened yet. ValueError, as a sentence, for a wrong URL."""
    dialect_of(url)
    from exporter.databases.sqlite import SQLite

    return SQLite.from_url(url)


def open_pool(name: str, url: str, *, statement_timeout: float = 2.0) -> Pool:
    """A pool over the database `name` of the configuration; it connects when it is first used.

    `statement_timeout` bounds one statement, in seconds, however much time the scrape has left.
    """
    return Pool(name, adapter(url), statement_timeout)
