"""Figures of a serving process: CPU and memory from /proc, latency from a client; sides take turns."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import ssl
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
ACCEPT = "text/plain;version=0.0.4"
START_SECONDS = 60.0
MOST_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw: seconds, and requests a second."""

    p50: float
    p99: float
    rate: float
    requests: int
    errors: int


@dataclass(frozen=True, slots=True)
class Serving:
    """A server under measurement."""

    process: subprocess.Popen[bytes]
    port: int
    path: str = "/metrics"
    secure: bool = False

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, children included."""
        total = 0.0
        for pid in family(self.process.pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
                total += (int(fields[11]) + int(fields[12])) / TICKS
        return total

    @property
    def rss(self) -> float:
        """Resident memory in MB, children included."""
        total = 0.0
        for pid in family(self.process.pid):
            with contextlib.suppress(OSError):
                found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
                total += int(found[1]) / 1024 if found else 0.0
        return total

    def connect(self) -> http.client.HTTPConnection:
        """A connection of one's own, not opened yet; nobody's certificate is verified."""
        if self.secure:
            context = ssl._create_unverified_context()
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, **headers: str) -> bytes:
        """One page; raises OSError."""
        connection = self.connect()
        with contextlib.closing(connection):
            connection.request("GET", self.path, headers={"Accept": ACCEPT, **headers})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise OSError(f"{answer.status}: {body[:200]!r}")
            return body


def family(pid: int) -> Iterator[int]:
    """A process and those that it started."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text("utf-8").split():
                yield from family(int(child))


@contextlib.contextmanager
def serving(
    command: Sequence[object],
    port: int,
    *,
    expect: bytes = b"",
    path: str = "/metrics",
    secure: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Serving]:
    """Start a server; ready when its page holds `expect`. It is ended afterwards."""
    log = Path(f"/tmp/bench-{os.getpid()}-{port}.log")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            list(map(str, command)), stdout=stream, stderr=stream, env={**os.environ, **(environment or {})}
        )
    server = Serving(process, port, path, secure)
    try:
        wait_for(lambda: expect in server.get(), process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.unlink(missing_ok=True)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it holds; an OSError counts as not yet."""
    until = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if condition():
                return
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args!r} does not serve: {log.read_text('utf-8')[-2000:]}")
        time.sleep(0.005)


def load(server: Serving, clients: int, seconds: float, wrk: Sequence[str] | None) -> Load:
    """Ask again and again from `clients` connections: with wrk where it is, else with a loop of our own."""
    return _wrk(server, clients, seconds, wrk) if wrk else _loop(server, clients, seconds)


def ask(server: Serving, times: int) -> list[float]:
    """So many requests one after the other; how long each took."""
    took = []
    with contextlib.closing(server.connect()) as connection:
        for _ in range(times):
            started = time.perf_counter()
            connection.request("GET", server.path, headers={"Accept": ACCEPT})
            answer = connection.getresponse()
            answer.read()
            took.append(time.perf_counter() - started)
            if answer.status != 200:
                raise OSError(f"{answer.status} from port {server.port}")
    return took


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _loop(server: Serving, clients: int, seconds: float) -> Load:
    until = time.monotonic() + seconds

    def client() -> list[float]:
        took: list[float] = []
        while time.monotonic() < until:
            took += ask(server, 5)
        return took

    started = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        took = [t for future in [pool.submit(client) for _ in range(clients)] for t in future.result()]
    rate = len(took) / (time.monotonic() - started)
    return Load(statistics.median(took), percentile(took, 0.99), rate, len(took), 0)


_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


def _wrk(server: Serving, clients: int, seconds: float, wrk: Sequence[str]) -> Load:
    url = f"http://127.0.0.1:{server.port}{server.path}"
    options = [f"-c{clients}", "-t1", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "--latency"]
    command = [*wrk, *options, "-H", f"Accept: {ACCEPT}", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def quantile(share: int) -> float:
        found = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.M)
        assert found, text
        return float(found[1]) * _UNITS[found[2]]

    requests = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert requests
    assert rate
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    lost = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    errors = (int(bad[1]) if bad else 0) + (sum(map(int, lost.groups())) if lost else 0)
    return Load(quantile(50), quantile(99), float(rate[1]), int(requests[1]), errors)


@dataclass(frozen=True, slots=True)
class Cost:
    """One side's scrapes: seconds of CPU and of waiting, medians over the rounds, and requests a second."""

    cpu: tuple[float, ...]
    p50: tuple[float, ...]
    p99: tuple[float, ...]
    rate: tuple[float, ...]
    rss: float


def compare(
    sides: Mapping[str, Serving], clients: int, seconds: float, rounds: int, wrk: Sequence[str] | None
) -> dict[str, Cost]:
    """Measure all sides in turns, `rounds` times; raises RuntimeError for a run with errors."""
    found: dict[str, list[tuple[float, Load]]] = {name: [] for name in sides}
    # Warm: connections are open, templates made. A slow side gets the time for a few requests of each client.
    slow = {name: 2 * clients * min(ask(server, 3)) for name, server in sides.items()}
    times = {name: max(seconds, min(MOST_SECONDS, estimate)) for name, estimate in slow.items()}
    for _ in range(rounds):
        for name, server in sides.items():
            before = server.cpu
            seen = load(server, clients, times[name], wrk)
            while seen.requests < clients and times[name] < MOST_SECONDS:
                times[name] *= 2
                before = server.cpu
                seen = load(server, clients, times[name], wrk)
            if seen.errors or not seen.requests:
                raise RuntimeError(f"{name}: {seen.errors} errors in {seen.requests} requests: a void run")
            found[name].append(((server.cpu - before) / seen.requests, seen))
    return {
        name: Cost(
            tuple(cpu for cpu, _ in runs),
            tuple(seen.p50 for _, seen in runs),
            tuple(seen.p99 for _, seen in runs),
            tuple(seen.rate for _, seen in runs),
            sides[name].rss,
        )
        for name, runs in found.items()
    }


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Median of the rounds' ratios with its spread; each round has both sides one after the other."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True) if b]
    if not ratios:
        return "-"
    return f"**{statistics.median(ratios):.2f}x** ({min(ratios):.2f}-{max(ratios):.2f})"


def milliseconds(values: Sequence[float]) -> str:
    """Median of seconds, in ms."""
    median = statistics.median(values) * 1000
    return f"{median:.1f}" if median >= 1 else f"{median:.2f}"


def find_wrk(peers: Path) -> list[str] | None:
    """How to call wrk: that of PATH, or the unpacked one with its library."""
    if found := shutil.which("wrk"):
        return [found]
    unpacked = peers / "debian/usr/bin/wrk"
    libraries = next(iter((peers / "debian/usr/lib").glob("*-linux-gnu")), None)
    if unpacked.exists() and libraries:
        return ["env", f"LD_LIBRARY_PATH={libraries}", str(unpacked)]
    return None
