"""A full disk costs neither a page nor an event; the state is saved again once there is room."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.exporter.jobs import Jobs, count, follower

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
FULL, ROOMY = 100, -1
"""Bytes that a file may have: what RLIMIT_FSIZE allows is what a disk has left."""
_FOLLOW = """
import resource, sys, time
from pathlib import Path
from tests.unit.exporter.jobs import count, follower
collector = follower(Path(sys.argv[1]), Path(sys.argv[2]), time.time)
print(*count(collector), flush=True)
for line in sys.stdin:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(line), resource.RLIM_INFINITY))
    print(*count(collector), flush=True)
"""


class Process:
    """A sidecar that can be told how much room there is."""

    def __init__(self, database: Path, state: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _FOLLOW, str(database), str(state)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.first = self.read()

    def read(self) -> tuple[int, int]:
        assert self.process.stdout
        submissions, gradings = map(int, self.process.stdout.readline().split())
        return submissions, gradings

    def collect(self, room: int) -> tuple[int, int]:
        assert self.process.stdin
        print(room, file=self.process.stdin, flush=True)
        return self.read()

    def kill(self) -> str:
        """kill -9; what it had logged."""
        self.process.kill()
        return self.process.communicate()[1]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[Jobs, Path]]:
    jobs = Jobs(tmp_path / "grader.db")
    yield jobs, tmp_path / "state.json"
    jobs.db.close()


def test_a_full_disk_loses_nothing_and_repeats_nothing(started: tuple[Jobs, Path]) -> None:
    jobs, state = started
    process = Process(jobs.path, state)
    assert process.first == (0, 0)
    jobs.submit_many(3, "accepted")
    assert process.collect(ROOMY) == (3, 3)
    saved = state.read_bytes()
    jobs.submit_many(40, "accepted")
    assert process.collect(FULL) == (43, 43), "the page is served"
    assert state.read_bytes() == saved, "the last whole state stays"
    assert [p.name for p in state.parent.glob("state*")] == ["state.json"], "no half-written file is left"
    jobs.submit_many(2, "accepted")
    assert process.collect(FULL) == (45, 45)
    log = process.kill()
    assert log.count("cannot be written") == 1, "told once"
    process = Process(jobs.path, state)
    assert process.first == (45, 45), "from the last saved state on, all is found again"
    process.kill()


def test_the_state_is_saved_again_once_there_is_room(started: tuple[Jobs, Path]) -> None:
    jobs, state = started
    process = Process(jobs.path, state)
    unfinished = jobs.submit()
    assert process.collect(FULL) == (1, 0)
    assert process.collect(ROOMY) == (1, 0)
    process.kill()
    jobs.set(unfinished, "accepted")
    again = follower(jobs.path, state, time.time)
    assert count(again) == (1, 1)
    assert again.facts.rebuilds == 0
