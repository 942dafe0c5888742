"""The exposition formats: what a page is made of, for the Prometheus text format 0.0.4 and OpenMetrics 1.0.

Both have the same sample lines and differ in the heads of the families.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

_TEXT_TYPES = {"unknown": "untyped", "info": "gauge", "stateset": "gauge", "gaugehistogram": "histogram"}


class Format(Enum):
    """An exposition format; the value is its content type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Head:
    """What the comment lines of a family say; `name` is without the suffix of its type."""

    name: str
    type: str
    help: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The sample lines of one family."""

    head: Head
    lines: bytes
    series: int


@dataclass(frozen=True, slots=True)
class Block:
    """A collector's answer, ready to be sent.

    `duplicates` counts rows that were left out; `dropped` holds, by family, the number of label values that
    were left out or counted as `other`.
    """

    parts: tuple[Part, ...] = ()
    duplicates: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def series(self) -> int:
        """Number of sample lines."""
        return sum(part.series for part in self.parts)


def unite(blocks: Sequence[Block]) -> tuple[list[Part], list[int]]:
    """The parts of a page, each family once; for each block the number of its rows that were there before."""
    parts: dict[str, Part] = {}
    repeated = [0] * len(blocks)
    for place, block in enumerate(blocks):
        for part in block.parts:
            first = parts.get(part.head.name)
            if first is None:
                parts[part.head.name] = part
                continue
            have = {line.rpartition(b" ")[0] for line in _lines_of(first)}
            lines = _lines_of(part)
            new = [line + b"\n" for line in lines if line.rpartition(b" ")[0] not in have]
            repeated[place] += len(lines) - len(new)
            parts[part.head.name] = Part(first.head, first.lines + b"".join(new), first.series + len(new))
    return list(parts.values()), repeated


def _lines_of(part: Part) -> list[bytes]:
    """Without their ends. Not splitlines: a carriage return in a label value ends no line."""
    return part.lines.split(b"\n")[:-1]


def page(parts: Iterable[Part], style: Format) -> bytes:
    """The body of an answer; families without series are left out."""
    pieces = [piece for part in parts if part.lines for piece in (_comments(part.head, style), part.lines)]
    if style is Format.OPENMETRICS:
        pieces.append(b"# EOF\n")
    return b"".join(pieces)


@lru_cache(maxsize=1024)
def _comments(head: Head, style: Format) -> bytes:
    text = head.help.replace("\\", r"\\").replace("\n", r"\n")
    if style is Format.TEXT:
        name = head.name + {"counter": "_total", "info": "_info"}.get(head.type, "")
        kind = _TEXT_TYPES.get(head.type, head.type)
        return f"# HELP {name} {text}\n# TYPE {name} {kind}\n".encode()
    text = text.replace('"', r"\"")
    unit = f"# UNIT {head.name} {head.unit}\n" if head.unit and head.name.endswith(f"_{head.unit}") else ""
    return f"# HELP {head.name} {text}\n# TYPE {head.name} {head.type}\n{unit}".encode()
