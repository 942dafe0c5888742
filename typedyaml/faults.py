"""Faults of an input file: where, what is wrong, what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault; `str()` gives `file:line:column: message`, the form editors jump to."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class Faults(Exception):  # noqa: N818 - it holds faults, it is not one
    """All faults of an input, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


SHORT_LIST = 15
"""Up to so many names are listed beside a suggestion; without one all are."""


def unknown(what: str, found: object, allowed: Iterable[object]) -> str:
    """The sentence for a name that does not exist: the nearest one that does, and all when they are few."""
    names = sorted(map(str, allowed))
    near = difflib.get_close_matches(str(found), names, n=1)
    listed = f"allowed: {', '.join(names) or 'none'}"
    if not near:
        return f'unknown {what} "{found}"; {listed}'
    hint = f'unknown {what} "{found}"; did you mean "{near[0]}"?'
    return f"{hint} ({listed})" if len(names) <= SHORT_LIST else hint
