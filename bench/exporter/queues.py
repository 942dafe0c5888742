"""Queue lengths of a Redis: our sidecar against redis_exporter and rq-exporter.

100 lists: each side exports their lengths, redis_exporter by its option for single keys. 20 queues of RQ:
each side exports jobs by state. Both are scraped in turns over a kept connection; a side that cannot be
installed is left out and named.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rq import Queue

from bench.document import table
from tests.servers.broker_servers import Redis
from tests.servers.private_process import free_port, wait_until

PEERS = Path(__file__).parents[2] / ".tools" / "peers"
LISTS, RQ_QUEUES, JOBS = 100, 20, 5
RQ_EXPORTER = "3.1.0"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Side:
    """A program that serves metrics, and what its rounds measured (seconds, seconds, commands a scrape)."""

    name: str
    command: Sequence[object]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    latency: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    commands: float = 0.0
    memory: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        assert self.process
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS

    def resident(self) -> float:
        """Megabytes."""
        assert self.process
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def redis_exporter(redis: Redis) -> Side | None:
    """Debian's package, unpacked beside the project."""
    program = shutil.which("prometheus-redis-exporter") or str(
        PEERS / "redis/usr/bin/prometheus-redis-exporter"
    )
    if not Path(program).exists() and not _unpack("prometheus-redis-exporter", PEERS / "redis"):
        return None
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"v?(\d+\.\d+\.\d+)", version.stdout + version.stderr)
    port = free_port()
    keys = ",".join(f"db0=bench:{n}" for n in range(LISTS))
    options = (f"-redis.addr=redis://127.0.0.1:{redis.port}", f"-web.listen-address=127.0.0.1:{port}")
    name = f"redis_exporter {found[1] if found else ''}".strip()
    return Side(name, (program, *options, f"-check-single-keys={keys}"), port)


def rq_exporter(redis: Redis) -> Side | None:
    """PyPI's package in an environment of its own."""
    home = PEERS / f"rq-exporter-{RQ_EXPORTER}"
    program = home / "bin/rq-exporter"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
        pip = (
            sys.executable,
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "--python",
            home / "bin/python",
        )
        done = subprocess.run([*map(str, pip), "install", f"rq-exporter=={RQ_EXPORTER}"], check=False)
        if done.returncode:
            shutil.rmtree(home, ignore_errors=True)
            return None
    port = free_port()
    environment = {
        "RQ_REDIS_HOST": "127.0.0.1",
        "RQ_REDIS_PORT": str(redis.port),
        "RQ_EXPORTER_HOST": "127.0.0.1",
        "RQ_EXPORTER_PORT": str(port),
    }
    return Side(f"rq-exporter {RQ_EXPORTER}", (program,), port, environment)


def ours(redis: Redis, folder: Path, kind: str, names: Sequence[str]) -> Side:
    """Our sidecar over the same queues."""
    port = free_port()
    prefix = ", prefix: 'bench:'" if kind == "list" else ""
    queues = "".join(f"- {{queue: '{name}', broker: main, kind: {kind}{prefix}}}\n" for name in names)
    configuration = folder / f"{kind}.yaml"
    configuration.write_text(
        f"listen: ['127.0.0.1:{port}']\nstate_dir: {folder}\ncollection: {{max_label_values: 1000}}\n"
        f"brokers: {{main: {{url: '{redis.url()}'}}}}\nqueues:\n{queues}",
        encoding="utf-8",
    )
    return Side("gradewatch", (sys.executable, "-m", "exporter", "--config", configuration), port)


@contextmanager
def running(side: Side) -> Iterator[None]:
    """The program, serving."""
    side.process = subprocess.Popen(
        [str(part) for part in side.command],
        env={**os.environ, **side.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _serves(side), 30, f"{side.name} serves")
        yield
    finally:
        side.process.kill()
        side.process.wait()


def measure(side: Side, redis: Redis, scrapes: int) -> None:
    """One round: the median latency, and CPU and commands a scrape."""
    connection = http.client.HTTPConnection("127.0.0.1", side.port, timeout=10)
    _scrape(connection)
    cpu, commands, times = side.cpu_seconds(), _commands(redis), []
    for _ in range(scrapes):
        started = time.perf_counter()
        _scrape(connection)
        times.append(time.perf_counter() - started)
    side.latency.append(statistics.median(times))
    side.cpu.append((side.cpu_seconds() - cpu) / scrapes)
    side.commands = (_commands(redis) - commands - 1) / scrapes
    side.memory = side.resident()
    connection.close()


def compare(sides: Sequence[Side], redis: Redis, rounds: int, scrapes: int) -> None:
    """All sides in turns."""
    with ExitStack() as stack:
        for side in sides:
            stack.enter_context(running(side))
        for _ in range(rounds):
            for side in sides:
                measure(side, redis, scrapes)


def row(what: str, side: Side, reference: Side) -> list[str]:
    """A line of the table; ratios are ours to theirs, round by round."""
    return [
        what,
        side.name,
        f"{statistics.median(side.latency) * 1e3:.2f}",
        f"{statistics.median(side.cpu) * 1e3:.2f}",
        f"{side.commands:.0f}",
        f"{side.memory:.0f}",
        *(_ratio(reference, side, of) for of in ("latency", "cpu")),
    ]


def section(rounds: int = 5, scrapes: int = 300) -> str:
    """A line an exporter."""
    redis = Redis()
    redis.start()
    try:
        return _body(redis, rounds, scrapes)
    finally:
        redis.remove()


def _body(redis: Redis, rounds: int, scrapes: int) -> str:
    pipeline = redis.client().pipeline()
    for number in range(LISTS):
        pipeline.rpush(f"bench:{number}", *range(JOBS))
    pipeline.execute()
    lists, queues = [str(n) for n in range(LISTS)], [f"queue-{n}" for n in range(RQ_QUEUES)]
    for name in queues:
        for _ in range(JOBS):
            Queue(name, connection=redis.client()).enqueue(print)
    peers = {"redis_exporter": redis_exporter(redis), "rq-exporter": rq_exporter(redis)}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = []
        for what, kind, names, peer in (
            (f"{LISTS} lists", "list", lists, peers["redis_exporter"]),
            (f"{RQ_QUEUES} RQ queues", "rq", queues, peers["rq-exporter"]),
        ):
            sides = [side for side in (ours(redis, home, kind, names), peer) if side]
            compare(sides, redis, rounds, scrapes)
            rows += [row(what, side, sides[0]) for side in sides]
    head = [
        "",
        "exporter",
        "p50 ms",
        "CPU ms",
        "commands",
        "RSS MB",
        "latency, ours to it",
        "CPU, ours to it",
    ]
    version = str(redis.client().info("server")["redis_version"])
    missing = ", ".join(name for name, side in peers.items() if side is None)
    left_out = f"\n\nNot measured, because it could not be installed: {missing}." if missing else ""
    promised = "Promised for lists: at most 0.4x of the latency, 0.2x of the CPU, one round trip."
    ran = f"Redis {version}, one client, {rounds} rounds of {scrapes}."
    return f"{table(head, rows)}\n\n{ran} {promised}{left_out}"


def _ratio(we: Side, they: Side, of: str) -> str:
    if we is they:
        return ""
    ratios = [mine / its for mine, its in zip(getattr(we, of), getattr(they, of), strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _scrape(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/metrics", headers={"Accept": "text/plain;version=0.0.4"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200
    assert body


def _serves(side: Side) -> bool:
    try:
        _scrape(http.client.HTTPConnection("127.0.0.1", side.port, timeout=5))
    except OSError:
        return False
    return True


def _commands(redis: Redis) -> int:
    return int(redis.client().info("stats")["total_commands_processed"])


def _unpack(package: str, home: Path) -> bool:
    """A Debian package into a folder; False where that cannot be done."""
    if not shutil.which("apt-get"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True, check=False)
        archives = list(Path(folder).glob("*.deb"))
        if done.returncode or not archives:
            return False
        home.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "-x", archives[0], home], check=True)
    return True
