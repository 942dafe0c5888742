"""The boards on what the sidecar really exports and the rules really write: the demo, in fast time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboards.finding import Finding
from dashboards.live.ask import answers
from dashboards.live.client import Prometheus
from dashboards.live.judge import judge, variable_findings
from dashboards.live.variables import resolve
from dashboards.live.window import Window
from dashboards.render import documents
from gradewatch import programs
from gradewatch.demo.ports import Ports
from gradewatch.demo.stack import Plan, running
from policy.load import load_policy

pytestmark = pytest.mark.slow
SPEED = 60
RANGE = 12.0
"""Real seconds; at this speed twelve minutes."""
PATIENCE = 90.0


def findings(plan: Plan, server: Prometheus) -> list[Finding]:
    """What is wrong with the answers on the last seconds."""
    policy = plan.fast
    window = Window(time.time(), RANGE, policy.scrape.interval.seconds)
    found: list[Finding] = []
    for uid, document in documents(policy).items():
        values = resolve(document, server, window)
        found += [*variable_findings(uid, values), *judge(uid, answers(document, server, window, values))]
    return found


def test_in_normal_operation_no_panel_is_empty(tmp_path: Path, free_port: Callable[[], int]) -> None:
    ports = Ports(*(free_port() for _ in range(6)))
    found = (programs.newest("prometheus"), programs.newest("alertmanager"))
    plan = Plan(load_policy(), SPEED, ports, tmp_path / "demo", *found)
    plan.folder.mkdir()
    with running(plan, lambda _: None):
        server = Prometheus(ports.url("prometheus"))
        deadline = time.monotonic() + PATIENCE
        while (wrong := findings(plan, server)) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert not wrong, "\n".join(map(str, wrong))
