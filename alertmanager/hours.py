"""When messages may go out: time intervals of hours, holidays and daily digests, and routes that keep them.

A child route inherits no time interval from its parent (dispatch/route.go), so each route names its own. A
range cannot say "not on holidays", so those mute beside the hours that let through.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from policy.escalation import Digest, Hours, PriorityPolicy
from policy.model import Policy
from typedyaml.units import Duration

Config = dict[str, Any]

HOLIDAYS = "holidays"
_WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
DIGEST_WINDOW = Duration(600)
"""Longer than two ticks, so that a daily digest is sent once and never missed."""


def intervals(policy: Policy) -> list[Config]:
    """The `time_intervals` that the routes name; nothing that no route uses, and none without use."""
    rows = sorted(policy.priorities.items())
    used = {row.hours for _, row in rows if row.hours}
    found = [_named(name, [_hours(hours)]) for name, hours in policy.hours.items() if name in used]
    if policy.holidays and any(_mutes(policy, row) for _, row in rows):
        found.append(_named(HOLIDAYS, _holidays(policy)))
    return found + [_named(_window(name), [_digest(row.digest)]) for name, row in rows if _daily(row)]


def limits(policy: Policy, priority: str) -> Config:
    """The keys of a route of this priority, and of each of its children."""
    row = policy.priorities[priority]  # type: ignore[index]
    active = [row.hours] if row.hours else [_window(priority)] if _daily(row) else []
    muted = [HOLIDAYS] if _mutes(policy, row) else []
    return {
        **({"active_time_intervals": active} if active else {}),
        **({"mute_time_intervals": muted} if muted else {}),
    }


def _mutes(policy: Policy, row: PriorityPolicy) -> bool:
    return bool(policy.holidays and policy.holidays.days and (row.hours or _daily(row)))


def _daily(row: PriorityPolicy) -> bool:
    return bool(row.digest and row.digest.at)


def _window(priority: str) -> str:
    return f"digest-{priority}"


def _named(name: str, spans: list[Config]) -> Config:
    return {"name": name, "time_intervals": spans}


def _weekdays(given: Sequence[str]) -> list[str]:
    """Alertmanager's weeks begin on Sunday, and its ranges do not go over their end: such a one is parted."""
    found: list[str] = []
    for text in given:
        first, _, last = text.partition(":")
        if last and _WEEK.index(first) > _WEEK.index(last):
            found += [f"{first}:{_WEEK[-1]}", f"{_WEEK[0]}:{last}"]
        else:
            found.append(text)
    return found


def _hours(hours: Hours) -> Config:
    return {
        "weekdays": _weekdays(hours.weekdays),
        "times": [{"start_time": span.start, "end_time": span.end} for span in hours.times],
        "location": hours.location,
    }


def _digest(digest: Digest | None) -> Config:
    assert digest
    assert digest.at
    hour, minute = map(int, digest.at.split(":"))
    end = hour * 60 + minute + int(DIGEST_WINDOW.seconds) // 60
    return {
        "weekdays": _weekdays(digest.weekdays),
        "times": [{"start_time": digest.at, "end_time": f"{end // 60:02}:{end % 60:02}"}],
        "location": digest.location,
    }


def _holidays(policy: Policy) -> list[Config]:
    """One span a month of a year."""
    assert policy.holidays
    days = sorted(set(policy.holidays.days))
    return [
        {
            "years": [str(year)],
            "months": [str(month)],
            "days_of_month": [str(day.day) for day in of_month],
            "location": policy.holidays.location,
        }
        for (year, month), of_month in groupby(days, key=lambda day: (day.year, day.month))
    ]
