"""Stand-ins for PagerDuty, SMS, calls, Slack, Teams and mail: they take every message and keep it."""

from __future__ import annotations

import html
import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any, Self

from aiosmtpd.controller import Controller

from gradewatch.demo.messages import HEARTBEAT, Message, read, role_of
from policy.contacts import Contact

HOST = "127.0.0.1"
_PAGE = Path(__file__).with_name("inbox.html")

# What the services themselves answer. Slack's is plain text: Alertmanager reads JSON there as a refusal.
_ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "pagerduty": (202, "application/json", b'{"status":"success"}'),
    "slack": (200, "text/plain", b"ok"),
    "sns": (
        200,
        "text/xml",
        b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>'
        b"</PublishResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishResponse>",
    ),
}
_ANSWER = (200, "application/json", b"{}")


class Sinks:
    """Running stand-ins, as a context manager: from `with` on they listen and their ports are known."""

    def __init__(self, contacts: Mapping[str, Contact], http_port: int = 0, smtp_port: int = 0) -> None:
        self.unread: list[str] = []
        """What was not understood: nothing in a healthy run."""
        self.heartbeats = 0
        """How often the outside service was pinged."""
        self._contacts = contacts
        self._messages: list[Message] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((HOST, http_port), partial(_Handler, self))
        self._server.daemon_threads = True
        self._mail = Controller(_Mailbox(self), hostname=HOST, port=smtp_port or _free_port())

    def __enter__(self) -> Self:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        self._mail.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._mail.stop()
        self._server.shutdown()
        self._server.server_close()

    @property
    def http(self) -> str:
        """Where HTTP messages go, and a page that shows all messages."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def smtp(self) -> str:
        """The mail server, host:port."""
        return f"{HOST}:{self._mail.port}"

    def messages(self) -> tuple[Message, ...]:
        """All messages so far, in the order of arrival; heartbeats are only counted."""
        with self._lock:
            return tuple(self._messages)

    def take(self, channel: str, address: str, body: bytes) -> None:
        """Keep one message."""
        if channel == HEARTBEAT:
            self.heartbeats += 1
            return
        text = body.decode("utf-8", "replace")
        try:
            content = read(channel, body)
        except ValueError as error:
            self.unread.append(f"{channel}/{address}: {error}: {text}")
            return
        contact = role_of(channel, address, self._contacts)
        message = Message(
            datetime.now(UTC),
            "sms" if channel == "sns" else channel,
            contact,
            content.status,
            content.alertname,
            content.priority,
            content.step,
            content.text,
            text,
        )
        with self._lock:
            self._messages.append(message)


class _Handler(BaseHTTPRequestHandler):
    """POST /<channel>/<address> keeps a message, GET / shows them."""

    protocol_version = "HTTP/1.1"

    def __init__(self, sinks: Sinks, *connection: Any) -> None:
        self._sinks = sinks
        super().__init__(*connection)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        channel, _, address = self.path.strip("/").partition("/")
        self._sinks.take(channel, address, body)
        self._answer(*_ANSWERS.get(channel, _ANSWER))

    def do_GET(self) -> None:
        self._answer(200, "text/html; charset=utf-8", _page(self._sinks.messages()).encode())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The messages themselves are shown, not the requests."""


class _Mailbox:
    """aiosmtpd's handler: every recipient gets the mail."""

    def __init__(self, sinks: Sinks) -> None:
        self._sinks = sinks

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        for recipient in envelope.rcpt_tos:
            self._sinks.take("email", recipient, envelope.content)
        return "250 OK"


def _free_port() -> int:
    """aiosmtpd cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _page(messages: tuple[Message, ...]) -> str:
    """All messages, newest first."""
    rows = "\n".join(
        f"<tr class={m.status}><td>{m.time.astimezone():%H:%M:%S}"
        + "".join(f"<td>{html.escape(text)}" for text in (m.contact, m.channel, m.text))
        for m in reversed(messages)
    )
    return Template(_PAGE.read_text("utf-8")).substitute(count=len(messages), rows=rows)
