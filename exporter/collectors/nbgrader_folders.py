"""nbgrader's folders as they are now: attempts in the exchange, submissions and gradings in the course.

Names hold students' ids. They are compared here and leave this module as digests only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from exporter.collector import Deadline

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
    return hashlib.blake2b("\0".join(key).encode(), digest_size=8).hexdigest()


def attempts(exchange: Path, deadline: Deadline) -> list[Attempt]:
    """What is in inbound/, in the order of time. Raises OSError for a folder that cannot be read."""
    found = []
    for entry in _entries(exchange / "inbound", deadline):
        # <user>+<assignment>+<time>+<random>; a user's name may hold a plus sign itself.
        parts = entry.name.rsplit("+", 3)
        if len(parts) == 4:
            at = parse_time(parts[2])
            found.append(Attempt((parts[0], parts[1]), entry.stat().st_mtime if at is None else at))
    return sorted(found, key=lambda attempt: attempt.at)


def collected(course: Path, deadline: Deadline) -> Iterator[Collected]:
    """What is in submitted/, each with its twin in autograded/. Raises OSError likewise."""
    for student in _entries(course / "submitted", deadline):
        for assignment in _entries(student, deadline):
            graded = course / "autograded" / student.name / assignment.name
            try:
                graded_at: float | None = graded.stat().st_mtime
            except FileNotFoundError:
                graded_at = None
            at = _timestamp(assignment)
            yield Collected(
                key=(student.name, assignment.name),
                at=assignment.stat().st_mtime if at is None else at,
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
    return None if offset is None else naive.replace(tzinfo=timezone(offset)).timestamp()


def _offset(zone: str) -> timedelta | None:
    if zone in ("UTC", "GMT", "Z"):
        return timedelta()
    sign, digits = zone[:1], zone[1:].replace(":", "")
    if sign not in ("+", "-") or len(digits) != 4 or not digits.isdigit():
        return None
    amount = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return amount if sign == "+" else -amount


def _timestamp(folder: Path) -> float | None:
    try:
        return parse_time((folder / "timestamp.txt").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def _entries(folder: Path, deadline: Deadline) -> Iterator[Path]:
    """Folders in a folder; hidden ones are nobody's. One that nbgrader has not made yet is empty."""
    if not folder.exists():
        folder.parent.stat()
        return
    for entry in sorted(folder.iterdir()):
        deadline.check()
        if entry.is_dir() and not entry.name.startswith("."):
            yield entry
