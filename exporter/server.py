"""HTTP: the standard library's threading server, hardened against clients that are slow, silent or many."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.server import ThreadingHTTPServer
from typing import Any

from exporter.config.names import split_address
from exporter.connections import READING_SECONDS, Connections
from exporter.handler import Handler
from exporter.sidecar import Sidecar
from exporter.web.access import Access
from typedyaml.faults import Fault

log = logging.getLogger(__name__)

METRICS_PATH = "/metrics"
MOST_SCRAPES = 40
_SEND_SECONDS = 30.0
POLL_SECONDS = 0.25
"""How often idle connections are looked at, and how long the end of serving may take."""
_NOTHING_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE = 0.05
_CANCEL_SECONDS = 2.0
"""How long a cancelled query may take to end."""


class Server(ThreadingHTTPServer):
    """One listening address, or one listening socket that was handed over."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: str | socket.socket, site: Site) -> None:
        self.site = site
        if isinstance(address, socket.socket):
            self.address_family = address.family
            super().__init__(address.getsockname()[:2], Handler, bind_and_activate=False)
            self.socket.close()
            self.socket = address
            self.server_name, self.server_port = address.getsockname()[:2]
            return
        host, port = split_address(address)
        self.address_family = (
            socket.AF_INET6 if ":" in host or (not host and _speaks_ipv6()) else socket.AF_INET
        )
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        """The address it listens on, as a URL."""
        host, port = self.server_address[:2]
        text = host.decode() if isinstance(host, bytes) else str(host)
        shown = "localhost" if text in ("", "::", "0.0.0.0") else f"[{text}]" if ":" in text else text  # noqa: S104
        return f"{'https' if self.site.access.serves_tls else 'http'}://{shown}:{port}/"

    def server_bind(self) -> None:
        """Bind; the empty host means IPv6 and IPv4."""
        if self.address_family is socket.AF_INET6:
            only = int(bool(self.server_address[0]))
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        super(ThreadingHTTPServer, self).server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; where the process or the machine has no descriptor left, an idle connection goes."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _NOTHING_LEFT:
                self.site.connections.make_room()
                # Who waits is offered again at once: without a pause this would take a whole core.
                time.sleep(_PAUSE)
            raise

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse a connection when all that are open are being served."""
        return self.site.connections.admit(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, where TLS is spoken, and answer; already in the connection's own thread."""
        rules = self.site.access.rules()
        if rules.tls is None:
            super().finish_request(request, client_address)
            return
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request.settimeout(READING_SECONDS)
        wrapped = rules.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        self.site.connections.swap(request, wrapped)
        try:
            wrapped.do_handshake()
            if rules.knows(wrapped):
                super().finish_request(wrapped, client_address)
            else:
                log.warning("a client's certificate has none of the allowed names")
        finally:
            # The server closes only the socket that it accepted, which the TLS layer has taken over.
            self.shutdown_request(wrapped)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self.site.connections.release(request)
        with contextlib.suppress(OSError):
            socket.socket.shutdown(request, socket.SHUT_WR)
        self.close_request(request)

    def service_actions(self) -> None:
        """Called every POLL_SECONDS by the loop that accepts."""
        self.site.connections.reap()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or that does not speak TLS as we do, is no error of ours."""
        error = sys.exc_info()[1]
        if isinstance(error, ssl.SSLError):
            log.debug("no TLS connection", extra={"client": client_address[0], "error": error.reason})
        elif not isinstance(error, (ConnectionError, TimeoutError)):
            log.error("a connection failed", exc_info=error, extra={"client": client_address[0]})


class Site:
    """Everything that is served, on all addresses.

    `reload` reads the configuration again and returns what is wrong with it; None: there is none to read.
    """

    def __init__(
        self,
        sidecar: Sidecar,
        addresses: Sequence[str | socket.socket],
        most_scrapes: int = MOST_SCRAPES,
        *,
        access: Access | None = None,
        metrics_path: str = METRICS_PATH,
    ) -> None:
        self.sidecar = sidecar
        self.access = access or Access()
        self.metrics_path = metrics_path
        self.reload: Callable[[], Sequence[Fault]] | None = None
        self.scrapes = threading.BoundedSemaphore(most_scrapes)
        self.connections = Connections(served=sidecar.limits.timeout + _SEND_SECONDS)
        self.servers: list[Server] = []
        self._threads: list[threading.Thread] = []
        self._ending = False
        try:
            for address in addresses:
                self.servers.append(_listen(address, self))
        except OSError:
            self._close()
            raise

    @property
    def draining(self) -> bool:
        """Whether the process is about to end."""
        return self._ending

    def use(self, sidecar: Sidecar) -> None:
        """Answer from another sidecar from now on."""
        self.connections.allow(sidecar.limits.timeout + _SEND_SECONDS)
        if self._ending:
            sidecar.drain()
        self.sidecar = sidecar

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
        """Accept nothing more, finish what is in work, cancel the rest; False: some answers were not sent.

        Scrapes have `patience` seconds. A query that nobody waits for any more is cancelled in its database.
        """
        self._ending = True
        self.sidecar.drain()
        for server in self.servers:
            server.shutdown()
        self._close()
        until = time.monotonic() + patience
        while (busy := self.connections.serving()) and time.monotonic() < until:
            time.sleep(0.02)
        if not self.sidecar.close(_CANCEL_SECONDS):
            log.warning("a collection did not end when its query was cancelled")
        return not busy

    def _close(self) -> None:
        for server in self.servers:
            server.server_close()


def _speaks_ipv6() -> bool:
    """Whether the kernel does: it can be told not to, whatever Python was built with."""
    try:
        socket.socket(socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _listen(address: str | socket.socket, site: Site) -> Server:
    try:
        return Server(address, site)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(address)) from error
