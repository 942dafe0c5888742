"""Real servers and tools for every test: each installed version, and ports that nobody else uses."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gradewatch import programs
from gradewatch.programs import Name, Program

_PROJECT = Path(__file__).parent.parent
# What setup/browser.sh brought is used where the machine has nothing of its own.
os.environ["PATH"] = os.pathsep.join(
    [os.environ["PATH"], *(str(_PROJECT / folder) for folder in (".tools/chromium/bin", ".venv/bin"))]
)


def every(name: Name) -> dict[str, object]:
    """Parameters of a fixture that runs a test once for each installed version of a program."""
    return {"params": programs.installed(name), "ids": lambda program: program.release, "scope": "session"}


@pytest.fixture(**every("promtool"))
def promtool(request: pytest.FixtureRequest) -> Program:
    """Each installed promtool."""
    return request.param


@pytest.fixture(**every("amtool"))
def amtool(request: pytest.FixtureRequest) -> Program:
    """Each installed amtool."""
    return request.param


@pytest.fixture(**every("prometheus"))
def prometheus(request: pytest.FixtureRequest) -> Program:
    """Each installed Prometheus."""
    return request.param


@pytest.fixture(**every("alertmanager"))
def alertmanager(request: pytest.FixtureRequest) -> Program:
    """Each installed Alertmanager."""
    return request.param


@pytest.fixture(scope="session")
def newest_promtool() -> Program:
    """The newest promtool, for what does not depend on its version."""
    return programs.newest("promtool")


@pytest.fixture(scope="session")
def newest_amtool() -> Program:
    """The newest amtool, for what does not depend on its version."""
    return programs.newest("amtool")


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that returns a TCP port of the loopback interface on which nobody listens."""

    def choose() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return choose
