"""A fault from beginning to end: noticed, escalated, acknowledged, repaired, and all are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from gradewatch.demo.clock import Clock
from gradewatch.demo.faults import Fault
from gradewatch.demo.incidents import Incident
from gradewatch.demo.messages import Message

ACKNOWLEDGER = "ada"
HEALTHY_FIRST = timedelta(seconds=30)
"""Real time: long enough to look around before anything breaks."""

_SLACK = timedelta(seconds=45)
"""Real time that a machine under load may add to what the policy says."""


class Hands(Protocol):
    """What the story can do to the demo."""

    def break_it(self, fault: str) -> None:
        """Begin a fault."""

    def repair(self) -> None:
        """End the fault."""

    def acknowledge(self, incident: Incident) -> None:
        """Do what `gradewatch ack` does."""


@dataclass
class Scene:
    """What the story sees: replaced by the one who shows it, before each step of the story."""

    now: datetime
    incidents: tuple[Incident, ...] = ()
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the closing table."""

    contact: str
    channel: str
    step: int
    fired: datetime
    resolved: datetime | None


class StoryFailed(Exception):  # noqa: N818  reads as what happened
    """Something that the policy promises did not happen in time."""


@dataclass
class Story:
    """A run of one fault. `lines` yields a sentence when something happens and None while it waits."""

    fault: Fault
    clock: Clock
    scene: Scene
    hands: Hands
    incident: Incident | None = None
    """The incident as last seen, also when it is over."""
    ended: bool = False
    _began: datetime | None = field(default=None)

    def lines(self) -> Iterator[str | None]:
        """The story; raises StoryFailed when a promise is broken."""
        yield f"All is well. In {HEALTHY_FIRST.seconds} seconds something breaks."
        yield from self._until(self.clock.started + HEALTHY_FIRST)
        self.hands.break_it(self.fault.name)
        self._began = self.scene.now
        yield self.fault.breaks
        yield from self._wait(self._fires, self.fault.notices, f"{self.fault.alert} did not fire")
        assert self.incident
        yield f"{self.incident.alertname} ({self.incident.priority}) fires: {_tell(self.incident, 0)}"
        yield from self._escalate()
        yield from self._stay_silent()
        self.hands.repair()
        yield self.fault.repaired
        yield from self._wait(self._all_clear, timedelta(hours=2), "not everybody heard of the recovery")
        if strangers := self._strangers():
            raise StoryFailed(f"{', '.join(strangers)} heard of the recovery without having been told")
        yield "Everybody who was told has heard of the recovery, and nobody else."
        self.ended = True

    def told(self) -> tuple[Told, ...]:
        """Who was told of the fault's alert, when, and when of its end."""
        return tuple(
            Told(m.contact, m.channel, m.step or 0, m.time, self._resolved(m))
            for m in self._heard()
            if m.status == "firing"
        )

    def _escalate(self) -> Iterator[str | None]:
        """Every step but the last is told; a third of the way to the last one somebody acknowledges."""
        assert self.incident
        *before, last = self.incident.steps
        for step in before:
            yield from self._wait(
                partial(self._told_or_acknowledged, step.row.step),
                timedelta(seconds=step.row.after.seconds) * self.clock.speed,
                f"nobody was told of step {step.row.step}",
            )
            if step.row.step and not self.incident.acknowledged_by:
                yield f"Nobody has acknowledged: {_tell(self.incident, step.row.step)}"
        third = before[-1].due + (last.due - before[-1].due) / 3
        yield from self._until(third, lambda: bool(self.incident and self.incident.acknowledged_by))
        yield self._acknowledge(self.incident)

    def _acknowledge(self, incident: Incident) -> str:
        """Ada does, for all that fires, unless the user was faster."""
        if incident.acknowledged_by:
            return f"Acknowledged by {incident.acknowledged_by}."
        firing = {one.alertname: one for one in self.scene.incidents if not one.inhibited}
        for one in firing.values():
            self.hands.acknowledge(one)
        return f"{ACKNOWLEDGER.capitalize()} acknowledges {' and '.join(firing)}."

    def _stay_silent(self) -> Iterator[str | None]:
        """The time of the last step passes and nobody is told of it."""
        assert self.incident
        last = self.incident.steps[-1]
        yield from self._until(last.due + timedelta(minutes=3) / self.clock.speed + timedelta(seconds=2))
        if self._step_told(last.row.step):
            raise StoryFailed(f"{last.row.to} was told although the incident was acknowledged")
        yield f"{last.row.to} would have been told now, but stays undisturbed."

    def _until(self, moment: datetime, unless: Callable[[], bool] = lambda: False) -> Iterator[None]:
        while self.scene.now < moment and not unless():
            self._look()
            yield None

    def _wait(self, holds: Callable[[], bool], within: timedelta, otherwise: str) -> Iterator[None]:
        """`within` is in the demo's time."""
        deadline = self.scene.now + within / self.clock.speed + _SLACK
        while not holds():
            if self.scene.now > deadline:
                raise StoryFailed(f"{otherwise} within {within} of the demo's time")
            yield None

    def _look(self) -> None:
        found = [one for one in self.scene.incidents if one.alertname == self.fault.alert]
        if found:
            self.incident = found[0]

    def _fires(self) -> bool:
        self._look()
        return self.incident is not None

    def _step_told(self, step: int) -> bool:
        self._look()
        return any(m.step == step and m.status == "firing" for m in self._heard())

    def _told_or_acknowledged(self, step: int) -> bool:
        return self._step_told(step) or bool(self.incident and self.incident.acknowledged_by)

    def _all_clear(self) -> bool:
        """Calls are not made for good news; everybody else hears it."""
        return all(told.resolved for told in self.told() if told.channel != "call")

    def _strangers(self) -> list[str]:
        """Those who heard only the end."""
        told = {(m.contact, m.channel) for m in self._heard() if m.status == "firing"}
        cleared = {(m.contact, m.channel) for m in self._heard() if m.status == "resolved"}
        return sorted(contact for contact, _ in cleared - told)

    def _heard(self) -> list[Message]:
        return [
            m
            for m in self.scene.messages
            if m.alertname == self.fault.alert and self._began and m.time >= self._began
        ]

    def _resolved(self, firing: Message) -> datetime | None:
        who = (firing.contact, firing.channel)
        later = (m.time for m in self._heard() if m.status == "resolved" and (m.contact, m.channel) == who)
        return min(later, default=None)


def _tell(incident: Incident, step: int) -> str:
    row = incident.steps[step].row
    return f"{row.to} is told by {', '.join(row.channels)}."
