"""A round without Python's search for cycles: its rows are thousands of tuples that hold none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_gc() -> Iterator[None]:
    """Process-wide, for the milliseconds of a round; where it was paused before, it stays paused.

    What has no cycles, which is all of a round, is freed at once meanwhile.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
