"""How far a long job is: one line on stderr that is rewritten on a terminal, now and then elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

_TERMINAL_SECONDS, _LOG_SECONDS = 0.2, 5.0


@dataclass(slots=True)
class Progress:
    """Says `what` is being done and how far it is; nothing for what is done at once."""

    what: str
    out: TextIO = field(default_factory=lambda: sys.stderr)
    _last: float = field(default_factory=time.monotonic)
    _shown: bool = False

    def __call__(self, state: str) -> None:
        """Show a state, when it is time to."""
        terminal = self.out.isatty()
        if time.monotonic() - self._last < (_TERMINAL_SECONDS if terminal else _LOG_SECONDS):
            return
        self._last, self._shown = time.monotonic(), True
        self.out.write(f"\r\x1b[K{self.what}: {state}" if terminal else f"{self.what}: {state}\n")
        self.out.flush()

    def end(self) -> None:
        """Leave a clean line."""
        if self._shown and self.out.isatty():
            self.out.write("\r\x1b[K")
            self.out.flush()
