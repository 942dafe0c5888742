"""HTTP: the standard library's threading server, hardened against clients that are slow, silent or many."""

from __future__ import annotations

import logging
import math
import socket
import sys
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from exporter.config.names import split_address
from exporter.connections import KEPT_SECONDS, Connections, Stage
from exporter.exposition import page
from exporter.landing import landing_page
from exporter.negotiation import accepts_gzip, choose_format, compress
from exporter.sidecar import Sidecar

log = logging.getLogger(__name__)

SCRAPE_TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
_DRAIN_BYTES = 64 * 1024
_SEND_SECONDS = 30.0
POLL_SECONDS = 0.25
"""How often idle connections are looked at, and how long the end of serving may take."""
_PLAIN = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_ALLOWED = dict.fromkeys(("/", "/metrics", "/-/healthy", "/-/ready"), "GET, HEAD")


class Handler(BaseHTTPRequestHandler):
    """One connection; any number of requests on it."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = KEPT_SECONDS
    wbufsize = -1
    disable_nagle_algorithm = True
    error_content_type = _PLAIN
    error_message_format = "%(code)d %(message)s\n"

    def parse_request(self) -> bool:
        """Read a request's head; from here on the connection counts as being served."""
        connections = self.server.site.connections
        connections.enter(self.connection, Stage.READING)
        if not super().parse_request():
            return False
        connections.enter(self.connection, Stage.SERVED)
        return True

    def handle_one_request(self) -> None:
        """Answer one request, then wait for the next."""
        super().handle_one_request()
        if self.server.site.draining:
            self.close_connection = True
        self.server.site.connections.enter(self.connection, Stage.KEPT)

    def do_GET(self) -> None:
        """Answer; a fault of ours is a 500 and a line in the log."""
        self._drain_body()
        path = urlsplit(self.path).path
        if path not in _ALLOWED:
            self._send(HTTPStatus.NOT_FOUND, b"404 Not Found\n")
        elif path == "/metrics":
            self._metrics()
        elif path == "/":
            self._send(HTTPStatus.OK, landing_page(self.server.site.sidecar).encode(), _HTML)
        else:
            ready = path == "/-/healthy" or self.server.site.sidecar.status.ready
            status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
            self._send(status, b"ok\n" if ready else b"not ready\n")

    do_HEAD = do_GET  # noqa: N815 - http.server calls them so

    def _refuse(self) -> None:
        self._drain_body()
        allowed = _ALLOWED.get(urlsplit(self.path).path)
        if allowed is None:
            self._send(HTTPStatus.NOT_FOUND, b"404 Not Found\n")
        else:
            self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"405 Method Not Allowed\n", Allow=allowed)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse  # noqa: N815 - as above

    def _metrics(self) -> None:
        site = self.server.site
        if not site.scrapes.acquire(blocking=False):
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"too many scrapes at once\n", **{"Retry-After": "1"})
            return
        try:
            parts = site.sidecar.scrape(_scrape_timeout(self.headers.get(SCRAPE_TIMEOUT_HEADER)))
            style = choose_format(self.headers.get("Accept"))
            body, more = page(parts, style), {"Vary": "Accept, Accept-Encoding"}
            if accepts_gzip(self.headers.get("Accept-Encoding")):
                body, more = compress(body), {**more, "Content-Encoding": "gzip"}
        except Exception:
            log.exception("a page could not be made")
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, b"500 Internal Server Error\n")
            return
        finally:
            site.scrapes.release()
        self._send(HTTPStatus.OK, body, style.value, **more)

    def _send(self, status: HTTPStatus, body: bytes, kind: str = _PLAIN, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        if kind == _HTML:
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        if self.close_connection or self.server.site.draining:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _drain_body(self) -> None:
        """Read away a request's body, or give the connection up after this answer when it is too long."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > _DRAIN_BYTES:
            self.close_connection = True
        else:
            self.rfile.read(int(length))

    def version_string(self) -> str:
        """The header `Server`."""
        return "gradewatch"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are only logged at level debug."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("request", extra={"client": self.client_address[0], "line": format % args})


class Server(ThreadingHTTPServer):
    """One listening address."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: str, site: Site) -> None:
        host, port = split_address(address)
        self.site = site
        self.address_family = (
            socket.AF_INET6 if ":" in host or (not host and socket.has_ipv6) else socket.AF_INET
        )
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        """The address it listens on, as a URL."""
        host, port = self.server_address[:2]
        text = host.decode() if isinstance(host, bytes) else str(host)
        shown = "localhost" if text in ("", "::", "0.0.0.0") else f"[{text}]" if ":" in text else text  # noqa: S104
        return f"http://{shown}:{port}/"

    def server_bind(self) -> None:
        """Bind; the empty host means IPv6 and IPv4."""
        if self.address_family is socket.AF_INET6:
            only = int(bool(self.server_address[0]))
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        super(ThreadingHTTPServer, self).server_bind()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse a connection when all that are open are being served."""
        return self.site.connections.admit(request)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self.site.connections.release(request)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called every POLL_SECONDS by the loop that accepts."""
        self.site.connections.reap()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            log.error("a connection failed", exc_info=error, extra={"client": client_address[0]})


class Site:
    """Everything that is served, on all addresses."""

    def __init__(self, sidecar: Sidecar, addresses: Sequence[str], most_scrapes: int = 40) -> None:
        self.sidecar = sidecar
        self.scrapes = threading.BoundedSemaphore(most_scrapes)
        self.connections = Connections(served=sidecar.limits.timeout + _SEND_SECONDS)
        self.servers: list[Server] = []
        self._threads: list[threading.Thread] = []
        try:
            for address in addresses:
                self.servers.append(_listen(address, self))
        except OSError:
            self._close()
            raise

    @property
    def draining(self) -> bool:
        """Whether the process is about to end."""
        return self.sidecar.status.draining

    def start(self) -> None:
        """Serve in threads of their own."""
        for server in self.servers:
            thread = threading.Thread(
                target=server.serve_forever,
                args=(POLL_SECONDS,),
                name=f"accept-{server.server_port}",
                daemon=True,
            )
            thread.start()
            self._threads.append(thread)

    def stop(self, patience: float) -> bool:
        """Accept nothing more, finish what is in work; False when that takes more than `patience` seconds."""
        self.sidecar.drain()
        for server in self.servers:
            server.shutdown()
        until = time.monotonic() + patience
        while (busy := self.connections.serving()) and time.monotonic() < until:
            time.sleep(0.02)
        self._close()
        self.sidecar.close()
        return not busy

    def _close(self) -> None:
        for server in self.servers:
            server.server_close()


def _listen(address: str, site: Site) -> Server:
    try:
        return Server(address, site)
    except OSError as error:
        raise OSError(error.errno, error.strerror, address) from error


def _scrape_timeout(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
