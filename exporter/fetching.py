"""One HTTP request under a deadline: redirects are not followed, the body is read up to a bound.

requests counts its timeout between bytes; here the whole answer has to be there by the deadline, and a server
that sends byte after byte is cut off then. Nothing is taken from the environment (no proxy, no netrc) and
nothing from earlier answers (no cookies).
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.exceptions import ConnectTimeout, ReadTimeout, SSLError
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from exporter.collector import CollectError, Deadline
from exporter.databases.watch import held

_PIECE = 16_384
_MARGIN = 0.9
"""Of the time that is left a server gets this much, so that its silence is still told in time."""
AGENT = "gradewatch"


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `timeout` in seconds bounds connecting and each wait, `most` bytes the body."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    login: tuple[str, str] | None = None
    ca_file: str | None = None
    timeout: float = 5.0
    most: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; `whole` is False for a longer body. `not_after`: the certificate ends (Unix s)."""

    status: int
    body: bytes
    whole: bool
    not_after: float | None = None


class _Session(requests.Session):
    """One for which a redirect is an answer like any other."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: to find out where it leads, requests would read its whole body, however long that takes."""
        return None


def new_session() -> requests.Session:
    """A session that keeps its connections and knows nothing of the environment."""
    session = _Session()
    session.trust_env = False
    session.headers["User-Agent"] = AGENT
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    return session


def fetch(session: requests.Session, request: Request, deadline: Deadline) -> Answered:
    """Send and read; raises CollectError ("connect" or "timeout") when no whole answer came in time."""
    deadline.check()
    until = Deadline.after(min(request.timeout, _MARGIN * deadline.remaining()))
    line = _HERE.line = _Line()
    try:
        with held(until, cancel=line.cut, cut=line.cut):
            return _fetched(session, request, until)
    except CollectError as error:
        if error.reason != "timeout":
            raise
        raise CollectError("timeout", "no answer in time") from None


def _fetched(session: requests.Session, request: Request, until: Deadline) -> Answered:
    try:
        with session.request(
            request.method,
            request.url,
            headers=dict(request.headers or {}),
            auth=HTTPBasicAuth(*map(_bytes, request.login)) if request.login else None,
            verify=request.ca_file or True,
            timeout=urllib3.Timeout(total=until.remaining()),  # type: ignore[arg-type]
            allow_redirects=False,
            stream=True,
        ) as response:
            not_after = _not_after(response)
            body, whole = _body(response, request.most, until)
            return Answered(response.status_code, body, whole, not_after)
    except (ConnectTimeout, ReadTimeout):
        raise CollectError("timeout", "no answer in time") from None
    except SSLError as error:
        raise CollectError("connect", f"no TLS connection: {_why(error)}") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise _broken(error) from None


class _Line:
    """The socket over which an answer comes."""

    socket: socket.socket | None = None

    def cut(self) -> None:
        """End it; who waits for bytes gets an error at once."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                # Below a TLS layer, whose own method would pull it away under the thread that reads.
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


_HERE = threading.local()
"""`line` of the request that this thread has sent: urllib3 passes nothing on to its connections."""


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)

    def getresponse(self) -> Any:
        _HERE.line.socket = self.sock
        return super().getresponse()


class _Encrypted(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)

    def getresponse(self) -> Any:
        _HERE.line.socket = self.sock
        return super().getresponse()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class _Adapter(HTTPAdapter):
    """Keeps the certificates that it trusts, which take 0.1 s to read, until their file changes."""

    _trusted: tuple[tuple[str, float, int], ssl.SSLContext] | None = None

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        place, options = super().build_connection_pool_key_attributes(request, verify, cert)
        if place["scheme"] != "https":
            return place, options
        return place, {"ssl_context": self._context(DEFAULT_CA_BUNDLE_PATH if verify is True else verify)}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context has all that is needed."""

    def _context(self, path: str) -> ssl.SSLContext:
        stat = os.stat(path)
        key = (path, stat.st_mtime, stat.st_ino)
        if self._trusted is None or self._trusted[0] != key:
            self._trusted = key, ssl.create_default_context(cafile=path)
        return self._trusted[1]


def _connected(connection: HTTPConnection) -> socket.socket:
    """A socket; each address of a name has its share of the time: a dead one leaves some for the next."""
    seconds = connection.timeout
    assert isinstance(seconds, int | float)
    until, error = Deadline.after(seconds), OSError("no address")
    try:
        found = socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM)
        for place, (family, kind, protocol, _, address) in enumerate(found):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                opened.settimeout(max(0.01, until.remaining() / (len(found) - place)))
                opened.connect(address)
                opened.settimeout(max(0.01, until.remaining()))  # for shaking hands
                return opened
            except OSError as failed:
                opened.close()
                error = failed
        raise error
    except TimeoutError:
        raise ConnectTimeoutError(connection, "no connection in time") from None
    except OSError as failed:
        raise NewConnectionError(connection, failed.strerror or "no connection") from None


def _bytes(text: str) -> bytes:
    """As it was in the environment, where it need not be UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _body(response: requests.Response, most: int, until: Deadline) -> tuple[bytes, bool]:
    """At most that many bytes, and whether that is all."""
    body = bytearray()
    # Not iter_content: that waits until a piece is full, however slowly its bytes come.
    while piece := response.raw.read1(_PIECE, decode_content=True):
        body += piece
        until.check()
        if len(body) > most:
            return bytes(body[:most]), False
    return bytes(body), True


def _not_after(response: requests.Response) -> float | None:
    """When the certificate expires that was shown on this very connection."""
    connection: Any = getattr(response.raw, "connection", None)
    shown = getattr(getattr(connection, "sock", None), "getpeercert", None)
    certificate = shown() if shown else None
    return float(ssl.cert_time_to_seconds(certificate["notAfter"])) if certificate else None


def _why(error: Exception) -> str:
    """The words of the TLS library, without the address."""
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "certificate verify failed: " + text.rpartition("failed: ")[2].partition(" (_ssl")[0].strip(
            ")'\""
        )
    return "the handshake failed"


def _broken(error: Exception) -> CollectError:
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError) or "timed out" in str(error):
        return CollectError("timeout", "the answer did not end in time")
    return CollectError("connect", f"no answer ({type(error).__name__})")
