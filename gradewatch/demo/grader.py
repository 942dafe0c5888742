"""A demo grader: `python -m gradewatch.demo.grader --database FILE --port N [--speed X] [--seed S]`.

It writes students' submissions and their gradings into an SQLite database at a realistic rhythm, serves the
metrics of its web application, and breaks on request: POST /fault/<name>, DELETE /fault.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from gradewatch.demo import site, workload
from gradewatch.demo.engine import Engine
from gradewatch.demo.machine import Machine
from gradewatch.demo.people import People
from gradewatch.demo.predictions import Predictions
from gradewatch.demo.site import Traffic
from gradewatch.demo.store import Store
from gradewatch.demo.workload import Clock

TICK = 0.05
"""Seconds between two steps."""
_HISTORY_STEP = 60.0
_BACKUP_EVERY = 0.9 * workload.DAY


class Grader:
    """The running grader: steps and switches come from different threads, one at a time."""

    def __init__(
        self, database: Path, speed: float, seed: int, history_days: float = 0.0, backups: Path | None = None
    ) -> None:
        random = Random(seed)  # noqa: S311 - a demonstration, nothing is secret
        self._store = Store(database)
        self._lock = threading.Lock()
        now = time.time()
        self._engine = Engine(self._store, Clock(now - history_days * workload.DAY), random)
        if history_days:
            write_history(self._engine, now - history_days * workload.DAY, now)
        self._clock = Clock(time.time(), speed)
        self._engine.change_clock(self._clock)
        # Another stream of chance, so that a seed's submissions do not depend on what people do.
        self._people = People(self._store, self._clock, Random(-seed))  # noqa: S311
        self._predictions = Predictions(self._store, self._clock, Random(f"model {seed}"))  # noqa: S311
        self.traffic = Traffic(self._clock, random)
        self.machine = Machine(self._clock.start)
        self._backups, self._backed_up = backups, 0.0
        self._fault: str | None = None

    @property
    def fault(self) -> str | None:
        """What is broken now."""
        return self._fault

    def step(self) -> None:
        """Let happen what happens until now."""
        shares = {"error-burst": site.BURST_ERRORS, "database-down": site.OUTAGE_ERRORS}
        with self._lock:
            now = time.time()
            self._engine.step(now)
            self._people.step(now)
            self._predictions.step(now)
            wave = workload.daily_wave(self._clock.simulated(now))
            self.machine.step(self._engine.busy, wave, self._engine.graded)
            self._back_up(now)
            self.traffic.step(now, shares.get(self._fault or "", workload.RESTING_ERRORS))

    def break_(self, fault: str) -> None:
        """Break something; what was broken before is repaired first."""
        with self._lock:
            self._repair()
            self._fault = fault
            if fault == "grader-stuck":
                self._engine.stuck = True
            elif fault == "queue-flood":
                self._engine.flood_now(time.time())
            elif fault == "database-down":
                self._store.take_away()

    def repair(self) -> None:
        """Repair everything."""
        with self._lock:
            self._repair()

    def close(self) -> None:
        """Leave a whole database where it belongs."""
        with self._lock:
            self._repair()
            self._store.close()

    def _back_up(self, now: float) -> None:
        """Once a day, like a grader that is looked after."""
        if self._backups and self._store.up and now - self._backed_up > _BACKUP_EVERY / self._clock.speed:
            self._backed_up = now
            self._store.back_up(self._backups / f"grader-{int(now)}.db")

    def _repair(self) -> None:
        self._store.bring_back()
        self._engine.repair()
        self._fault = None


def write_history(engine: Engine, start: float, end: float) -> None:
    """What happened between two moments, at the speed of the day."""
    at = start
    while at < end:
        at = min(at + _HISTORY_STEP, end)
        engine.step(at)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; 2 for a port or a folder that cannot be used."""
    options = _options(arguments)
    try:
        grader = Grader(options.database, options.speed, options.seed, options.backfill_days, options.backups)
    except (
        Exception
    ) as error:  # sqlite3.OperationalError and OSError alike: there is no database to work with
        print(f"{options.database} cannot be used: {error}", file=sys.stderr)
        return 2
    servers = []
    for port, shown in ((options.port, grader.traffic), (options.machine_port, grader.machine)):
        if port is None:
            continue
        try:
            servers.append(site.serve(port, shown, grader))
        except OSError as error:
            grader.close()
            print(f"port {port} cannot be used: {error.strerror}", file=sys.stderr)
            return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    print(f"demo grader: http://127.0.0.1:{options.port}/, database {options.database}", file=sys.stderr)
    while not stop.wait(TICK):
        grader.step()
    for server in servers:
        server.shutdown()
        server.server_close()
    grader.close()
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gradewatch.demo.grader", description=__doc__)
    parser.add_argument(
        "--database", type=Path, required=True, metavar="FILE", help="the SQLite file to write"
    )
    parser.add_argument("--port", type=int, required=True, metavar="N", help="port on 127.0.0.1")
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="simulated seconds in a real one"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, other students")
    parser.add_argument(
        "--backfill-days", type=float, default=0.0, metavar="D", help="write a history of D days first"
    )
    parser.add_argument("--backups", type=Path, metavar="DIR", help="write a backup there once a day")
    parser.add_argument("--machine-port", type=int, metavar="N", help="serve the machine's metrics there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
