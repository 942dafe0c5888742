"""How the demo's people behave: how often things happen, how long they take, what a survey says.

Rates are a simulated day's; durations are simulated seconds. They lie within what the policy promises, so
that a demo at rest is quiet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from gradewatch.demo.workload import DAY, HOUR

USERS = 1200
REGISTERED_OVER = 300 * DAY
HISTORY = 60 * DAY
"""How far back what is counted in windows has to reach: the longest window, and the one before it."""

SESSIONS = 150.0
FAILED_LOGINS = 14.0
EXPORTS = 6.0
HELP_REQUESTS = 25.0
FEEDBACK = 5.0
SUSPICIOUS = 0.3
INCIDENTS = 0.15
AUDITED = 40.0
PHI_ACCESSES = 8.0
SCAN_EVERY = DAY
REVIEW_EVERY = 4 * HOUR

TICKETS = {"critical": 0.2, "high": 1.0, "medium": 4.0, "low": 3.0}
SURVEYS = {"nps": 4.0, "csat": 6.0, "ces": 3.0}
FEATURES = {"submit": 0.75, "feedback": 0.55, "hints": 0.35, "discussion": 0.2}
"""Share of the sessions in which a feature is used; `submit` and `feedback` are the core ones."""
REASONS = ("new_country", "impossible_travel", "many_downloads")

_MEDIAN = {
    "answer": {"critical": 0.2 * HOUR, "high": HOUR, "medium": 2 * HOUR, "low": 6 * HOUR},
    "resolution": {"critical": HOUR, "high": 6 * HOUR, "medium": 18 * HOUR, "low": 40 * HOUR},
}
_MOST = {
    "answer": {"critical": 0.8 * HOUR, "high": 3.5 * HOUR, "medium": 7 * HOUR, "low": 22 * HOUR},
    "resolution": {"critical": 3.5 * HOUR, "high": 22 * HOUR, "medium": 68 * HOUR, "low": 160 * HOUR},
}
_SCORES = {
    "nps": ((10, 9, 8, 7, 5), (45, 25, 15, 8, 7)),
    "csat": ((5, 4, 3, 2), (55, 30, 10, 5)),
    "ces": ((1, 2, 3, 4), (25, 45, 20, 10)),
}


@dataclass(frozen=True, slots=True)
class Handling:
    """Seconds from the beginning to the first answer, and to the end."""

    answer: float
    end: float


def ticket(random: Random, urgency: str) -> Handling:
    """How a ticket is handled: log-normal, within the help desk's agreement."""
    first = min(_spread(random, _MEDIAN["answer"][urgency]), _MOST["answer"][urgency])
    rest = min(_spread(random, _MEDIAN["resolution"][urgency]), _MOST["resolution"][urgency])
    return Handling(first, max(rest, first * 1.1))


def feedback(random: Random) -> Handling:
    """An item of feedback: answered the next day, resolved within the week."""
    first = min(_spread(random, 10 * HOUR), 40 * HOUR)
    return Handling(first, first + _spread(random, DAY))


def incident(random: Random) -> Handling:
    """Acknowledged within minutes, resolved within half an hour."""
    first = min(_spread(random, 120.0), 600.0)
    return Handling(first, first + min(_spread(random, 900.0), 1500.0))


def session(random: Random) -> float:
    """Length of a visit: 18 minutes in the middle."""
    return min(_spread(random, 18 * 60.0), 4 * HOUR)


def export_bytes(random: Random) -> int:
    """A course's grades: 200 kB in the middle."""
    return int(min(_spread(random, 200_000.0, 1.0), 2e7))


def score(random: Random, survey: str) -> int:
    """What somebody answers."""
    values, weights = _SCORES[survey]
    return random.choices(values, weights)[0]


def _spread(random: Random, median: float, width: float = 0.7) -> float:
    return median * math.exp(random.gauss(0.0, width))
