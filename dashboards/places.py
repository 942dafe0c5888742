"""On which board the cause of an alert shows."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.palette import INFO, Json
from dashboards.shell import (
    ADOPTION,
    ALERTING,
    ASSIGNMENTS,
    DATABASE,
    GRADER,
    MODEL,
    OVERVIEW,
    QUEUE,
    SLO,
    SYSTEM,
)

NAMES: Mapping[str, str] = {
    OVERVIEW: "Overview",
    GRADER: "Grader",
    ASSIGNMENTS: "Assignments",
    QUEUE: "Queue",
    DATABASE: "Database",
    SYSTEM: "System",
    MODEL: "Model",
    ADOPTION: "Support",
    SLO: "Objectives",
    ALERTING: "Alerting",
}
_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    GRADER: ("grading",),
    QUEUE: ("queue", "throughput"),
    DATABASE: ("database", "backup"),
    SYSTEM: ("saturation", "storage", "cache", "capacity"),
    MODEL: ("model",),
    ADOPTION: ("support", "compliance", "security"),
    SLO: ("certificate",),
    ALERTING: ("monitoring",),
}
BOARD_OF: Mapping[str, str] = {name: uid for uid, names in _CATEGORIES.items() for name in names}
"""The board of a category of alerts; OVERVIEW for those that are not in it."""


def with_board(expr: str) -> str:
    """The series of `expr` with the label `board`, the uid of their board, instead of `category`."""
    found = f'label_replace({expr}, "board", "{OVERVIEW}", "category", ".*")'
    for uid, names in _CATEGORIES.items():
        found = f'label_replace({found}, "board", "{uid}", "category", "{"|".join(names)}")'
    return f"max without (category) ({found})"


def names() -> Json:
    """A mapping from uid to the word that a person reads."""
    results = {uid: {"text": name, "color": INFO, "index": i} for i, (uid, name) in enumerate(NAMES.items())}
    return {"type": "value", "options": results}
