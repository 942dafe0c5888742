"""A bound on requests: a token bucket for all clients together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Bucket:
    """Holds up to `burst` tokens and gains one each `interval` seconds; an interval of 0 is no bound."""

    def __init__(self, interval: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._burst = float(burst)
        self._clock = clock
        self._tokens = self._burst
        self._at = clock()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether a request may be answered now."""
        if not self._interval:
            return True
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) / self._interval)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
