"""Many numbers of a row as one value: to hand a value to Python costs SQLite more than to read it."""

from __future__ import annotations

import marshal
import math
import struct

NAME = "packed"
"""The function's name in SQL."""
MOST = 100
"""Its arguments: more SQLite lets a function have only if it was built for more."""
Cell = str | int | float | bytes | None
_PACK = [struct.Struct(f"{width}d").pack for width in range(MOST + 1)]


def pack(*values: Cell) -> bytes:
    """Values as doubles one after another, NaN for NULL; with text or a blob among them, as they are."""
    try:
        return _PACK[len(values)](*values)
    except struct.error:
        pass
    try:
        return _PACK[len(values)](*[math.nan if value is None else value for value in values])
    except struct.error:
        found = marshal.dumps(values)
        # Told from doubles by its length; what follows the values is not read.
        return found if len(found) % 8 else found + b"\0"


def unpack(cell: bytes, width: int) -> tuple[Cell, ...]:
    """The `width` values that `pack` was given, with NaN for NULL where all are numbers."""
    if len(cell) == 8 * width:
        return struct.unpack(f"{width}d", cell)
    found: tuple[Cell, ...] = marshal.loads(cell)  # noqa: S302 - this process wrote it
    return found
