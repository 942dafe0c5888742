"""Incidents: what went wrong in the simulated weeks, for whom it matters, and when it must be known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from typedyaml.units import Duration

RESPOND = {"P1": 900.0, "P2": 3600.0, "P3": 14400.0, "P4": 86400.0}
"""Seconds in which somebody must know: the response times of the default policy."""


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one signal, or of the series of one metric, while an incident lasts."""

    signal: str
    metric: str
    where: dict[str, str]
    how: str
    value: float


@dataclass(frozen=True, slots=True)
class Incident:
    """`start` and `end` are seconds from the beginning of the simulation."""

    name: str
    priority: str
    start: float
    end: float
    shows_in: frozenset[str]
    moves: tuple[Move, ...]

    @property
    def deadline(self) -> float:
        """When somebody must know of it at the latest."""
        return self.start + RESPOND[self.priority]


def incidents() -> tuple[Incident, ...]:
    """The labelled list, in order of time."""
    raw = yaml.safe_load(Path(__file__).with_name("incidents.yaml").read_text(encoding="utf-8"))
    return tuple(sorted(map(_incident, raw), key=lambda incident: incident.start))


def _incident(raw: dict[str, Any]) -> Incident:
    start = _moment(raw["at"])
    end = start + Duration.parse(raw["lasts"]).seconds
    moves = tuple(map(_move, raw["moves"]))
    return Incident(raw["name"], raw["priority"], start, end, frozenset(raw["shows_in"]), moves)


def _move(raw: dict[str, Any]) -> Move:
    how = next(key for key in ("to", "times", "add", "ramp") if key in raw)
    return Move(raw.get("signal", ""), raw.get("metric", ""), raw.get("where", {}), how, float(raw[how]))


def _moment(text: str) -> float:
    """Seconds of "4d 10:40": day and time of day."""
    day, hour, minute = map(int, re.fullmatch(r"(\d+)d (\d\d):(\d\d)", text).groups())  # type: ignore[union-attr]
    return float(day * 86400 + hour * 3600 + minute * 60)
