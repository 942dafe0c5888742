"""Events of a table without a key: what the sizes of its groups grew by since they were last read.

Rows move between groups (a deadline is extended, a grading is repeated). So a total limits what its groups
may add: events of one id are at most as many as the number of its rows rose by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Labels = tuple[Any, ...]
Sizes = Mapping[str, Mapping[Labels, int]]
"""Rows by id (an assignment, say) and by what else tells groups apart."""


@dataclass(slots=True)
class Groups:
    """The sizes last read, and for each id the highest total that was told as events."""

    sizes: dict[str, dict[Labels, int]] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)


def begin(sizes: Sizes) -> Groups:
    """First start: what is there counts nothing."""
    return Groups(
        {row_id: dict(groups) for row_id, groups in sizes.items()},
        {row_id: sum(groups.values()) for row_id, groups in sizes.items()},
    )


def advance(
    old: Groups, sizes: Sizes, removed: Mapping[str, int] | None = None
) -> tuple[Groups, dict[tuple[str, Labels], int]]:
    """The new knowledge and the events by (id, labels).

    `removed` tells how many rows of an id are gone; so many fewer were told of what is there. Ids that
    vanish stay known: they may come back from a backup.
    """
    new = Groups(
        {row_id: dict(groups) for row_id, groups in {**old.sizes, **sizes}.items()},
        {row_id: max(0, told - (removed or {}).get(row_id, 0)) for row_id, told in old.told.items()},
    )
    events: dict[tuple[str, Labels], int] = {}
    for row_id, groups in sizes.items():
        total = sum(groups.values())
        budget = total - new.told.get(row_id, 0)
        new.told[row_id] = max(total, new.told.get(row_id, 0))
        before = old.sizes.get(row_id, {})
        grown = {labels: size - before.get(labels, 0) for labels, size in groups.items()}
        for labels, growth in sorted(grown.items(), key=lambda item: -item[1]):
            if (count := min(growth, budget)) > 0:
                events[row_id, labels] = count
                budget -= count
    return new, events


def fallen(old: Groups, sizes: Sizes) -> dict[str, int]:
    """How many rows each id has lost since `old`."""
    totals = {row_id: sum(groups.values()) for row_id, groups in sizes.items()}
    return {
        row_id: lost
        for row_id, groups in old.sizes.items()
        if row_id in totals and (lost := sum(groups.values()) - totals[row_id]) > 0
    }


def total_by_id(rows: Iterable[tuple[str, Labels, int]]) -> dict[str, dict[Labels, int]]:
    """Sizes by id and labels; groups that differ in nothing else are added up."""
    sizes: dict[str, dict[Labels, int]] = {}
    for row_id, labels, count in rows:
        groups = sizes.setdefault(row_id, {})
        groups[labels] = groups.get(labels, 0) + count
    return sizes


def to_json(groups: Groups) -> dict[str, Any]:
    """The knowledge as JSON values."""
    return {
        "sizes": {i: [[list(labels), n] for labels, n in g.items()] for i, g in groups.sizes.items()},
        "told": groups.told,
    }


def from_json(saved: dict[str, Any]) -> Groups:
    """The reverse; raises KeyError, TypeError, ValueError or AttributeError for anything else."""
    return Groups(
        {str(i): {tuple(labels): int(n) for labels, n in g} for i, g in saved["sizes"].items()},
        {str(i): int(n) for i, n in saved["told"].items()},
    )
