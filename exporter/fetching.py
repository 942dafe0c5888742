"""One HTTP request under a deadline: redirects are not followed, the body is read up to a bound.

requests counts its timeout between bytes; here the whole answer has to be there by the deadline, looked at
after each piece. Nothing is taken from the environment: no proxy, no netrc.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.auth import HTTPBasicAuth
from requests.exceptions import ConnectTimeout, ReadTimeout, SSLError

from exporter.collector import CollectError, Deadline

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


def new_session() -> requests.Session:
    """A session that keeps its connections and knows nothing of the environment."""
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = AGENT
    return session


def fetch(session: requests.Session, request: Request, deadline: Deadline) -> Answered:
    """Send and read; raises CollectError ("connect" or "timeout") when no whole answer came in time."""
    deadline.check()
    seconds = min(request.timeout, _MARGIN * deadline.remaining())
    until = Deadline.after(seconds)
    try:
        with session.request(
            request.method,
            request.url,
            headers=dict(request.headers or {}),
            auth=HTTPBasicAuth(*(part.encode() for part in request.login)) if request.login else None,
            verify=request.ca_file or True,
            timeout=(seconds, seconds),
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
