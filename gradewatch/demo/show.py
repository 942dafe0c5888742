"""The demo's main loop: look, let the story go on, show; until Ctrl-C or the end of the story."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests

from alertmanager.acknowledgement import NothingFiring, acknowledge
from alertmanager.client import AlertmanagerError, Client
from gradewatch.demo.clock import Clock
from gradewatch.demo.faults import Fault
from gradewatch.demo.incidents import Incident, figures, incidents, pending
from gradewatch.demo.ports import Ports
from gradewatch.demo.processes import Processes
from gradewatch.demo.screen import Display
from gradewatch.demo.sinks import Sinks
from gradewatch.demo.stack import Plan
from gradewatch.demo.story import ACKNOWLEDGER, Scene, Story, StoryFailed
from gradewatch.demo.view import Picture, closing_table, figures_line
from gradewatch.exits import UsageError
from policy.model import Policy
from typedyaml.units import Duration

_TICK = 0.5
_SHOWN = 3600
"""Seconds of the demo on a picture of its dashboards."""
_FIGURES_EVERY = 2


@dataclass
class Demo:
    """A running stack and what has been seen of it so far."""

    plan: Plan
    processes: Processes
    sinks: Sinks
    display: Display
    fault: Fault | None
    said: list[str] = field(default_factory=list)
    """The story so far."""
    failed: bool = False

    def __post_init__(self) -> None:
        """Nothing has happened yet."""
        self._fast = self.plan.fast
        self._clock = Clock(datetime.now(UTC), self.plan.speed)
        self._client = Client(self.plan.ports.url("alertmanager"))
        self._scene = Scene(self._clock.started)
        hands = _Hands(self.plan, self._client, self._fast)
        self._story = Story(self.fault, self._clock, self._scene, hands) if self.fault else None
        self._figures = ""
        self._addresses = [*_addresses(self.plan), ("pictures", _preview(self.plan))]

    def run(self, seconds: float | None, *, until_story_ends: bool) -> None:
        """Until `seconds` have passed, the story has ended (when asked for), or for ever.

        Raises UsageError when a server of the demo ends by itself.
        """
        lines = self._story.lines() if self._story else iter(())
        began, turn = time.monotonic(), 0
        while seconds is None or time.monotonic() - began < seconds:
            if ended := self.processes.ended():
                raise UsageError(f"{ended.name} ended by itself: {ended.last_words()}")
            self._look(turn)
            self._tell(lines)
            self.display.show(self._picture())
            if until_story_ends and self._over():
                return
            turn += 1
            time.sleep(_TICK)

    def closing(self) -> list[str]:
        """Who was told of the fault, as a table; empty when nobody was."""
        if not self._story or not self._story.incident or not (told := self._story.told()):
            return []
        incident = self._story.incident
        head = f"{incident.alertname} ({incident.priority}): times are the demo's, since the alert fired"
        return [head, *closing_table(told, self._clock, incident.since)]

    def _over(self) -> bool:
        return self.failed or self._story is None or self._story.ended

    def _look(self, turn: int) -> None:
        scene = self._scene
        scene.now, scene.messages = datetime.now(UTC), self.sinks.messages()
        try:
            scene.incidents = incidents(self._client, self._fast, scene.messages)
        except AlertmanagerError:
            return  # a picture of the last moment is better than none
        if turn % _FIGURES_EVERY == 0:
            found = figures(self.plan.ports.url("prometheus"), _expressions(self._fast))
            self._figures = figures_line(found, self.plan.speed, self.sinks.heartbeats)

    def _tell(self, lines: Iterator[str | None]) -> None:
        if self.failed:
            return
        try:
            text = next(lines, None)
        except StoryFailed as error:
            text, self.failed = f"Something is wrong: {error}.", True
        if text:
            self.said.append(text)

    def _picture(self) -> Picture:
        title = f"gradewatch demo · {self._fast.title}"
        if self.plan.speed != 1:
            title += f" · {self.plan.speed:g} times faster: a minute takes {60 / self.plan.speed:.2g} s"
        return Picture(
            title,
            self._clock,
            self._scene.now,
            self._addresses,
            self._figures,
            self.said,
            self._scene.incidents,
            pending(self.plan.ports.url("prometheus"), self._fast),
            self._scene.messages,
            self._ack(),
        )

    def _ack(self) -> str:
        """The command for the most urgent incident that nobody has acknowledged."""
        for incident in self._scene.incidents:
            if incident.next and not incident.inhibited and not incident.acknowledged_by:
                return f"{_command()} ack {incident.alertname} --by you --url {self._client.url}"
        return ""


@dataclass(frozen=True, slots=True)
class _Hands:
    """The story's hands: the grader's control endpoint and Alertmanager."""

    plan: Plan
    client: Client
    fast: Policy

    def break_it(self, fault: str) -> None:
        self._grader("POST", f"/fault/{fault}")

    def repair(self) -> None:
        self._grader("DELETE", "/fault")

    def acknowledge(self, incident: Incident) -> None:
        try:
            identity = _identity(incident, self.fast)
            acknowledge(self.client, identity, ACKNOWLEDGER, "on it", Duration(3600), policy=self.fast)
        except NothingFiring:
            raise StoryFailed(f"{incident.alertname} was over before anybody acknowledged it") from None
        except AlertmanagerError as error:
            raise StoryFailed(str(error)) from None

    def _grader(self, method: str, path: str) -> None:
        url = self.plan.ports.url("grader") + path
        try:
            requests.request(method, url, timeout=5).raise_for_status()
        except requests.RequestException as error:
            raise StoryFailed(f"the demo grader does not do {method} {path}: {error}") from None


def _identity(incident: Incident, policy: Policy) -> dict[str, str]:
    return {label: incident.labels[label] for label in policy.identity if label in incident.labels}


def _expressions(fast: Policy) -> dict[str, str]:
    """What the grader's line shows; the windows have room for four scrapes."""
    requests_total, status = fast.application.requests, fast.application.status_label
    application, sidecar = fast.job("application"), fast.job("exporter")
    window = Duration(max(4 * fast.scrape.interval.seconds, 5))
    all_requests = f'{requests_total}{{job="{application}"}}[{window}]'
    failed = f'{requests_total}{{job="{application}",{status}=~"5.."}}[{window}]'
    return {
        "up": f'up{{job="{sidecar}"}}',
        "waiting": f'sum(grader_queue_depth{{job="{sidecar}",state="waiting"}})',
        "oldest": f'max(grader_queue_oldest_age_seconds{{job="{sidecar}",state="waiting"}})',
        "graded": f'sum(rate(grader_gradings_total{{job="{sidecar}"}}[{window}]))',
        "errors": f"sum(rate({failed})) / sum(rate({all_requests}))",
    }


def _addresses(plan: Plan) -> list[tuple[str, str]]:
    """What to open in a browser; Debian's servers come without their own web pages."""
    ports = plan.ports
    prometheus, alertmanager = ports.url("prometheus"), ports.url("alertmanager")
    alerts = "/alerts" if _has_pages(f"{prometheus}/alerts") else "/consoles/alerts.html"
    groups = "/#/alerts" if _has_pages(f"{alertmanager}/") else "/api/v2/alerts/groups"
    return [
        ("metrics", f"{ports.url('sidecar')}/"),
        ("alerts", f"{prometheus}{alerts}"),
        ("routes", f"{alertmanager}{groups}"),
        ("messages", f"{ports.url('sinks')}/"),
        ("grader", f"{ports.url('grader')}/metrics"),
    ]


def _preview(plan: Plan) -> str:
    """The command that draws the overview from this demo: its last hour, in the demo's time."""
    parts = [
        _command(),
        "preview",
        "overview",
        "--last",
        str(Duration(float(max(10, round(_SHOWN / plan.speed))))),
    ]
    if plan.speed != 1:
        parts += ["--speed", f"{plan.speed:g}"]
    if plan.ports.prometheus != Ports().prometheus:
        parts += ["--prometheus", plan.ports.url("prometheus")]
    return " ".join(parts)


def _has_pages(url: str) -> bool:
    try:
        answer = requests.get(url, timeout=5)
    except requests.RequestException:
        return False
    return answer.ok and "Debian package" not in answer.text


def _command() -> str:
    """How this user calls gradewatch."""
    beside = Path(sys.executable).with_name("gradewatch")
    if shutil.which("gradewatch") or not beside.exists():
        return "gradewatch"
    here = Path.cwd()
    return str(beside.relative_to(here)) if beside.is_relative_to(here) else str(beside)
