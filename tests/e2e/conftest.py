"""The whole stack on free ports, in time sixty times as fast: minutes of the policy are seconds here."""

from __future__ import annotations

import dataclasses
import random
import socket
from collections.abc import Iterator

import pytest

from gradewatch import programs
from gradewatch.demo.ports import Ports
from gradewatch.demo.stack import Plan
from gradewatch.programs import Program
from policy.load import load_policy

SPEED = 60
SUPPORTED = {"prometheus": (2, 53), "alertmanager": (0, 28)}
"""The oldest pair that the shipped policy is built for; older servers are tested by their tools only."""


def pairs() -> list[tuple[Program, Program]]:
    """The newest and the oldest supported Prometheus, each with the Alertmanager of its time."""
    servers = [
        [program for program in programs.installed(name) if program.version >= least]
        for name, least in SUPPORTED.items()
    ]
    if not all(servers):
        return []
    return list(dict.fromkeys(tuple(found[end] for found in servers) for end in (0, -1)))


@pytest.fixture(params=pairs(), ids=lambda pair: " and ".join(map(str, pair)))
def plan(request, tmp_path, free_ports) -> Plan:
    """What to start, for each supported pair of servers."""
    return Plan(load_policy(), SPEED, free_ports, tmp_path, *request.param)


@pytest.fixture
def free_ports() -> Ports:
    """Ports that nobody uses, all chosen before any is given back."""
    return Ports(**dict(zip((f.name for f in dataclasses.fields(Ports)), _free(7), strict=True)))


@pytest.fixture
def free_offset() -> int:
    """An offset at which all ports of the demo are free; by chance, as tests run beside one another."""
    usual = dataclasses.asdict(Ports()).values()
    for offset in random.sample(range(7_000, 50_000), 50):
        try:
            for port in usual:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
        except OSError:
            continue
        return offset
    raise AssertionError("no offset is free")


def _free(count: int) -> Iterator[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return iter(ports)
