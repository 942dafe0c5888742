"""Real processes: predictions are logged while the watch is killed again and again; each counts once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.unit.exporter.drift.logs import Table, counter, gauge, model, rows, watch, write_csv

ROOT = Path(__file__).parents[4]
_FOLLOW = """
import sys, time
from pathlib import Path
from tests.unit.exporter.drift.logs import counter, model, watch
folder = Path(sys.argv[1])
made = watch(model(folder / "log.db", folder / "reference.csv"), folder, folder / "log.db")
while True:
    made.round(time.time())
    print(int(counter(made, "predictions_total", "v1")), flush=True)
"""


class Service(threading.Thread):
    """A model that is asked all the time and logs what it says; ids are committed out of order."""

    def __init__(self, path: Path, numbers: list[int], lock: threading.Lock) -> None:
        super().__init__()
        self.path, self.numbers, self.lock = path, numbers, lock
        self.stopping = threading.Event()

    def run(self) -> None:
        log = Table(self.path)
        log.db.execute("PRAGMA busy_timeout = 20000")
        while not self.stopping.is_set():
            with self.lock:
                first = self.numbers[0] + 1
                self.numbers[0] += 5
            time.sleep(random.uniform(0, 0.01))
            log.write(rows(5, time.time() - 1, time.time(), first=first, seed=first))
        log.db.close()


@pytest.mark.slow
def test_no_prediction_is_lost_or_counted_twice_when_the_process_is_killed(tmp_path: Path) -> None:
    write_csv(tmp_path / "reference.csv", rows(2000, 0, 100, seed=99))
    log = Table(tmp_path / "log.db")
    log.write(rows(1, time.time() - 5, time.time()))
    found = model(log.path, tmp_path / "reference.csv")
    watch(found, tmp_path, log.path).round(time.time())
    numbers, lock = [1], threading.Lock()
    services = [Service(log.path, numbers, lock) for _ in range(3)]
    for service in services:
        service.start()
    chance, last = random.Random(7), 0
    for _ in range(5):
        command = [sys.executable, "-c", _FOLLOW, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for _ in range(chance.randrange(1, 12)):
                counted = int(process.stdout.readline())
                assert counted >= last, "a counter never falls"
                last = counted
            time.sleep(chance.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
    for service in services:
        service.stopping.set()
    for service in services:
        service.join()
    end = watch(found, tmp_path, log.path)
    end.round(time.time())
    total = numbers[0]
    assert total > 100
    assert counter(end, "predictions_total", "v1") == total - 1, "the first one was there before"
    assert gauge(end, "drift_window_rows") == total
    rebuilt = watch(found, None, log.path)
    rebuilt.round(time.time())
    ring, again = (made.known.versions["v1"].ring for made in (end, rebuilt))
    assert ring
    assert again
    assert {hour: bucket.tolist() for hour, bucket in ring.hours.items()} == {
        hour: bucket.tolist() for hour, bucket in again.hours.items()
    }
