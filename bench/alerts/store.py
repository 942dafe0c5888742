"""The simulated weeks in a real Prometheus: samples to blocks, blocks to a server, expressions to series."""

from __future__ import annotations

import math
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import requests

from bench.alerts.rhythm import BEGIN, DAYS, STEP, Array
from bench.alerts.world import Labels

STEPS_A_DAY = round(86400 / STEP)
SPARSE = 4
"""A value that stays the same all day is written every fourth step, which is within Prometheus' look-back."""
DAYS_A_QUERY = 7
READY_SECONDS = 120.0

Series = Mapping[tuple[str, Labels], Array]


def write_blocks(series: Series, promtool: Path, folder: Path, scratch: Path) -> None:
    """One OpenMetrics file and one block a day: promtool reads its whole input again for each block."""
    folder.mkdir(parents=True, exist_ok=True)
    for day in range(DAYS):
        text = scratch / "day.om"
        text.write_text("".join(_lines(series, day)), encoding="utf-8")
        command = [promtool, "tsdb", "create-blocks-from", "openmetrics", text, folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        text.unlink()


def _lines(series: Series, day: int) -> Iterator[str]:
    first = day * STEPS_A_DAY
    times = [f" {BEGIN + (first + step) * STEP:.0f}\n" for step in range(STEPS_A_DAY)]
    for (name, labels), values in series.items():
        inside = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
        head = f"{name}{{{inside}}} "
        part = values[first : first + STEPS_A_DAY]
        every = SPARSE if np.all(part == part[0]) else 1
        lines = (
            head + repr(value) + moment
            for value, moment in zip(part[::every].tolist(), times[::every], strict=True)
            if not math.isnan(value)
        )
        yield "".join(lines)
    yield "# EOF\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus that holds the weeks."""

    url: str
    session: requests.Session = field(default_factory=requests.Session, compare=False)

    def series(self, expr: str) -> dict[Labels, Array]:
        """The value of each series of an expression at every step; NaN where there is none."""
        found: dict[Labels, Array] = {}
        for first in range(0, DAYS, DAYS_A_QUERY):
            start = first * STEPS_A_DAY
            end = min(first + DAYS_A_QUERY, DAYS) * STEPS_A_DAY - 1
            for entry in self._range(expr, start, end):
                labels = tuple(sorted(entry["metric"].items()))
                values = found.setdefault(labels, np.full(DAYS * STEPS_A_DAY, np.nan))
                points = np.array([(float(at), float(value)) for at, value in entry["values"]])
                values[np.round((points[:, 0] - BEGIN) / STEP).astype(int)] = points[:, 1]
        return found

    def _range(self, expr: str, start: int, end: int) -> list[dict[str, object]]:
        asked = {"query": expr, "start": BEGIN + start * STEP, "end": BEGIN + end * STEP, "step": STEP}
        answer = self.session.post(f"{self.url}/api/v1/query_range", data=asked, timeout=600).json()
        if answer["status"] != "success":
            raise ValueError(f"{expr}: {answer.get('error')}")
        result: list[dict[str, object]] = answer["data"]["result"]
        return result


@contextmanager
def served(blocks: Path, prometheus: Path, scratch: Path) -> Iterator[Server]:
    """The server on a free port of the loopback, gone at the end."""
    config = scratch / "prometheus.yml"
    config.write_text(f"global: {{scrape_interval: {STEP:.0f}s}}\n", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [
        prometheus,
        f"--config.file={config}",
        f"--storage.tsdb.path={blocks}",
        "--storage.tsdb.retention.time=10y",
        "--query.max-samples=500000000",
        "--query.timeout=10m",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (scratch / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        server = Server(f"http://127.0.0.1:{port}")
        _wait(server, process, scratch / "prometheus.log")
        yield server
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if server.session.get(f"{server.url}/-/ready", timeout=1).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"Prometheus did not start: {log.read_text('utf-8', 'replace')[-500:]}")
