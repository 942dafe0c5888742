"""Unfinished rows that are followed until they are final: a bounded set of ids."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

MOST = 10_000
"""Reading 10,000 rows by primary key takes about 0.1 s: what a scrape can spare."""
OLDEST = 7 * 86_400.0
"""Seconds after which a row that never finishes is given up; some graders leave rows waiting for ever."""


@dataclass(slots=True)
class Pending:
    """Ids by the Unix time at which they were first seen. `dropped` counts what the bounds cost."""

    since: dict[int, float] = field(default_factory=dict)
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.since)

    def __contains__(self, row_id: int) -> bool:
        return row_id in self.since

    def copy(self) -> Pending:
        """A set that can change without changing this one."""
        return Pending(dict(self.since), self.dropped)

    def add(self, row_id: int, now: float) -> None:
        """Follow a row; one that is followed already keeps its time."""
        self.since.setdefault(row_id, now)

    def remove(self, row_id: int) -> None:
        """Stop following a row that became final or vanished."""
        self.since.pop(row_id, None)

    def shift(self, seconds: float) -> None:
        """Move every time by so much."""
        self.since = {row_id: since + seconds for row_id, since in self.since.items()}

    def ids(self) -> list[int]:
        """The ids in rising order."""
        return sorted(self.since)

    def keep_bounds(self, now: float, most: int = MOST, oldest: float = OLDEST) -> None:
        """Give up what is too old, then the oldest above `most`."""
        old = [row_id for row_id, since in self.since.items() if now - since > oldest]
        excess = len(self.since) - len(old) - most
        if excess > 0:
            rest = self.since.keys() - set(old)
            old += heapq.nsmallest(excess, rest, key=lambda row_id: (self.since[row_id], row_id))
        for row_id in old:
            del self.since[row_id]
        self.dropped += len(old)
