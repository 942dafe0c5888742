"""The types of the escalation matrix: steps in time, hours and holidays, digests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from policy.contacts import Channel
from policy.scalars import Name, Severity
from typedyaml.units import Duration

ReadySet = Literal["launch-day", "three-levels"]
"""Matrices that come with gradewatch, in policy/matrices/."""
_DAY = "(monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
Weekdays = Annotated[
    str, Meta(pattern=f"^{_DAY}(:{_DAY})?$", description='a weekday or a range like "monday:friday"')
]
TimeOfDay = Annotated[
    str,
    Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", description='a time like "08:00", in quotes'),
]
Zone = Annotated[
    str, Meta(pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$", description="a time zone like Europe/Berlin")
]
_EVERY_DAY: tuple[Weekdays, ...] = ("monday:sunday",)


@dataclass(frozen=True, slots=True)
class Span:
    """Within one day; a night is two spans."""

    start: TimeOfDay
    end: TimeOfDay


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody reads messages that need not wake anybody."""

    weekdays: Annotated[tuple[Weekdays, ...], Meta(min_length=1)]
    times: Annotated[tuple[Span, ...], Meta(min_length=1)]
    location: Zone = "UTC"


@dataclass(frozen=True, slots=True)
class Holidays:
    """Whole days on which what keeps to hours waits."""

    days: tuple[date, ...]
    location: Zone = "UTC"


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything of a priority in one message: `every` so often, or once a day `at` a time."""

    every: Duration | None = None
    at: TimeOfDay | None = None
    weekdays: tuple[Weekdays, ...] = _EVERY_DAY
    location: Zone = "UTC"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of escalation: `to` is told by `via`, `after` the alert fired and nobody acknowledged."""

    after: Duration
    to: Name | tuple[Name, ...]
    """One contact, or several who are told at the same time by the same channels."""
    via: Annotated[tuple[Channel, ...], Meta(min_length=1)]
    repeat: Duration | None = None
    """How often the step is told again until it is acknowledged or over; else `repeat_interval`."""

    @property
    def contacts(self) -> tuple[Name, ...]:
        """Everybody whom the step tells."""
        return (self.to,) if isinstance(self.to, str) else self.to


@dataclass(frozen=True, slots=True)
class Copy:
    """Told with step 0, for information; not a step."""

    to: Name
    via: Annotated[tuple[Channel, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class PriorityPolicy:
    """A row of the escalation matrix."""

    name: str
    severity: Severity
    respond: Duration
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    copy: Copy | None = None
    hours: Name | None = None
    """Messages wait for these `hours`; holidays wait too."""
    digest: Digest | None = None
    handover: bool = False
    """PagerDuty escalates by the `schedule` of step 0's contact; there are no steps of ours."""
