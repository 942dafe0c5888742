"""What can be broken in the demo grader, and the alert that must notice it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can be broken in the demo grader, and the alert that must notice it."""

    name: str
    breaks: str
    repaired: str
    alert: str
    speed: float
    """How much faster time runs by default, so that the story lasts two or three minutes."""
    notices: timedelta
    """How long the policy may take to notice, in the demo's time."""


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(
            "grader-stuck",
            "The grader hangs: submissions come in and none is graded.",
            "The grader works again.",
            "GradingStopped",
            30,
            timedelta(minutes=30),
        ),
        Fault(
            "database-down",
            "The grader's database is gone.",
            "The database is back.",
            "DatabaseConnectionFailed",
            30,
            timedelta(minutes=5),
        ),
        Fault(
            "error-burst",
            "The grader's web application answers many requests with an error.",
            "The web application answers as it should.",
            "HighErrorRate",
            30,
            timedelta(minutes=20),
        ),
        Fault(
            "queue-flood",
            "A deadline: a whole class submits at the same time.",
            "The flood is over and the queue empties.",
            "GradingBacklog",
            60,
            timedelta(minutes=30),
        ),
    )
}
