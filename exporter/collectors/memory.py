"""A follower's saved state, with the log lines and the metric that tell when it was of no use."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from exporter.collectors.facts import Facts
from exporter.state import StateFile, StateLost

_LOG = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class Memory:
    """Without a file nothing is remembered and nothing is missed: that is what `once` wants."""

    block: str
    facts: Facts
    file: StateFile | None
    _saved: Any = field(default=None, init=False)
    _cannot_save: bool = field(default=False, init=False)
    _told: str = field(default="", init=False)

    def recall(self, read: Callable[[dict[str, Any]], T]) -> T | None:
        """What was saved, or None for a first start. `read` may raise the errors of a wrong shape.

        While the database is away each collection asks again: one loss is told and counted once.
        """
        if not self.file:
            return None
        try:
            saved = self.file.load()
            try:
                return read(saved)
            except (KeyError, TypeError, ValueError, AttributeError):
                raise StateLost(f"{self.file.path} is damaged") from None
        except StateLost as lost:
            if self._told != str(lost):
                self._told = str(lost)
                self.facts.rebuilds += 1
                _LOG.warning("block %s: %s; counting begins at the newest row", self.block, lost)
            return None

    def continues(self, old: Memory) -> bool:
        """Whether both remember the same rows of the same source, wherever they keep their files."""
        return self.file is not None and old.file is not None and self.file.source == old.file.source

    def keep(self, state: dict[str, Any], essence: Any = None) -> None:
        """Save what changed. A folder that cannot be written costs the next start, not this scrape.

        `essence` is what makes a state another one, the whole of it when not given.
        """
        essence = essence or state
        if not self.file or essence == self._saved:
            return
        try:
            self.file.save(state)
            self._saved, self._cannot_save = essence, False
        except OSError as error:
            if not self._cannot_save:
                why = error.strerror or type(error).__name__
                _LOG.warning("%s cannot be written: %s; a restart will lose events", self.file.path, why)
            self._cannot_save = True
