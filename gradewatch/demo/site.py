"""The demo grader's web application: its own metrics, its health, and the switch that breaks it."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gradewatch.demo import workload
from gradewatch.demo.workload import Clock

FAULTS = ("grader-stuck", "database-down", "error-burst", "queue-flood")
BURST_ERRORS = 0.3
"""Share of 5xx answers while the application is broken."""
OUTAGE_ERRORS = 0.002
"""Share while the database is away: most pages come from a cache, so users hardly notice yet."""
_BUCKETS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0)
"""Among them what the policy promises."""
_METHODS = ("GET", "GET", "GET", "POST")


class Switch(Protocol):
    """What the web application can ask of the grader."""

    @property
    def fault(self) -> str | None:
        """What is broken now."""
        ...

    def break_(self, fault: str) -> None:
        """Break something; what was broken before is repaired first."""
        ...

    def repair(self) -> None:
        """Repair everything."""
        ...


class Exporter(Protocol):
    """What `/metrics` shows."""

    registry: CollectorRegistry

    def refresh(self) -> None:
        """Called before it is shown."""
        ...


class Traffic:
    """Requests as a class makes them; nobody sends them, but they are counted as if somebody had."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._clock = clock
        self._random = random
        self._last = clock.start
        self._requests = Counter(
            "http_requests_total", "Requests answered.", ("method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Duration of an answer.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        for method in set(_METHODS):
            for status in ("200", "404", "500"):
                self._requests.labels(method, status)

    def refresh(self) -> None:
        """It is counted as it happens."""

    def step(self, now: float, error_share: float) -> None:
        """Count the requests of the time since the last step."""
        wave = workload.daily_wave(self._clock.simulated(now))
        rate = min(workload.REQUESTS_PER_SECOND * self._clock.speed * wave, workload.MOST_REQUESTS_PER_SECOND)
        for _ in range(workload.poisson(self._random, rate * (now - self._last))):
            chance = self._random.random()
            status = "500" if chance < error_share else "404" if chance > 0.99 else "200"
            self._requests.labels(self._random.choice(_METHODS), status).inc()
            self._seconds.observe(workload.response_seconds(self._random))
        self._last = now


def serve(port: int, shown: Exporter, switch: Switch) -> ThreadingHTTPServer:
    """A server on the loopback address, not started yet. Raises OSError when the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                shown.refresh()
                self._answer(200, generate_latest(shown.registry), CONTENT_TYPE_LATEST)
            elif path == "/-/healthy":
                self._answer(200, b"ok\n")
            elif path == "/":
                self._answer(200, f"demo grader; fault: {switch.fault or 'none'}\n".encode())
            else:
                self._answer(404, b"paths: / /metrics /-/healthy, POST /fault/<name>, DELETE /fault\n")

        def do_POST(self) -> None:
            fault = self.path.removeprefix("/fault/")
            if fault not in FAULTS:
                self._answer(404, f"faults: {', '.join(FAULTS)}\n".encode())
                return
            switch.break_(fault)
            self._answer(200, f"broken: {fault}\n".encode())

        def do_DELETE(self) -> None:
            if self.path != "/fault":
                self._answer(404, b"DELETE /fault repairs\n")
                return
            switch.repair()
            self._answer(200, b"repaired\n")

        def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a scrape every second is no news."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server
