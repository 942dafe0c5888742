"""A clock that only goes forward, as fast as time does, whatever is done to the system's clock."""

from __future__ import annotations

import time

_STARTED = time.time() - time.monotonic()


def steady_time() -> float:
    """Unix time as it was when the process started, plus the time that has passed since.

    Seconds. For distances between two readings of one process; a saved reading needs a shift.
    """
    return _STARTED + time.monotonic()
