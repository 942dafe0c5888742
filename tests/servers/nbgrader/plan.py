"""What happens in the test course: who hands in what, when, and what a person does about it.

Read by two Pythons: nbgrader's own, which does it, and the tests', which count it. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

DUE = {"hw1": "2026-03-02 12:00:00.000000 UTC", "hw2": "2026-03-09 12:00:00.000000 UTC"}
NOTEBOOKS = {"hw1": ("loops", "essay"), "hw2": ("lists",)}
"""Three notebooks: loops has two machine-scored cells, essay one and a hand-graded text, lists one."""


@dataclass(frozen=True)
class Handin:
    """One attempt. `kind` is right, wrong, half, crash or endless; `hours` are from the due date on."""

    student: str
    assignment: str
    kind: str
    hours: float
    collected: bool = True
    graded: bool = True


FIRST_ROUND = (
    Handin("s01", "hw1", "right", -5),
    Handin("s02", "hw1", "wrong", -4),
    Handin("s03", "hw1", "half", +2),  # late
    Handin("s04", "hw1", "crash", -3),
    Handin("s05", "hw1", "wrong", -2),
    Handin("s05", "hw1", "right", -1),  # the same student again: the last attempt is collected
    Handin("s06", "hw1", "endless", -6),
    Handin("s07", "hw1", "right", +3),  # late, but with an extension
    Handin("s01", "hw2", "right", -5),
    Handin("s02", "hw2", "right", -4),  # a person finds that this is wrong
    Handin("s03", "hw2", "wrong", +1),  # late
    Handin("s04", "hw2", "right", -3, graded=False),
    Handin("s05", "hw2", "right", -2, collected=False),
)
SECOND_ROUND = (Handin("s02", "hw1", "right", +1),)
"""After the sidecar has been watching for a while."""

EXTENSION = ("s07", "hw1", 12)
"""Student, assignment, hours."""
BY_HAND = (("s02", "hw2", "lists", "test_lists", 0.0), ("s01", "hw1", "essay", "text", 2.0))
"""Student, assignment, notebook, cell, score: one that the machine had scored, one that only people score."""
