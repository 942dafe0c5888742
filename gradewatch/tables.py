"""Tables of plain text for a terminal: columns as wide as their content, the last one wrapped."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

GAP = "  "


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Lines of at most `width` characters (the terminal's) where the last column can be wrapped."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header) - 1)]
    left = sum(widths) + len(GAP) * len(widths)
    limit = max((width or _terminal()) - left, 20)
    return "\n".join(_line(line, widths, left, limit) for line in lines)


def paragraph(text: str, width: int | None = None) -> str:
    """A sentence, wrapped at the terminal's width."""
    return textwrap.fill(text, width or _terminal(), break_long_words=False, break_on_hyphens=False)


def _terminal() -> int:
    return shutil.get_terminal_size((80, 24)).columns


def _line(cells: Sequence[str], widths: Sequence[int], left: int, limit: int) -> str:
    head = "".join(cell.ljust(width) + GAP for cell, width in zip(cells[:-1], widths, strict=True))
    first, *rest = textwrap.wrap(cells[-1], limit, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join([(head + first).rstrip(), *(" " * left + line for line in rest)])
