"""Durations as Prometheus writes them: 500ms, 30s, 5m, 1h30m, 30d."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS_MS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_PATTERN = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
ALLOWED = 'a duration like "500ms", "30s", "5m", "1h30m" or "30d"'


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in seconds, with a resolution of one millisecond."""

    seconds: float

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read Prometheus' form (prometheus/common, model.ParseDuration); ValueError for anything else."""
        match = _PATTERN.fullmatch(text)
        if not match or not text:
            raise ValueError(f'"{text}" is not {ALLOWED}')
        amounts = (int(group or 0) for group in match.groups())
        return cls(sum(n * unit for n, unit in zip(amounts, _UNITS_MS.values(), strict=True)) / 1000)

    def __str__(self) -> str:
        """The shortest form that Prometheus and Alertmanager read back; weeks and years become days."""
        left = round(self.seconds * 1000)
        if left == 0:
            return "0s"
        parts = []
        for name in ("d", "h", "m", "s", "ms"):
            amount, left = divmod(left, _UNITS_MS[name])
            if amount:
                parts.append(f"{amount}{name}")
        return "".join(parts)

    def __truediv__(self, divisor: float) -> Duration:
        return Duration(round(self.seconds / divisor, 3))

    def __bool__(self) -> bool:
        return self.seconds > 0
