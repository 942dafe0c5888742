"""The boards on what the sidecar really exports and the rules really write: the demo, in fast time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboards.finding import Finding
from dashboards.live.ask import answers
from dashboards.live.client import Prometheus
from dashboards.live.judge import accepted_when_quiet, judge, variable_findings
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
PATIENCE = 150.0


WHOLE = (
    "gradewatch-overview",
    "gradewatch-grader",
    "gradewatch-system",
    "gradewatch-model",
    "gradewatch-alerts",
)
"""Boards of what the demo has. The others also show brokers, replicas and rare events, which it has not."""
RARE_IN_THE_DEMO = (
    "Cache hits",
    "Cache memory in use",
    "Time to predict",
    "Incidents: time to acknowledge and to resolve",
    "Failed requests by status",
    "Time to deliver p99",
    "Share of messages lost",
)
"""No cache; predictions are read once a minute; incidents, failed requests and messages are rare."""


def missing(finding: Finding) -> bool:
    """Whether a finding is one that the demo cannot help."""
    if finding.board in WHOLE:
        return finding.panel in RARE_IN_THE_DEMO and accepted_when_quiet(finding)
    return accepted_when_quiet(finding)


def findings(plan: Plan, server: Prometheus) -> list[Finding]:
    """What is wrong with the answers on the last seconds."""
    policy = plan.fast
    window = Window(time.time(), RANGE, policy.scrape.interval.seconds)
    found: list[Finding] = []
    for uid, document in documents(policy).items():
        values = resolve(document, server, window)
        found += [*variable_findings(uid, values), *judge(uid, answers(document, server, window, values))]
    return [finding for finding in found if not missing(finding)]


def test_in_normal_operation_no_panel_is_empty(tmp_path: Path, free_port: Callable[[], int]) -> None:
    ports = Ports(*(free_port() for _ in range(7)))
    found = (programs.newest("prometheus"), programs.newest("alertmanager"))
    plan = Plan(load_policy(), SPEED, ports, tmp_path / "demo", *found)
    plan.folder.mkdir()
    with running(plan, lambda _: None):
        server = Prometheus(ports.url("prometheus"))
        deadline = time.monotonic() + PATIENCE
        while (wrong := findings(plan, server)) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert not wrong, "\n".join(map(str, wrong))
