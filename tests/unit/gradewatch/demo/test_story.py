"""The story of a fault, played against a world that is computed and not waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from alertmanager.table import rows
from gradewatch.demo.clock import Clock
from gradewatch.demo.faults import FAULTS
from gradewatch.demo.incidents import Incident, StepNow
from gradewatch.demo.messages import Message
from gradewatch.demo.story import HEALTHY_FIRST, Scene, Story, StoryFailed
from policy.compress import compress
from policy.load import load_policy

START = datetime(2026, 11, 21, 3, tzinfo=UTC)
SPEED = 60
FAST = compress(load_policy().value, SPEED)
P1 = rows(FAST, "P1")


@dataclass
class World:
    """Fires two seconds after the fault, tells each step on time, obeys acknowledgement and repair."""

    scene: Scene = field(default_factory=lambda: Scene(START))
    fires: bool = True
    obeys: bool = True
    """Whether an acknowledgement stops the steps."""
    recovers: bool = True
    acknowledged_by: str = ""
    broken: datetime | None = None
    repaired: datetime | None = None

    def break_it(self, fault: str) -> None:
        self.broken = self.scene.now

    def repair(self) -> None:
        self.repaired = self.scene.now
        if self.recovers:
            told = {(m.contact, m.channel) for m in self.scene.messages if m.channel != "call"}
            self.scene.messages += tuple(self.message("resolved", None, *who) for who in sorted(told))

    def acknowledge(self, incident: Incident) -> None:
        self.acknowledged_by = "ada"

    def tick(self) -> None:
        self.scene.now += timedelta(seconds=0.5)
        if not (self.fires and self.broken) or self.scene.now < self.broken + timedelta(seconds=2):
            return
        since = self.broken + timedelta(seconds=2)
        stopped = self.acknowledged_by and self.obeys
        for row in P1:
            due = since + timedelta(seconds=row.after.seconds)
            new = not any(m.step == row.step for m in self.scene.messages)
            if new and not self.repaired and due <= self.scene.now and not stopped:
                self.scene.messages += tuple(
                    self.message("firing", row.step, who, how) for how, who in row.told
                )
        steps = tuple(StepNow(r, since + timedelta(seconds=r.after.seconds), "due", None) for r in P1)
        alert = FAULTS["database-down"].alert
        incident = Incident(alert, "P1", "", {}, "", since, steps, False, self.acknowledged_by)
        self.scene.incidents = () if self.repaired else (incident,)

    def message(self, status, step, contact, channel) -> Message:
        alert = FAULTS["database-down"].alert
        return Message(self.scene.now, channel, contact, status, alert, "P1", step, "", "")


def play(world: World) -> tuple[Story, list[str]]:
    story = Story(FAULTS["database-down"], Clock(START, SPEED), world.scene, world)
    said = []
    for line in story.lines():
        if line:
            said.append(line)
        world.tick()
        assert world.scene.now < START + timedelta(minutes=10), said
    return story, said


def test_the_story_goes_from_health_to_health():
    story, said = play(World())
    assert said == [
        "All is well. In 30 seconds something breaks.",
        "The grader's database is gone.",
        "DatabaseConnectionFailed (P1) fires: oncall is told by pagerduty, sms.",
        "Nobody has acknowledged: team-lead is told by sms, call.",
        "Ada acknowledges DatabaseConnectionFailed.",
        "engineering-manager would have been told now, but stays undisturbed.",
        "The database is back.",
        "Everybody who was told has heard of the recovery, and nobody else.",
    ]
    assert story.ended
    assert {(t.contact, t.channel, t.step, t.resolved is not None) for t in story.told()} == {
        ("oncall", "pagerduty", 0, True),
        ("oncall", "sms", 0, True),
        ("team-lead", "sms", 1, True),
        ("team-lead", "call", 1, False),
    }


def test_nothing_breaks_in_the_first_half_minute():
    world = World()
    play(world)
    assert world.broken - START >= HEALTHY_FIRST


@dataclass
class EarlyBird(World):
    """Grace acknowledges as soon as a step was told."""

    step: int = 0

    def tick(self) -> None:
        super().tick()
        if any(m.step == self.step for m in self.scene.messages):
            self.acknowledged_by = "grace"


@pytest.mark.parametrize("step", [0, 1])
def test_a_user_may_acknowledge_before_the_story_does(step):
    _, said = play(EarlyBird(step=step))
    assert "Acknowledged by grace." in said
    assert not [line for line in said if line.startswith("Ada")]
    assert bool([line for line in said if line.startswith("Nobody has acknowledged")]) == bool(step)


@pytest.mark.parametrize(
    ("world", "fault"),
    [
        (World(fires=False), "DatabaseConnectionFailed did not fire within 0:05:00 of the demo's time"),
        (World(obeys=False), "engineering-manager was told although the incident was acknowledged"),
        (World(recovers=False), "not everybody heard of the recovery within 2:00:00 of the demo's time"),
    ],
    ids=["no alert", "a deaf Alertmanager", "no recovery"],
)
def test_a_broken_promise_ends_the_story(world, fault):
    with pytest.raises(StoryFailed) as raised:
        play(world)
    assert str(raised.value) == fault


def test_every_fault_is_noticed_by_an_alert_of_the_policy():
    policy = load_policy().value
    for fault in FAULTS.values():
        assert fault.alert in policy.alerts
