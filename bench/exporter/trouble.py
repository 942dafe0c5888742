"""When databases are slow: what is left running in them, who else waits, and what eight scrapers cost."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.document import table
from bench.exporter import ours
from bench.exporter.data import USER, Databases, free_port, select
from bench.exporter.measuring import Serving, load, serving
from bench.exporter.sides import sides

HEAVY = (
    "SELECT x.a, x.b, x.c, SUM(x.v * y.v) FROM bench_1000 x, bench_1000 y, bench_1000 z"
    " GROUP BY x.a, x.b, x.c"
)
SLEEP = {
    "mariadb": "SELECT 'a', 'b', 'c', SLEEP(60)",
    "postgresql": "SELECT 'a', 'b', 'c', 1 FROM pg_sleep(60)",
}
TIMEOUT = 1.5
MARGIN = 0.5
COLLECTORS = 20


def section(data: Databases, seconds: float, wrk: Sequence[str] | None) -> str:
    """Three small tables."""
    return "\n\n".join([_left_over(data), _hung(data), _scrapers(data, seconds, wrk)])


def _left_over(data: Databases) -> str:
    """Statements that still run one second after the deadline of four scrapes that timed out."""
    lines: list[list[object]] = []
    for kind in ("mariadb", "postgresql"):
        server: Any = getattr(data, kind)
        for side in sides(data, kind, 1000):
            command = side.asking(HEAVY)
            with serving(command, side.port, path="/", environment=side.environment) as running:
                for _ in range(4):
                    _scrape_until(running, TIMEOUT)
                time.sleep(1)
                lines.append([kind, side.name, len(server.running_statements(USER))])
    head = ("database", "side", f"statements left 1 s after 4 scrapes of {TIMEOUT} s")
    return table(head, lines)


def _scrape_until(server: Serving, timeout: float) -> bytes | None:
    """A scrape as Prometheus does it: the header, and no patience beyond it."""
    connection = server.connect()
    connection.timeout = timeout
    try:
        connection.request("GET", "/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)})
        return connection.getresponse().read()
    except OSError:
        return None
    finally:
        connection.close()


def _hung(data: Databases) -> str:
    """Twenty collectors, one of which asks a database that does not answer in time."""
    lines: list[list[object]] = []
    for kind in ("mariadb", "postgresql"):
        port = free_port()
        questions = [
            {
                "name": f"rows{number}",
                "url": data.url(kind),
                "sql": SLEEP[kind] if number == 7 else f"{select(1000)} LIMIT 20",
                "password_file": data.password_file,
            }
            for number in range(COLLECTORS)
        ]
        command = ours.command(listen=f"127.0.0.1:{port}", questions=questions)
        with serving(command, port, path="/") as server:
            took: list[float] = []
            good: list[int] = []
            for _ in range(5):
                started = time.perf_counter()
                page = _scrape_until(server, TIMEOUT + 1) or b""
                took.append(time.perf_counter() - started)
                good.append(
                    sum(f'success{{collector="rows{n}"}} 1\n'.encode() in page for n in range(COLLECTORS))
                )
            late = (statistics.median(took) - (TIMEOUT + 1 - MARGIN)) * 1000
            lines.append([kind, f"{min(good)} of {COLLECTORS - 1}", f"{late:+.0f}", "<= 50"])
    head = (
        "database of the hung statement",
        "other collectors served",
        "page after the deadline, ms",
        "promise",
    )
    return table(head, lines)


def _scrapers(data: Databases, seconds: float, wrk: Sequence[str] | None) -> str:
    """Eight scrapers at once: most statements that ran at the same time, and how many a scrape."""
    lines: list[list[object]] = []
    for side in sides(data, "mariadb", 1000):
        with side.serve() as server:
            most, stop = [0], threading.Event()
            with ThreadPoolExecutor(1) as pool:
                watch = pool.submit(_watch, data, most, stop)
                before = _selects(data)
                seen = load(server, 8, seconds, wrk)
                asked = _selects(data) - before
                stop.set()
                watch.result()
            each = max(0.0, asked) / max(1, seen.requests)
            lines.append([side.name, f"{each:.2f}", most[0], f"{seen.rate:.0f}"])
    head = ("side, 8 scrapers, MariaDB, 1000 rows", "statements a scrape", "most at once", "req/s")
    return table(head, lines)


def _selects(data: Databases) -> float:
    rows = data.mariadb.run(
        f"SELECT SELECT_COMMANDS FROM information_schema.USER_STATISTICS WHERE USER = '{USER}'"
    )
    return float(rows[0][0]) if rows else 0.0


def _watch(data: Databases, most: list[int], stop: threading.Event) -> None:
    while not stop.is_set():
        most[0] = max(most[0], len(data.mariadb.running_statements(USER)))
