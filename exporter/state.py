"""What the sidecar remembers across a restart: one JSON file a follower, replaced whole or not at all.

The file is a cache. It may be deleted at any time: counting then begins again at the newest row.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Set
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from exporter.counting import Position
from exporter.pending import Pending

FORMAT = 2
"""Raised when the meaning of the file changes; another format is treated like no file."""


class StateLost(Exception):  # noqa: N818 - it says what happened
    """There is no usable saved state; the message is a sentence for the log."""


@dataclass(frozen=True, slots=True)
class StateFile:
    """Where one follower's state is kept. `source` names what was read: another source makes it worthless."""

    path: Path
    source: str

    def load(self) -> dict[str, Any]:
        """The saved state; raises StateLost when there is none, it is broken, or it is of another source."""
        try:
            saved = json.loads(self.path.read_bytes())
            if saved["format"] != FORMAT:
                raise StateLost(f"{self.path} was written by another release")
            if saved["source"] != self.source:
                raise StateLost(f"{self.path} belongs to {saved['source']}")
            state: dict[str, Any] = saved["state"]
            return state
        except FileNotFoundError:
            raise StateLost(f"no saved state at {self.path}") from None
        except OSError as error:
            raise StateLost(f"{self.path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise StateLost(f"{self.path} is damaged") from None

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file in one step; after a crash the old or the new one is there. Raises OSError."""
        text = json.dumps({"format": FORMAT, "source": self.source, "state": state}, separators=(",", ":"))
        replace_file(self.path, lambda file: file.write(text.encode()))


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file anew; after a crash the old or the new one is there, whole. Raises OSError.

    The folder is not synchronized: when a power cut takes back the rename, the old file is there, and what
    came since is counted again from it.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def position_to_json(position: Position) -> dict[str, Any]:
    """A position as JSON values; the seen ids, mostly without gaps, as ranges."""
    return {
        "watermark": position.watermark,
        "marks": [list(mark) for mark in position.marks],
        "seen": to_ranges(position.seen),
        "pending": [[row_id, since] for row_id, since in position.pending.since.items()],
        "dropped": position.pending.dropped,
    }


def position_from_json(saved: dict[str, Any]) -> Position:
    """The reverse; raises KeyError, TypeError or ValueError for what is not a position."""
    pending = {int(row_id): float(since) for row_id, since in saved["pending"]}
    seen: set[int] = set()
    for first, last in saved["seen"]:
        seen.update(range(first, last + 1))
    return Position(
        watermark=int(saved["watermark"]),
        marks=[(float(at), int(mark)) for at, mark in saved["marks"]],
        seen=seen,
        pending=Pending(pending, int(saved["dropped"])),
    )


def to_ranges(ids: Set[int]) -> list[list[int]]:
    """Ids as [first, last] pairs of unbroken runs."""
    if not ids:
        return []
    first, last = min(ids), max(ids)
    if last - first + 1 == len(ids):  # the usual case
        return [[first, last]]
    ordered = sorted(ids)
    breaks = [(a, b) for a, b in pairwise(ordered) if b != a + 1]
    firsts = [ordered[0], *(b for _, b in breaks)]
    lasts = [*(a for a, _ in breaks), ordered[-1]]
    return [list(pair) for pair in zip(firsts, lasts, strict=True)]
