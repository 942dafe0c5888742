"""Times as producers write them into their jobs, as ages by the broker's clock."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

_MILLISECONDS_FROM = 1e11
"""Numbers from here on are milliseconds: as seconds they would be in the year 5138."""


def unix_time(value: object) -> float | None:
    """Unix seconds of ISO 8601 (UTC where no zone is named), seconds or milliseconds; None for others."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _iso(str(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value / 1000 if value >= _MILLISECONDS_FROM else float(value)


def age(value: object, now: float) -> float | None:
    """Seconds since then, never below 0: clocks of producers and broker differ a little."""
    at = unix_time(value)
    return None if at is None or at <= 0 else max(0.0, now - at)


def field_of(document: bytes | str, path: str) -> Any:
    """What a JSON text holds at a path such as `args.0.enqueued_at`; None when it is not there.

    Raises ValueError for what is no JSON.
    """
    try:
        value: Any = json.loads(document)
    except (ValueError, RecursionError):
        raise ValueError("no JSON") from None
    for step in path.split("."):
        if isinstance(value, list) and step.lstrip("-").isdecimal() and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value


def _iso(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
