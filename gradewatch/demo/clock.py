"""The demo's time: it begins at nought and may run faster than the clock on the wall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from typedyaml.units import Duration


@dataclass(frozen=True, slots=True)
class Clock:
    """`speed` seconds of the demo pass in each real second."""

    started: datetime
    speed: float

    def now(self) -> datetime:
        """Real time."""
        return datetime.now(UTC)

    def since(self, earlier: datetime, later: datetime) -> str:
        """The demo's time between two real moments, such as "15m30s"; "0s" when it is negative."""
        return str(self.duration(earlier, later))

    def duration(self, earlier: datetime, later: datetime) -> Duration:
        """The same, in whole seconds of the demo."""
        return Duration(float(max(0, round((later - earlier).total_seconds() * self.speed))))

    def real(self, duration: Duration) -> Duration:
        """A duration of the compressed policy as the policy itself has it."""
        return Duration(float(round(duration.seconds * self.speed)))

    def stamp(self, moment: datetime) -> str:
        """A moment as hh:mm:ss since the demo began."""
        seconds = int(self.duration(self.started, moment).seconds)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
