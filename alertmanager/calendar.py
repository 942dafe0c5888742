"""When a message that waits goes out: the next moment within hours, no holiday, or in a digest's window.

The same arithmetic as Alertmanager's time intervals, in the policy's time zone, for people who ask before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policy.model import Policy
from policy.scalars import Priority

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FARTHEST = 400
"""Days that are looked ahead: more than any row of holidays."""

Spans = Sequence[tuple[str, str]]


def goes_out(policy: Policy, priority: Priority, due: datetime) -> tuple[datetime, str]:
    """When a message that is due goes out if its alert still fires, and why it waits, else "".

    A time without a zone is one of the hours' zone. Raises ValueError when no day of a year ahead is open.
    """
    row = policy.priorities[priority]
    if row.hours:
        hours = policy.hours[row.hours]
        spans = sorted((span.start, span.end) for span in hours.times)
        why, weekdays, zone = row.hours, hours.weekdays, hours.location
    elif row.digest and row.digest.at:
        spans = [(row.digest.at, _later(row.digest.at))]
        why, weekdays, zone = f"digest at {row.digest.at}", row.digest.weekdays, row.digest.location
    else:
        return due, ""
    found = next(_open(due, _numbers(weekdays), spans, zone, _holidays(policy)), None)
    if found is None:
        raise ValueError(f"no day of the next {FARTHEST} is open by {why}")
    if found == due:
        return due, ""
    return found, "holiday" if due.date() in _holidays(policy) else f"waits for {why}"


def _holidays(policy: Policy) -> frozenset[date]:
    return frozenset(policy.holidays.days) if policy.holidays else frozenset()


def _later(at: str) -> str:
    hour, minute = map(int, at.split(":"))
    return f"{(hour * 60 + minute + 10) // 60:02}:{(minute + 10) % 60:02}"


def _numbers(weekdays: Sequence[str]) -> frozenset[int]:
    """Monday is 0; a range may go over the end of the week."""
    found: set[int] = set()
    for text in weekdays:
        first, _, last = text.partition(":")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(found)


def _open(
    due: datetime, weekdays: frozenset[int], spans: Spans, zone: str, closed: frozenset[date]
) -> Iterator[datetime]:
    """The moments from `due` on at which a span is open: `due` itself, or a span's beginning."""
    local = due.astimezone(ZoneInfo(zone)) if due.tzinfo else due
    for ahead in range(FARTHEST):
        day = local.date() + timedelta(days=ahead)
        if day.weekday() not in weekdays or day in closed:
            continue
        for start, end in spans:
            begins, ends = (_at(day, text).replace(tzinfo=local.tzinfo) for text in (start, end))
            if local < ends:
                yield max(local, begins)


def _at(day: date, text: str) -> datetime:
    if text == "24:00":
        return datetime.combine(day + timedelta(days=1), time())
    return datetime.combine(day, time.fromisoformat(text))
