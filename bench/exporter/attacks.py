"""Hostile clients: what a scrape costs while thousands of connections say nothing or half of something."""

from __future__ import annotations

import contextlib
import resource
import socket
import ssl
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from bench.document import table
from bench.exporter.data import free_port
from bench.exporter.measuring import Serving, percentile, serving

HALF = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
HALF_OPEN, SILENT = 2000, 50
SCRAPES = 200
PATIENCE = 30.0
"""Seconds that an attack may take to connect, and the scrapes during it; a slow server gets fewer of both."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Connections that came through, seconds of scrapes before and during them, MB more, and after how many
    seconds all were dropped."""

    clients: int
    before: list[float]
    during: list[float]
    growth: float
    dropped: float | None


def section() -> str:
    """One line an attack and a server."""
    _allow_files()
    lines: list[list[object]] = []
    with TemporaryDirectory(prefix="gradewatch-bench-") as folder:
        for name, attack, clients in (
            ("sidecar", "half-open requests", HALF_OPEN),
            ("sidecar, TLS", "silent connections", SILENT),
            ("sidecar, TLS", "half-open and silent", HALF_OPEN),
            ("client_python's server", "half-open requests", HALF_OPEN),
            ("client_python's server, TLS", "silent connections", SILENT),
        ):
            lines.append(_line(name, attack, clients, Path(folder)))
    head = (
        "server",
        "attack",
        "connected",
        "p50 before, ms",
        "p99 before, ms",
        "p50 during, ms",
        "p99 during, ms",
        "p99: during to before",
        "RSS more, MB",
        "all dropped after, s",
    )
    return table(head, lines)


def _line(name: str, attack: str, clients: int, folder: Path) -> list[object]:
    secure = "TLS" in name
    with _server(name, folder) as server:
        data = b"" if attack.startswith("silent") else HALF
        try:
            seen = _attack(server, clients, data, secure)
        except OSError as error:
            return [name, f"{clients} {attack}", *[""] * 7, f"**does not serve**: {type(error).__name__}"]
    before, during = percentile(seen.before, 0.99), percentile(seen.during, 0.99)
    return [
        name,
        f"{clients} {attack}",
        f"{seen.clients}",
        f"{statistics.median(seen.before) * 1000:.1f}",
        f"{before * 1000:.1f}",
        f"{statistics.median(seen.during) * 1000:.1f}",
        f"{during * 1000:.1f}",
        f"{during / before:.1f}x",
        f"{seen.growth:+.1f}",
        "never" if seen.dropped is None else f"{seen.dropped:.0f}",
    ]


def _attack(server: Serving, clients: int, data: bytes, secure: bool) -> Seen:
    before = [_scrape(server, secure) for _ in range(SCRAPES)]
    rss = server.rss
    with contextlib.ExitStack() as stack:
        attackers: list[socket.socket] = []
        until = time.monotonic() + PATIENCE
        while len(attackers) < clients and time.monotonic() < until:
            with contextlib.suppress(OSError):  # the oldest idle one goes when there are too many
                attacker = stack.enter_context(
                    socket.create_connection(("127.0.0.1", server.port), timeout=5)
                )
                attackers.append(attacker)
                attacker.sendall(data)
        started = time.monotonic()
        during = [_scrape(server, secure)]
        while len(during) < SCRAPES and time.monotonic() < started + PATIENCE:
            during.append(_scrape(server, secure))
        growth = server.rss - rss
        dropped = _dropped(attackers, started)
    return Seen(len(attackers), before, during, growth, dropped)


def _scrape(server: Serving, secure: bool) -> float:
    """One scrape on a connection of its own, in seconds; raises OSError after 5 s."""
    started = time.perf_counter()
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
        if secure:
            client = stack.enter_context(ssl._create_unverified_context().wrap_socket(client))
        client.sendall(HALF + b"Connection: close\r\n\r\n")
        received = b""
        while piece := client.recv(65536):
            received += piece
    if b" 200 " not in received[:20]:
        raise ConnectionError(received[:100])
    return time.perf_counter() - started


def _dropped(attackers: list[socket.socket], started: float, patience: float = 20.0) -> float | None:
    """Seconds until the last one is closed by the server, None when some stay."""
    for attacker in attackers:
        attacker.settimeout(max(0.01, started + patience - time.monotonic()))
        try:
            while attacker.recv(4096):
                pass
        except TimeoutError:
            return None
        except OSError:
            pass
    return time.monotonic() - started


@contextlib.contextmanager
def _server(name: str, folder: Path) -> Iterator[Serving]:
    port, web = free_port(), folder / "web.yml"
    leaf = trustme.CA().issue_cert("localhost", "127.0.0.1")
    leaf.cert_chain_pems[0].write_to_path(folder / "server.crt")
    leaf.private_key_pem.write_to_path(folder / "server.key")
    secure = "TLS" in name
    if name.startswith("sidecar"):
        config = folder / "sidecar.yaml"
        config.write_text(
            f"listen: ['127.0.0.1:{port}']\nstate_dir: {folder}\n"
            f"databases: {{a: {{url: 'sqlite://{folder}/a.db'}}}}\n",
            encoding="utf-8",
        )
        (folder / "a.db").touch()
        web.write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}\n", "utf-8")
        more = ["--web.config.file", web] if secure else []
        command = [sys.executable, "-m", "exporter", "--config", config, *more]
    else:
        files = f"certfile={str(folder / 'server.crt')!r}, keyfile={str(folder / 'server.key')!r}"
        code = (
            "import signal; from prometheus_client import start_http_server\n"
            f"start_http_server({port}, '127.0.0.1'{', ' + files if secure else ''})\n"
            "signal.sigwait([signal.SIGTERM])"
        )
        command = [sys.executable, "-c", code]
    with serving(command, port, expect=b"", path="/", secure=secure) as server:
        yield server


def _allow_files() -> None:
    """As many open sockets as the attack needs, for us and for those that we start."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * HALF_OPEN + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise RuntimeError(f"the attack needs {wanted} open files; the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
