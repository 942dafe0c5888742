"""The real BullMQ from npm against a real Redis; skipped where there is no npm."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.servers.broker_servers import Redis
from tests.servers.queues.producers import PROJECT, working
from tests.servers.watching import Watched

HERE = Path(__file__).parent / "bullmq"
HOME = PROJECT / ".tools" / "bullmq"
Play = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """BullMQ of package-lock.json, installed once a machine."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("npm and node are not on this machine: BullMQ is a package of npm")
    HOME.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    made_from = HOME / "made-from.json"
    with (HOME / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not made_from.exists() or made_from.read_bytes() != lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, HOME / name)
            command = ("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
            subprocess.run(command, cwd=HOME, check=True, timeout=300)
            made_from.write_bytes(lock)
    return HOME / "node_modules"


@pytest.fixture
def play(redis_broker: Redis, node_modules: Path) -> Play:
    """Plays a scene of play.cjs on the queue `grading`."""

    @contextmanager
    def playing(scene: str) -> Iterator[None]:
        environment = {"NODE_PATH": str(node_modules)}
        command = ("node", HERE / "play.cjs", redis_broker.port, "grading", scene)
        with working(*command, environment=environment) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield

    return playing


@pytest.fixture
def watched(tmp_path: Path, redis_broker: Redis) -> Watched:
    queues = "- {queue: grading, broker: main, kind: bullmq}\n- {broker: main, kind: bullmq, match: '*'}"
    return Watched(tmp_path, f"brokers: {{main: {{url: '{redis_broker.url()}'}}}}\nqueues:\n{queues}")


def test_what_waits(play: Play, watched: Watched) -> None:
    with play("waiting"):
        page = watched.figures()
    assert page["queue_depth{queue=grading,state=waiting}"] == 3, "the delayed one waits for no worker"
    assert page["queue_depth{queue=grading,state=running}"] == 0
    assert 0 < page["queue_oldest_age_seconds{queue=grading,state=waiting}"] < 30
    assert page["queue_jobs_failed{queue=grading}"] == 0
    assert "queue_processed_total{queue=grading}" not in page, "nobody keeps a counter without `metrics`"
    assert page["queue_scan_truncated{broker=main}"] == 0


def test_a_paused_queue_still_waits(play: Play, watched: Watched) -> None:
    with play("paused"):
        assert watched.figures()["queue_depth{queue=grading,state=waiting}"] == 1


def test_what_a_worker_did(play: Play, watched: Watched) -> None:
    with play("worked"):
        page = watched.figures()
    assert page["queue_depth{queue=grading,state=waiting}"] == 0
    assert page["queue_oldest_age_seconds{queue=grading,state=waiting}"] == 0
    assert page["queue_depth{queue=grading,state=running}"] == 1
    assert 0 <= page["queue_oldest_age_seconds{queue=grading,state=running}"] < 30
    assert page["queue_jobs_failed{queue=grading}"] == 1
    assert page["queue_processed_total{queue=grading}"] == 3
    assert page["queue_failed_total{queue=grading}"] == 1


def test_a_queue_that_nobody_made_is_absent(watched: Watched) -> None:
    page = watched.figures()
    assert page["queue_up{queue=grading}"] == 0
    assert not [key for key in page if key.startswith("queue_depth")]


def test_a_pattern_finds_queues_by_their_own_names(play: Play, tmp_path: Path, redis_broker: Redis) -> None:
    queues = "- {broker: main, kind: bullmq, match: 'grad*'}"
    watched = Watched(tmp_path, f"brokers: {{main: {{url: '{redis_broker.url()}'}}}}\nqueues:\n{queues}")
    with play("waiting"):
        assert watched.figures()["queue_depth{queue=grading,state=waiting}"] == 3
