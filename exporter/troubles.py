"""What is wrong with single things of a collection that succeeds as a whole: told once, not each time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Troubles:
    """One log line when a trouble begins, changes or ends. `kind` names the field that says whose it is."""

    log: logging.Logger
    collector: str
    kind: str
    _told: dict[str, str] = field(default_factory=dict)

    def tell(self, found: Mapping[str, str]) -> None:
        """What is wrong by name, "" where nothing is; never a secret or the contents of a job in it."""
        for name, trouble in found.items():
            if self._told.get(name, "") == trouble:
                continue
            self._told[name] = trouble
            fields = {"collector": self.collector, self.kind: name}
            if trouble:
                self.log.warning("fails", extra={**fields, "error": trouble})
            else:
                self.log.info("answers again", extra=fields)
