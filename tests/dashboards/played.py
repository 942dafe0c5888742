"""The demo, played for the pictures: an ordinary hour, then a grader that hangs until that has escalated."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from dashboards.live.client import Prometheus
from gradewatch import programs
from gradewatch.demo.ports import Ports
from gradewatch.demo.stack import Plan, running
from policy.load import load_policy
from policy.model import Policy
from tests.dashboards.serving import served

SPEED = 12.0
"""A minute of the demo takes five seconds: slow enough that every scrape comes in its time."""
FAULT = "grader-stuck"
HOUR = 3600.0
QUIET_FOR = 1.15 * HOUR
BROKEN_FOR = 0.62 * HOUR
"""37 minutes: 15 until it is noticed, and the second step of P1 is told 15 minutes later."""
_MOMENTS = "moments.json"


@dataclass(frozen=True, slots=True)
class Played:
    """What was played: the policy in its time, its end by name, Unix seconds."""

    policy: Policy
    speed: float
    ends: dict[str, float]

    @property
    def hour(self) -> str:
        """An hour of the demo as it took on the clock."""
        return f"{HOUR / self.speed:.0f}s"


def play(folder: Path, speed: float = SPEED) -> None:
    """Run the demo in `folder`, a new one, and keep it with its Prometheus' data."""
    plan = _plan(folder, speed)
    folder.mkdir(parents=True)
    ends = {}
    with running(plan, _say):
        _wait("an ordinary hour", QUIET_FOR / speed)
        ends["ordinary"] = time.time()
        requests.post(f"{plan.ports.url('grader')}/fault/{FAULT}", timeout=10).raise_for_status()
        _wait("the grader hangs", BROKEN_FOR / speed)
        ends["outage"] = time.time()
    (folder / _MOMENTS).write_text(json.dumps({"speed": speed, "ends": ends}), encoding="utf-8")


@contextmanager
def again(folder: Path) -> Iterator[tuple[Played, Prometheus]]:
    """A Prometheus over what `play` has kept."""
    kept = json.loads((folder / _MOMENTS).read_text(encoding="utf-8"))
    plan = _plan(folder, kept["speed"])
    with served(folder / "prometheus", plan.prometheus.path, folder / "again") as server:
        yield Played(plan.fast, kept["speed"], kept["ends"]), server


def _plan(folder: Path, speed: float) -> Plan:
    found = (programs.newest("prometheus"), programs.newest("alertmanager"))
    return Plan(load_policy(), speed, Ports(*_free_ports(7)), folder, *found)


def _free_ports(number: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    found = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return found


def _wait(what: str, seconds: float) -> None:
    _say(f"{what}: {seconds:.0f} s")
    time.sleep(seconds)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
