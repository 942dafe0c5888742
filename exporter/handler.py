"""HTTP: what is answered to each request."""

from __future__ import annotations

import logging
import math
import ssl
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from exporter.connections import KEPT_SECONDS, Stage
from exporter.exposition import page
from exporter.landing import landing_page
from exporter.negotiation import accepts_gzip, choose_format, compress
from exporter.sidecar import Retired, Selection, WrongSelection

if TYPE_CHECKING:
    from exporter.server import Server

log = logging.getLogger(__name__)

SCRAPE_TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
_MOST_FIELDS = 1000
_DRAIN_BYTES = 64 * 1024
_PLAIN = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_READ = "GET, HEAD"
_CHALLENGE = 'Basic realm="gradewatch", charset="UTF-8"'
_OPEN = ("/-/healthy", "/-/ready")
"""Paths that need no password: they say nothing but a status, to probes that have none."""


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
        try:
            self._answer()
        except (OSError, ssl.SSLError):
            raise  # the client is gone
        except Exception:
            log.exception("a request could not be answered")
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 - http.server's names

    def _answer(self) -> None:
        self._drain_body()
        path, _ = _split(self.path)
        if path not in _OPEN and not self._may_enter():
            return
        routes: Mapping[str, tuple[str, Callable[[], None]]] = {
            "/": (_READ, self._landing),
            "/-/healthy": (_READ, lambda: self._send(HTTPStatus.OK, b"ok\n")),
            "/-/ready": (_READ, self._ready),
            "/-/reload": ("POST, PUT", self._reload),
            self.server.site.metrics_path: (_READ, self._metrics),
        }
        allowed, answer = routes.get(path, ("", None))
        if answer is None:
            self._say(HTTPStatus.NOT_FOUND)
        elif self.command not in allowed.split(", "):
            self._say(HTTPStatus.METHOD_NOT_ALLOWED, Allow=allowed)
        else:
            answer()

    def _may_enter(self) -> bool:
        """Answer for those that may not, and say so."""
        rules = self.server.site.access.rules()
        if not rules.rate.take():
            self._say(HTTPStatus.TOO_MANY_REQUESTS)
        elif not rules.users.admits(self.headers.get("Authorization")):
            self._say(HTTPStatus.UNAUTHORIZED, **{"WWW-Authenticate": _CHALLENGE})
        else:
            return True
        return False

    def _landing(self) -> None:
        site = self.server.site
        self._send(HTTPStatus.OK, landing_page(site.sidecar, metrics_path=site.metrics_path).encode(), _HTML)

    def _ready(self) -> None:
        if self.server.site.sidecar.status.ready:
            self._send(HTTPStatus.OK, b"ok\n")
        else:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"not ready\n")

    def _reload(self) -> None:
        reload = self.server.site.reload
        if reload is None:
            self._send(HTTPStatus.FORBIDDEN, b"this sidecar has no configuration file to read again\n")
        elif faults := reload():
            text = "not reloaded, the last good configuration is kept:\n" + "".join(f"{f}\n" for f in faults)
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, text.encode())
        else:
            self._send(HTTPStatus.OK, b"reloaded\n")

    def _metrics(self) -> None:
        site = self.server.site
        if not site.scrapes.acquire(blocking=False):
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"too many scrapes at once\n", **{"Retry-After": "1"})
            return
        try:
            self._page()
        except WrongSelection as error:
            self._send(HTTPStatus.BAD_REQUEST, f"{error}\n".encode())
        finally:
            site.scrapes.release()

    def _page(self) -> None:
        selection = _selection(_split(self.path)[1])
        timeout = scrape_timeout(self.headers.get(SCRAPE_TIMEOUT_HEADER))
        while True:
            try:
                parts = self.server.site.sidecar.scrape(timeout, selection)
                break
            except Retired:
                continue  # a reload came in between: the next one answers
        style = choose_format(self.headers.get("Accept"))
        body, more = page(parts, style), {"Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(self.headers.get("Accept-Encoding")):
            body, more = compress(body), {**more, "Content-Encoding": "gzip"}
        self._send(HTTPStatus.OK, body, style.value, **more)

    def _say(self, status: HTTPStatus, **headers: str) -> None:
        self._send(status, f"{status.value} {status.phrase}\n".encode(), **headers)

    def _send(self, status: HTTPStatus, body: bytes, kind: str = _PLAIN, **headers: str) -> None:
        if kind == _HTML:
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in {**headers, **self.server.site.access.rules().headers}.items():
            self.send_header(name, value)
        if self.close_connection or self.server.site.draining:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _drain_body(self) -> None:
        """Read away a request's body, or give the connection up after this answer when it is too long."""
        length, *others = self.headers.get_all("Content-Length", ["0"])
        if (
            others  # two lengths are two opinions on where the next request begins
            or "Transfer-Encoding" in self.headers
            or not (length.isascii() and length.isdecimal())
            or len(length) > 9
            or int(length) > _DRAIN_BYTES
        ):
            self.close_connection = True
        elif int(length):
            # Until the whole of it is there, this is a client that may go to make room for others.
            connections = self.server.site.connections
            connections.enter(self.connection, Stage.READING)
            self.close_connection |= len(self.rfile.read(int(length))) < int(length)
            connections.enter(self.connection, Stage.SERVED)

    def version_string(self) -> str:
        """The header `Server`."""
        return "gradewatch"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are only logged at level debug."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("request", extra={"client": self.client_address[0], "line": format % args})


def scrape_timeout(header: str | None) -> float | None:
    """The scrape's own timeout in seconds; None for a header that says nothing sensible."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _split(target: str) -> tuple[str, str]:
    """Path and query of a request's target; both empty for one that is none."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "", ""
    return parts.path, parts.query


def _selection(query: str) -> Selection:
    try:
        asked = parse_qs(query, max_num_fields=_MOST_FIELDS) if query else {}
    except ValueError:
        raise WrongSelection(f"more than {_MOST_FIELDS} parameters") from None
    return Selection(*(frozenset(asked.get(key, ())) for key in ("collect[]", "exclude[]", "name[]")))
