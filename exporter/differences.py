"""Tables without a key to follow: the last state of each row is kept, and what changed is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Seconds = float
State = tuple[Any, ...]


@dataclass(slots=True)
class Known:
    """The last counted state of each row id, and states that must hold a while before they count.

    `unsettled` maps an id to (state, Unix time since when it is so).
    """

    states: dict[str, State] = field(default_factory=dict)
    unsettled: dict[str, tuple[State, Seconds]] = field(default_factory=dict)

    def copy(self) -> Known:
        """A copy that can change without changing this one."""
        return Known(dict(self.states), dict(self.unsettled))

    def shift(self, seconds: Seconds) -> None:
        """Move every time by so much: the clock that they were read from is another one now."""
        self.unsettled = {i: (state, since + seconds) for i, (state, since) in self.unsettled.items()}


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose state is new; `before` is None for a row that was never seen."""

    row_id: str
    before: State | None
    state: State


def begin(rows: Iterable[tuple[str, State]]) -> Known:
    """First start: what is there is known and counts nothing."""
    return Known(dict(rows))


def advance(
    old: Known, rows: Iterable[tuple[str, State]], now: Seconds, settle: Callable[[State], Seconds]
) -> tuple[Known, list[Change]]:
    """The new knowledge and what changed since `old`.

    A changed state counts once it has been the same for `settle(state)` seconds. A row that is gone stays
    known: one that comes back, after a backup was restored, must not count again.
    """
    new, changes = Known(dict(old.states)), []
    for row_id, state in rows:
        before = old.states.get(row_id)
        if state == before:
            continue
        seen, since = old.unsettled.get(row_id, (None, now))
        since = min(since, now) if seen == state else now
        if now - since < settle(state):
            new.unsettled[row_id] = (state, since)
            continue
        new.states[row_id] = state
        changes.append(Change(row_id, before, state))
    return new, changes


def to_json(known: Known) -> dict[str, Any]:
    """The knowledge as JSON values."""
    return {
        "states": {row_id: list(state) for row_id, state in known.states.items()},
        "unsettled": {row_id: [list(state), since] for row_id, (state, since) in known.unsettled.items()},
    }


def from_json(saved: dict[str, Any]) -> Known:
    """The reverse; raises KeyError, TypeError, ValueError or AttributeError for anything else."""
    return Known(
        {row_id: tuple(state) for row_id, state in saved["states"].items()},
        {row_id: (tuple(state), float(since)) for row_id, (state, since) in saved["unsettled"].items()},
    )
