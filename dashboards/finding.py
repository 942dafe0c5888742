"""What a check finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault of a board; `panel` is its title, empty for the board itself. `rule` names the check."""

    board: str
    panel: str
    rule: str
    message: str

    def __str__(self) -> str:
        where = f'{self.board}, "{self.panel}"' if self.panel else self.board
        return f"{where}: {self.message} [{self.rule}]"


def panels_of(document: Json) -> Iterator[Json]:
    """All panels but the row headers, those of collapsed rows included."""
    for panel in document.get("panels", ()):
        if panel.get("type") == "row":
            yield from panel.get("panels", ())
        else:
            yield panel


def single_values(panel: Json) -> bool:
    """Whether the panel shows one figure a series."""
    return panel.get("type") in ("stat", "gauge", "bargauge")
