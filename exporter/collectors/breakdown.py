"""Counters by course or assignment, where the configuration asks for it: which values become series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import product

from exporter.catalogue import LABELLED, Family
from exporter.collectors.rows import Record
from exporter.databases.pool import Session
from exporter.tally import Tally

OTHER = "other"


@dataclass(slots=True)
class Breakdown:
    """`patterns` by label: a value that fits none is `other`, and so is what comes after the first `most`.

    `values` is the statement that lists the values there are, newest first, so that their series begin at 0
    before anything is counted.
    """

    patterns: Mapping[str, tuple[str, ...]]
    values: str
    most: int
    _admitted: dict[tuple[str, ...], None] = field(default_factory=dict, init=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, in the order in which series carry them."""
        return tuple(self.patterns)

    def family(self, family: Family) -> Family:
        """The family with the labels, if it is one of those that can carry them."""
        if family not in LABELLED:
            return family
        return replace(family, labels=(*family.labels, *self.names))

    def declare(self, tally: Tally, family: Family) -> None:
        """Make the series of a family with the labels exist at 0, for all values that are known."""
        closed = [family.values[label] for label in family.labels if label in family.values]
        series = ((*first, *last) for first in product(*closed) for last in self._admitted)
        tally.declare(family, list(series))

    def carried_by(self, family: Family) -> bool:
        """Whether the family has the labels."""
        return set(self.names) <= set(family.labels)

    def of(self, record: Record) -> tuple[str, ...]:
        """The values of a row."""
        found = tuple(self._fitting(label, record.get(label)) for label in self.patterns)
        if found not in self._admitted:
            if len(self._admitted) >= self.most:
                found = (OTHER,) * len(found)
            self._admitted[found] = None
        return found

    def learn(self, session: Session) -> None:
        """Ask which values there are."""
        answer = session.run(self.values, {"limit": self.most} if ":limit" in self.values else {})
        for row in answer.rows[: self.most]:
            self.of(dict(zip(answer.columns, row, strict=True)))

    def remember(self, tally: Tally, families: Iterable[Family]) -> None:
        """Series of a saved state keep their place among the first `most`."""
        for family in filter(self.carried_by, families):
            for values in tally.counters.get(family.name, ()):
                self._admitted[values[-len(self.patterns) :]] = None

    def _fitting(self, label: str, value: object) -> str:
        text = "" if value is None else str(value)
        fits = text and any(fnmatchcase(text, pattern) for pattern in self.patterns[label])
        return text if fits else OTHER
