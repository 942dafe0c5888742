"""Prometheus servers with the four data sets, on the oldest and the newest supported release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dashboards.live.client import Prometheus
from gradewatch import programs
from policy.load import load_policy
from policy.model import Policy
from tests.dashboards.datasets import NAMES
from tests.dashboards.serving import served, write_blocks

HOURS = 7
"""Of data; the test of all ranges makes its own."""
OLDEST = (2, 53)
Serve = Callable[[str, str], Prometheus]


def releases() -> list[str]:
    """Of Prometheus: 2.53 and the newest."""
    supported = [program for program in programs.installed("prometheus") if program.version >= OLDEST]
    return [program.release for program in sorted({supported[0], supported[-1]}, key=lambda p: p.version)]


def program(name: programs.Name, release: str) -> Path:
    return next(found.path for found in programs.installed(name) if found.release == release)


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy().value


@pytest.fixture(scope="session")
def blocks(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each data set in Prometheus' own form."""
    folder = tmp_path_factory.mktemp("blocks")
    promtool = programs.newest("promtool").path
    return {name: write_blocks(name, policy, HOURS, promtool, folder / name) for name in NAMES}


@pytest.fixture(scope="session")
def serve(blocks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A function that starts a release over a data set, once a session."""
    running: dict[tuple[str, str], Prometheus] = {}
    with ExitStack() as stack:

        def start(name: str, release: str) -> Prometheus:
            if (name, release) not in running:
                scratch = tmp_path_factory.mktemp(f"{name}-{release}")
                binary = program("prometheus", release)
                running[name, release] = stack.enter_context(served(blocks[name], binary, scratch))
            return running[name, release]

        yield start
