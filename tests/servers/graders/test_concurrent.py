"""Many connections write while the sidecar reads, is restarted and killed: nothing is lost or repeated."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from exporter import counting
from tests.servers.graders.life import Db, Job, Tally
from tests.servers.graders.site import Site

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
WRITERS = 3


class Writer(threading.Thread):
    """One connection of the grader with students of its own. Ids are taken early, committed in any order."""

    def __init__(self, site: Site, seed: int, jobs: int, users: count[int]) -> None:
        super().__init__()
        self.site, self.random, self.users = site, random.Random(seed), users
        self.left, self.open, self.done = jobs, list[Job](), list[Job]()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with self.site.connection(autocommit=False) as db:
                if self.site.dialect == "mysql":  # else gaps are locked, and the writers wait for one another
                    db.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
                while self.left or self.open:
                    self.step(db)
        except BaseException as error:
            self.error = error
            raise

    def step(self, db: Db) -> None:
        if self.left and (len(self.open) < 3 or self.random.random() < 0.4):
            self.left -= 1
            job = self.next_job()
            self.site.system.arrive(db, job)
            time.sleep(self.random.uniform(0, 0.01))
            self.open.append(job)
        else:
            job = self.open.pop(self.random.randrange(len(self.open)))
            self.site.system.start(db, job)
            if self.random.random() < 0.5:
                db.connection.commit()
            self.site.system.finish(db, job)
            self.done.append(job)
        db.connection.commit()

    def next_job(self) -> Job:
        number = next(self.users)
        if self.done and self.random.random() < 0.3:
            last = self.done.pop(0)
            self.done.append(last)
            version = last.extra["attempts"] = last.extra.get("attempts", 1) + 1
            if not last.again:
                return Job(last.user, last.task, number, True, last.code, extra={"version": version})
        code = self.random.choice(sorted(self.site.system.codes))
        return Job(user=number, task=number % 30, number=number, code=code)


def write(site: Site, seed: int, jobs: int) -> list[Writer]:
    users = count(seed * 10_000 + 1)
    writers = [Writer(site, seed + n, jobs, users) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    return writers


def total(site: Site, writers: list[Writer]) -> Tally:
    found = Tally()
    for writer in writers:
        writer.join()
        assert writer.error is None
        for job in writer.done:
            found += site.system.expected(job)
    return found


def never_falls(before: Tally, after: Tally) -> None:
    assert not [key for key, value in before.items() if after[key] < value]


def test_the_metrics_are_the_tally_of_the_writers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an overlap of a few ids, so that the time of a late commit is what finds it."""
    monkeypatch.setattr(counting, "OVERLAP_IDS", 3)
    chance, sidecar = random.Random(1), site.sidecar()
    sidecar.events()
    writers, seen = write(site, 1, 14), Tally()
    while any(writer.is_alive() for writer in writers):
        found = sidecar.events()
        never_falls(seen, found)
        seen = found
        if chance.random() < 0.3:
            sidecar.close()
            sidecar = site.sidecar()
    assert sidecar.events() == total(site, writers)


_COLLECT = """
import json, sys
from pathlib import Path
from exporter.collector import Deadline
from exporter.collectors import build
from exporter.config.whole import load_config
collectors = [c for c in build(load_config(sys.argv[1]).value) if c.name in ("submissions", "gradings")]
while True:
    found = {}
    for collector in collectors:
        for family in collector.collect(Deadline.after(20)):
            for sample in family.samples:
                if not sample.name.endswith("_bucket"):
                    key = [sample.name.removeprefix("grader_"), *sample.labels.values()]
                    found[json.dumps(key)] = sample.value
    print(json.dumps(found), flush=True)
"""


@pytest.mark.parametrize("name", ["prairielearn", "dmoj"])
def test_kill_9_at_any_moment_costs_nothing(name: str, request: pytest.FixtureRequest) -> None:
    site: Site = request.getfixturevalue(name)
    config = site.configuration()
    site.sidecar().events()
    writers, seen, chance = write(site, 5, 60), Tally(), random.Random(5)
    for _ in range(4):
        command = [sys.executable, "-c", _COLLECT, str(config)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
        ) as process:
            assert process.stdout
            for _ in range(chance.randrange(1, 12)):
                found = Tally(
                    {tuple(json.loads(k)): v for k, v in json.loads(process.stdout.readline()).items()}
                )
                never_falls(seen, found)
                seen = found
            time.sleep(chance.uniform(0, 0.01))
            process.send_signal(signal.SIGKILL)
    expected = total(site, writers)
    assert site.sidecar().events() == expected
