"""What a role of MySQL or MariaDB may do, read from SHOW GRANTS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?:TABLE |FUNCTION |PROCEDURE |PACKAGE )?(?P<scope>\S+) TO ")
_QUOTES = re.compile('[`"]')
"""Of names; the second where the server's sql_mode has ANSI_QUOTES."""
_RIGHT = re.compile(r"((?:[^,(]|\([^)]*\))+)")
ALL = "ALL PRIVILEGES"
_HARMLESS = {
    "USAGE",
    "SELECT",
    "PROCESS",
    "SHOW VIEW",
    "SHOW DATABASES",
    "REPLICATION CLIENT",
    "BINLOG MONITOR",
    "SLAVE MONITOR",
    "REPLICA MONITOR",
}
"""Rights that only let a role see something."""
_REPLICATION = {"REPLICATION CLIENT", "SLAVE MONITOR", "REPLICA MONITOR", "SUPER", ALL}


@dataclass(frozen=True, slots=True)
class Grants:
    """Rights by what they are given on: `*.*`, a database `name.*` (a pattern), or a single table."""

    rights: tuple[tuple[str, frozenset[str]], ...]

    @classmethod
    def of(cls, lines: Iterable[str]) -> Grants:
        """Read the lines of SHOW GRANTS; those that grant a role and not a right say nothing."""
        found = (_GRANT.match(line) for line in lines)
        return cls(tuple((_QUOTES.sub("", f["scope"]), _rights(f["rights"])) for f in found if f))

    @property
    def sees_processes(self) -> bool:
        """Whether other users' statements are visible."""
        return bool(self._everywhere() & {"PROCESS", ALL})

    @property
    def sees_replication(self) -> bool:
        """Whether SHOW REPLICA STATUS is allowed."""
        return bool(self._everywhere() & _REPLICATION)

    def reads_all_of(self, database: str) -> bool:
        """Whether every table of a database is visible, so that their sizes add up to its size."""
        on_all_tables = (rights for scope, rights in self._on(database) if scope.endswith(".*"))
        return any(rights & {"SELECT", ALL} for rights in on_all_tables)

    def beyond_reading(self, database: str) -> list[str]:
        """Rights in a database, or in all, that go beyond reading: `INSERT on grader.*`."""
        return [
            f"{right} on {scope}"
            for scope, rights in self._on(database)
            for right in sorted(rights - _HARMLESS)
        ]

    def _everywhere(self) -> frozenset[str]:
        return frozenset().union(*(rights for scope, rights in self.rights if scope == "*.*"))

    def _on(self, database: str) -> Iterator[tuple[str, frozenset[str]]]:
        for scope, rights in self.rights:
            pattern = scope.partition(".")[0]
            if pattern == "*" or _like(pattern).fullmatch(database):
                yield scope, rights


def _rights(text: str) -> frozenset[str]:
    """`SELECT (a, b), INSERT` -> SELECT, INSERT: a right on some columns is that right."""
    return frozenset(part.partition("(")[0].strip().upper() for part in _RIGHT.findall(text))


def _like(pattern: str) -> re.Pattern[str]:
    """A database name in a grant: % and _ are wildcards, a backslash takes that from them."""
    tokens = re.findall(r"\\?.", pattern)
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(token, re.escape(token.removeprefix("\\"))) for token in tokens))
