"""Ready sets of the escalation matrix, one file each, for `matrix: <name>` in a policy."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import get_args

from policy.escalation import PriorityPolicy, ReadySet
from policy.scalars import Priority
from typedyaml.load import load

FOLDER = Path(__file__).parent
NAMES: tuple[ReadySet, ...] = get_args(ReadySet)


@cache
def ready(name: ReadySet) -> dict[Priority, PriorityPolicy]:
    """The rows of a set by priority."""
    rows: dict[Priority, PriorityPolicy] = load(FOLDER / f"{name}.yaml", dict[Priority, PriorityPolicy]).value
    return rows
