"""What a profile may contain: its blocks, their columns, and the metric each column feeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Follow = Literal["watermark", "state", "counts", "none"]

EVENTS: tuple[Follow, ...] = ("watermark", "state")
SUBMITTED: tuple[Follow, ...] = ("watermark", "state", "counts")
STATE: tuple[Follow, ...] = ("none",)


@dataclass(frozen=True, slots=True)
class BlockKind:
    """One question. `feeds` maps a metric (without grader_) to the column that it is made of."""

    follow: tuple[Follow, ...]
    required: tuple[str, ...]
    feeds: Mapping[str, str]
    optional: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the block may return, required ones first."""
        return tuple(dict.fromkeys((*self.required, *self.feeds.values(), *self.optional)))


_SUBMISSIONS = {
    "submissions_total": "id",
    "deadline_submissions_total": "timeliness",
}
_GRADINGS = {
    "gradings_total": "outcome",
    "grading_failures_total": "outcome",
    "grading_duration_seconds": "duration_seconds",
    "queue_wait_seconds": "queue_wait_seconds",
    "turnaround_seconds": "turnaround_seconds",
}
_BOUNDS = ("span", "lookback", "now")

BLOCKS: Mapping[str, BlockKind] = {
    "rows": BlockKind(
        SUBMITTED,
        ("id", "outcome"),
        {**_SUBMISSIONS, **_GRADINGS},
        ("submitted_at", "method", "is_resubmission", "count"),
        _BOUNDS,
    ),
    "submissions": BlockKind(
        SUBMITTED, ("id",), _SUBMISSIONS, ("submitted_at", "is_resubmission", "count"), _BOUNDS
    ),
    "gradings": BlockKind(
        SUBMITTED, ("id", "outcome"), _GRADINGS, ("submitted_at", "method", "count"), _BOUNDS
    ),
    "agreement": BlockKind(
        EVENTS,
        ("id",),
        {"grade_comparisons_total": "id", "grade_difference_ratio": "difference"},
        ("equal",),
        _BOUNDS,
    ),
    "backlog": BlockKind(
        STATE,
        ("depth",),
        {"queue_depth": "depth", "queue_oldest_age_seconds": "oldest_age_seconds"},
        ("state",),
        _BOUNDS,
    ),
    "workers": BlockKind(
        STATE,
        ("workers",),
        {"workers": "workers", "worker_heartbeat_age_seconds": "heartbeat_age_max_seconds"},
        ("state", "heartbeat_age_min_seconds", "worker", "beat"),
        _BOUNDS,
    ),
    "busy_workers": BlockKind(STATE, ("busy",), {"workers": "busy"}, (), _BOUNDS),
    "manual_pending": BlockKind(STATE, ("pending",), {"manual_grading_pending": "pending"}, (), _BOUNDS),
    "active_users": BlockKind(
        STATE, ("active_users",), {"active_users": "active_users"}, (), (*_BOUNDS, "window")
    ),
    "internal_errors": BlockKind(
        STATE, ("open_errors",), {"internal_errors_open": "open_errors"}, (), _BOUNDS
    ),
}
"""Every block, in the order in which a profile lists them."""

STATES: Mapping[str, tuple[str, ...]] = {
    "backlog": ("waiting", "running"),
    "workers": ("online", "busy", "stale", "offline", "disabled", "unhealthy", "other"),
}
"""Values of the column `state`. A profile lists those its grader knows; each is published as 0 when empty."""

FILE_FEEDS: Mapping[str, tuple[str, ...]] = {
    "nbgrader": (
        "submissions_total",
        "grading_failures_total",
        "turnaround_seconds",
        "queue_depth",
        "queue_oldest_age_seconds",
    ),
}
"""Folder layouts that the sidecar can read beside a database, and the metrics that each can feed."""
