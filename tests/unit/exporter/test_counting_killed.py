"""Real processes: students and workers write at the same time while the sidecar is killed again and again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.unit.exporter.jobs import Clock, Jobs, count, follower

ROOT = Path(__file__).parents[3]
_FOLLOW = """
import sys, time
from pathlib import Path
from tests.unit.exporter.jobs import count, follower
collector = follower(Path(sys.argv[1]), Path(sys.argv[2]), time.time)
while True:
    print(*count(collector), flush=True)
"""


class Writer(threading.Thread):
    """One connection of the grader: hands in, grades and, in a transaction, does both."""

    def __init__(self, path: Path, seed: int, numbers: list[int], lock: threading.Lock) -> None:
        super().__init__()
        self.path, self.random, self.numbers, self.lock = path, random.Random(seed), numbers, lock
        self.stopping = threading.Event()

    def run(self) -> None:
        jobs = Jobs(self.path)
        jobs.db.execute("PRAGMA busy_timeout = 20000")
        mine: list[int] = []
        while not self.stopping.is_set():
            with self.lock:  # ids are handed out in order, rows are committed in any order
                self.numbers[0] += 1
                job = self.numbers[0]
            time.sleep(self.random.uniform(0, 0.004))
            jobs.insert(job, None)
            mine.append(job)
            if len(mine) > 5:
                jobs.set(mine.pop(self.random.randrange(len(mine))), "accepted")
        for job in mine:
            jobs.set(job, "rejected")
        jobs.db.close()


@pytest.mark.slow
def test_no_event_is_lost_or_counted_twice_when_the_process_is_killed(tmp_path: Path) -> None:
    database, state = tmp_path / "grader.db", tmp_path / "state.json"
    Jobs(database).db.close()
    assert count(follower(database, state, Clock(time.time()))) == (0, 0)
    numbers, lock = [0], threading.Lock()
    writers = [Writer(database, seed, numbers, lock) for seed in range(3)]
    for writer in writers:
        writer.start()
    chance, last = random.Random(4), (0, 0)
    for _ in range(6):
        command = [sys.executable, "-c", _FOLLOW, str(database), str(state)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout
            for _ in range(chance.randrange(1, 40)):
                submissions, gradings = map(int, process.stdout.readline().split())
                assert (submissions, gradings) >= last, "a counter never falls"
                last = (submissions, gradings)
            process.send_signal(signal.SIGKILL)
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join()
    rows = numbers[0]
    assert rows > 100
    assert count(follower(database, state, time.time)) == (rows, rows)
