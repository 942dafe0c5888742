"""How students and graders behave: rates, outcomes and times, by a clock that may run faster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

HOUR, DAY = 3600.0, 86_400.0

COURSES = ("Algorithms", "Databases", "Statistics")
STUDENTS = 400
"""Students of one course."""
PROBLEMS = 5
"""Assignments with one deadline: a sheet."""
WORKERS = 4
SUBMISSIONS_PER_SECOND = 0.12
"""Mean over a day; four workers finish 0.5 a second, so the queue is short even before a deadline."""
REQUESTS_PER_SECOND = 3.0
"""Requests to the application, mean over a day."""
MOST_REQUESTS_PER_SECOND = 300.0
DEADLINE_EVERY = 2 * DAY
"""Each course has a deadline every other day at 18:00; the courses take turns."""
RUSH = 3 * HOUR
HEARTBEAT = 10.0
RESTING_ERRORS = 0.0001
"""Share of 5xx answers at rest: well within an objective of 99.9 %."""
REVIEW_SHARE = 0.03
"""Share of gradings that a person looks at as well."""
REVIEW_DELAY = HOUR / 2

_MEDIAN_GRADING = 5.0
_WEIGHTS = {
    "partial": 0.30,
    "rejected": 0.34,
    "compile_error": 0.15,
    "runtime_error": 0.11,
    "time_limit": 0.07,
    "memory_limit": 0.02,
    "output_limit": 0.01,
}


@dataclass(frozen=True, slots=True)
class Clock:
    """The grader's day: `speed` simulated seconds pass in a real one. Stored times are always real ones."""

    start: float
    speed: float = 1.0

    def simulated(self, real: float) -> float:
        """The simulated Unix time at a real one."""
        return self.start + (real - self.start) * self.speed

    def real(self, simulated: float) -> float:
        """The reverse."""
        return self.start + (simulated - self.start) / self.speed


def daily_wave(simulated: float) -> float:
    """Activity by the hour: 0.4 at four in the morning, 1.6 at four in the afternoon, 1 on the mean."""
    hour = simulated % DAY / HOUR
    return 1.0 - 0.6 * math.cos((hour - 4) / 24 * 2 * math.pi)


def next_deadline(course: int, simulated: float) -> float:
    """The course's next deadline after a time: 18:00, the courses staggered."""
    offset = 18 * HOUR + course * DEADLINE_EVERY / len(COURSES)
    return math.ceil((simulated - offset) / DEADLINE_EVERY) * DEADLINE_EVERY + offset


def rush(simulated: float, deadlines: list[float]) -> float:
    """How much more is submitted in the hours before a deadline: 1 far away, 1.8 just before."""
    left = min((deadline - simulated for deadline in deadlines if deadline > simulated), default=RUSH)
    return 1.0 + 0.8 * max(0.0, 1.0 - left / RUSH)


def poisson(random: Random, mean: float) -> int:
    """A Poisson-distributed number; a normal one above 50, where the difference cannot be seen."""
    if mean > 50:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count


@dataclass(frozen=True, slots=True)
class Grading:
    """What a worker will find: `seconds` of simulated time, score as a share of the maximum."""

    outcome: str
    seconds: float
    score: float | None


def grade(random: Random, attempt: int) -> Grading:
    """Grade one attempt: later ones are better, times are log-normal."""
    if random.random() < 0.001:
        return Grading("internal_error", 2.0, None)
    seconds = _MEDIAN_GRADING * math.exp(random.gauss(0.0, 0.6))
    if random.random() < min(0.85, 0.25 + 0.15 * attempt):
        return Grading("accepted", seconds, 1.0)
    outcome = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    if outcome == "compile_error":
        return Grading(outcome, 1.0, 0.0)
    if outcome == "time_limit":
        return Grading(outcome, 20.0, 0.0)
    return Grading(outcome, seconds, round(random.uniform(0.2, 0.9), 2) if outcome == "partial" else 0.0)


def human_score(random: Random, machine: float) -> float:
    """A person's score beside the machine's: mostly equal, sometimes close, rarely different."""
    kind = random.random()
    if kind < 0.85:
        return machine
    step = random.uniform(0.01, 0.1) if kind < 0.96 else random.uniform(0.2, 0.5)
    return machine - step if machine >= step else machine + step


def response_seconds(random: Random) -> float:
    """Duration of one answer of the application: 50 ms in the middle, rarely above 0.3 s."""
    return 0.05 * math.exp(random.gauss(0.0, 0.6))
