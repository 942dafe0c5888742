"""Which statements a session of PostgreSQL has prepared: what is asked at each scrape is planned once.

The server chooses whether a plan fits every value or is made for each; a plan that it keeps is made anew when
the statistics of a table change, and after RENEW_SECONDS in any case, because a table may grow without.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

RENEW_SECONDS = 600.0
MOST = 100
"""Statements that a session keeps; what comes after them is sent as it is."""
REFUSALS = ("26000", "42P05", "0A000")
"""SQLSTATE of a prepared statement that is not there, is there already, or whose columns have changed. The
first two mean that a pooler stands between, and the next statement may reach another session."""

_Types = Sequence[int] | None


@dataclass(slots=True)
class Prepared:
    """Names by statement and types of its parameters. A name is made of both: it never means another one."""

    allowed: bool = True
    _names: dict[tuple[bytes, tuple[int, ...]], bytes] = field(default_factory=dict)
    _asked: set[tuple[bytes, tuple[int, ...]]] = field(default_factory=set)
    _generation: int = 0
    _since: float = field(default_factory=time.monotonic)

    def name(self, text: bytes, types: _Types) -> tuple[bytes | None, bool]:
        """Under which name to run a statement, None for sending its text; and whether to prepare it first.

        One that is asked for the second time will be asked again.
        """
        key = (text, tuple(types or ()))
        if (known := self._names.get(key)) is not None:
            return known, False
        if key not in self._asked:
            if len(self._asked) < MOST:
                self._asked.add(key)
            return None, False
        if not self.allowed:
            return None, False
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        self._names[key] = name = f"gradewatch_{digest}_{self._generation}".encode()
        return name, True

    def expired(self) -> list[bytes]:
        """The names, once they are old enough: to be given up in the server, and then forgotten."""
        if time.monotonic() - self._since < RENEW_SECONDS:
            return []
        return list(self._names.values())

    def refused(self, state: str | None) -> bool:
        """Whether an error is about what was prepared: all of it is forgotten, and texts are sent again."""
        if state not in REFUSALS or not self._names:
            return False
        self.allowed = self.allowed and state == "0A000"
        self.forget()
        return True

    def forget(self) -> None:
        """Know no names; later ones are others."""
        self._names.clear()
        self._asked.clear()
        self._generation += 1
        self._since = time.monotonic()
