"""How good a set of rules was: what it found, how fast, and whom it woke for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.alerts.incident import Incident
from bench.alerts.replay import Notification
from bench.alerts.rhythm import HISTORY_DAYS, SCORED_DAYS
from bench.alerts.rulesets import RuleSet

PAGES = ("P1", "P2")
"""Priorities that call a person; the others are read in the morning."""
AFTERMATH = 7200.0
"""Seconds after an incident in which its alerts may still come: windows empty, a backlog is worked off."""


@dataclass(frozen=True, slots=True)
class Score:
    """`found` has an incident's seconds to detection; `in_time` names those known before their deadline."""

    title: str
    rules: int
    found: dict[str, float]
    in_time: frozenset[str]
    paged: frozenset[str]
    notifications: int
    pages: int
    repeats: int
    noise: tuple[Notification, ...]

    @property
    def pages_for_nothing(self) -> int:
        """Pages that belong to no incident."""
        return sum(note.priority in PAGES for note in self.noise)

    @property
    def pages_for_nothing_a_week(self) -> float:
        """The same, a week."""
        return self.pages_for_nothing * 7 / SCORED_DAYS


def score(rules: RuleSet, sent: Sequence[Notification], incidents: Iterable[Incident]) -> Score:
    """Count the scored weeks' notifications; one belongs to an incident when its rule reads what shows it."""
    begin = HISTORY_DAYS * 86400
    sent = [note for note in sent if note.at >= begin]
    reads = {alert.expr: rules.reads(alert.expr) for note in sent for alert in (f.alert for f in note.about)}
    found: dict[str, float] = {}
    in_time: set[str] = set()
    paged: set[str] = set()
    explained: set[int] = set()
    for incident in incidents:
        for number, note in enumerate(sent):
            if not incident.start <= note.at <= incident.end + AFTERMATH:
                continue
            if not any(reads[firing.alert.expr] & incident.shows_in for firing in note.about):
                continue
            explained.add(number)
            if note.at > incident.end:
                continue
            found.setdefault(incident.name, note.at - incident.start)
            if note.at <= incident.deadline:
                in_time.add(incident.name)
                if note.priority in PAGES:
                    paged.add(incident.name)
    noise = tuple(note for number, note in enumerate(sent) if number not in explained)
    return Score(
        title=rules.title,
        rules=len(rules.alerts),
        found=found,
        in_time=frozenset(in_time),
        paged=frozenset(paged),
        notifications=len(sent),
        pages=sum(note.priority in PAGES for note in sent),
        repeats=sum(note.repeated for note in sent),
        noise=noise,
    )
