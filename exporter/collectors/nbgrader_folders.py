"""nbgrader's folders as they are now: attempts in the exchange, submissions and gradings in the course.

Names hold students' ids. They are compared here and leave this module as digests only. Students write into
these folders: whatever they put there, their fellows' submissions are read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from exporter.collector import Deadline

_DAY = timedelta(days=1)
_LONGEST_TIME = 100
"""Bytes of a timestamp.txt; the rest of a longer file is no time."""

Key = tuple[str, str]
"""Student and assignment."""
Status = Literal["waiting", "failed", "graded"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A folder of the exchange; `at` is Unix time."""

    key: Key
    at: float


@dataclass(frozen=True, slots=True)
class Collected:
    """A folder of submitted/; Unix times, `graded_at` None where autograded/ has no such folder."""

    key: Key
    at: float
    graded_at: float | None
    graded_attempt: float | None


def digest(key: Key) -> str:
    """A short name for a student's assignment that tells neither."""
    return hashlib.blake2b("\0".join(key).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def attempts(exchange: Path, deadline: Deadline) -> list[Attempt]:
    """What is in inbound/, in the order of time. Raises OSError for a folder that cannot be read."""
    found = []
    for entry in _entries(exchange / "inbound", deadline):
        # <user>+<assignment>+<time>+<random>; a user's name may hold a plus sign itself.
        parts = entry.name.rsplit("+", 3)
        if len(parts) != 4:
            continue
        at = parse_time(parts[2])
        if at is None:
            at = _changed_at(entry)
        if at is not None:
            found.append(Attempt((parts[0], parts[1]), at))
    return sorted(found, key=lambda attempt: attempt.at)


def collected(course: Path, deadline: Deadline) -> Iterator[Collected]:
    """What is in submitted/, each with its twin in autograded/. Raises OSError likewise."""
    for student in _entries(course / "submitted", deadline):
        for assignment in _entries(student, deadline):
            graded = course / "autograded" / student.name / assignment.name
            graded_at, at = _changed_at(graded), _timestamp(assignment)
            if at is None:
                at = _changed_at(assignment)
            if at is None:
                continue  # collected anew a moment ago: the folder before is gone
            yield Collected(
                key=(student.name, assignment.name),
                at=at,
                graded_at=graded_at,
                graded_attempt=None if graded_at is None else _timestamp(graded),
            )


def status(submission: Collected, in_database: bool) -> Status:
    """Where a submission stands. nbgrader removes the folder of a failed grading and leaves its row."""
    if submission.graded_at is None:
        return "failed" if in_database else "waiting"
    older = submission.graded_attempt is not None and submission.graded_attempt < submission.at
    return "waiting" if older else "graded"


def uncollected(found: Iterable[Attempt], there: dict[Key, Collected]) -> dict[Key, float]:
    """The newest attempts that submitted/ does not have yet, with their Unix times."""
    newest = {attempt.key: attempt.at for attempt in found}
    return {key: at for key, at in newest.items() if key not in there or there[key].at < at}


def parse_time(text: str) -> float | None:
    """Unix time of nbgrader's `2026-01-31 12:00:00.000000 UTC`; None for a zone known only by its name."""
    moment, _, zone = text.strip().rpartition(" ")
    try:
        naive = datetime.fromisoformat(moment)
    except ValueError:
        return None
    offset = _offset(zone)
    if offset is None or abs(offset) >= _DAY:
        return None
    return naive.replace(tzinfo=timezone(offset)).timestamp()


def _offset(zone: str) -> timedelta | None:
    if zone in ("UTC", "GMT", "Z"):
        return timedelta()
    sign, digits = zone[:1], zone[1:].replace(":", "")
    if sign not in ("+", "-") or len(digits) != 4 or not digits.isdecimal():
        return None
    amount = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return amount if sign == "+" else -amount


def _changed_at(folder: Path) -> float | None:
    """Unix time; None for a folder that is not there any more."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return None


def _timestamp(folder: Path) -> float | None:
    """What the file of that name says, if it is a file that says a time."""
    try:
        # Without waiting: opening a pipe would last until somebody writes into it.
        descriptor = os.open(folder / "timestamp.txt", os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            return parse_time(file.read(_LONGEST_TIME).decode())
    except (OSError, UnicodeDecodeError):
        return None


def _entries(folder: Path, deadline: Deadline) -> Iterator[Path]:
    """Folders in a folder; hidden ones are nobody's. One that nbgrader has not made yet is empty."""
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        folder.parent.stat()
        return
    for entry in entries:
        deadline.check()
        if not entry.name.startswith(".") and _is_folder(entry):
            yield entry


def _is_folder(entry: Path) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to where we must not look, or to what no name can be
        return False
