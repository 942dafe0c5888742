"""Probes of real HTTP and HTTPS servers of this machine, with real certificates."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import os
import re
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from tests.servers.watching import Watched

Answer = tuple[int, bytes]


class Site(http.server.ThreadingHTTPServer):
    """Answers every path with `answer`; notes what was asked."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Answer = 200, b"ok"
        self.asked: list[tuple[str, str, str | None]] = []
        self.location = ""
        self.more: dict[str, str] = {}
        self.cookies: list[str | None] = []
        self.scheme = "http"
        if tls:
            self.scheme = "https"
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives up is what some tests are about."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/health"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization")))
        self.server.cookies.append(self.headers.get("Cookie"))
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.server.location:
            self.send_header("Location", self.server.location)
        for name, value in self.server.more.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site(tls)
    threading.Thread(target=site.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture
def watch(tmp_path: Path) -> Callable[..., Watched]:
    def start(url: str, more: str = "") -> Watched:
        return Watched(tmp_path, f"probes:\n  web: {{url: '{url}'{more}}}\n")

    return start


UP, STATUS = "probe_up{probe=web}", "probe_http_status_code{probe=web}"
EXPIRES = "probe_certificate_not_after_timestamp_seconds{probe=web}"


def test_a_good_answer(site: Site, watch: Callable[..., Watched]) -> None:
    page = watch(site.url).figures()
    assert page.keys() == {UP, STATUS, "probe_duration_seconds{probe=web}"}
    assert (page[UP], page[STATUS]) == (1, 200)
    assert 0 < page["probe_duration_seconds{probe=web}"] < 5


def test_the_status_decides(site: Site, watch: Callable[..., Watched]) -> None:
    watched = watch(site.url, ", status: [200, 401]")
    for status, up in ((200, 1), (401, 1), (404, 0), (503, 0)):
        site.answer = status, b""
        page = watched.figures()
        assert (page[UP], page[STATUS]) == (up, status)


def test_a_redirect_is_an_answer(site: Site, watch: Callable[..., Watched]) -> None:
    site.answer, site.location = (302, b""), site.url + "/elsewhere"
    page = watch(site.url).figures()
    assert (page[UP], page[STATUS]) == (0, 302)
    assert watch(site.url, ", status: [302]").figures()[UP] == 1
    assert {path for _, path, _ in site.asked} == {"/health"}


def test_a_redirect_has_a_body_and_may_lead_nowhere(site: Site, watch: Callable[..., Watched]) -> None:
    site.answer, site.location = (302, b"moved"), "http://[nowhere"
    page = watch(site.url, ", status: [302], body: moved").figures()
    assert (page[UP], page[STATUS]) == (1, 302)


def test_each_probe_comes_as_a_stranger(site: Site, watch: Callable[..., Watched]) -> None:
    """What a first visitor sees, each time: a cookie could stick to a server that is well, or to a login."""
    site.more = {"Set-Cookie": "session=1"}
    watched = watch(site.url)
    assert [watched.figures()[UP] for _ in range(2)] == [1, 1]
    assert site.cookies == [None, None]


@contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads a request and then does what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    client.recv(65536)
                    answer(client)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/?token=hush"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"])
def test_an_answer_that_drips_is_cut_off(watch: Callable[..., Watched], head: bytes) -> None:
    """In its head as in the body of a redirect: the probe says so, and is free for the next scrape."""

    def drip(client: socket.socket) -> None:
        client.sendall(head)
        while True:
            client.sendall(b"x")
            time.sleep(0.05)

    with raw(drip) as url:
        watched = watch(url, ", timeout: 300ms")
        for _ in range(2):
            page = watched.figures()
            assert page[UP] == 0
            assert STATUS not in page


def test_a_dead_address_of_a_name_leaves_time_for_the_next(
    site: Site, watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # what does not fit into the queue any more is dropped, as by a dead machine
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        addresses = [full.getsockname(), site.server_address]
        monkeypatch.setattr(
            "exporter.fetching.socket.getaddrinfo",
            lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses],
        )
        assert watch(site.url, ", timeout: 2s").figures()[UP] == 1


def test_no_library_logs_what_was_fetched(tmp_path: Path) -> None:
    """A line that is no header is reported by urllib3, with the address and all that follows."""
    answer = b"HTTP/1.1 200 OK\r\nno header\r\nSet-Cookie: hush\r\nContent-Length: 0\r\n\r\n"
    with raw(lambda client: client.sendall(answer)) as url:
        (tmp_path / "c.yaml").write_text(f"probes: {{web: {{url: '{url}'}}}}\n")
        command = [sys.executable, "-m", "exporter", "--config", tmp_path / "c.yaml", "--once"]
        run = subprocess.run([*command, "--log.level", "debug"], capture_output=True, text=True, check=True)
    assert 'grader_probe_up{probe="web"} 1' in run.stdout
    assert "hush" not in run.stderr


def test_the_body_must_match(site: Site, watch: Callable[..., Watched]) -> None:
    watched = watch(site.url, ', body: \'"database": *"up"\'')
    site.answer = 200, b'{"database": "up"}'
    assert watched.figures()[UP] == 1
    site.answer = 200, b'{"database": "down"}'
    assert watched.figures()[UP] == 0
    site.answer = 200, b"\xff" * (3 << 20) + b'"database": "up"'
    assert watched.figures()[UP] == 0, "only the first megabyte is read"


def test_head_needs_no_body(site: Site, watch: Callable[..., Watched]) -> None:
    assert watch(site.url, ", method: HEAD").figures()[UP] == 1
    assert site.asked[-1][0] == "HEAD"


@pytest.mark.parametrize(
    ("body", "version"),
    [
        ({"build": {"version": "2.4.1-rc1"}}, "2.4.1-rc1"),
        ({"build": {"version": 7}}, "7"),
        ({"build": {"version": ""}}, None),
        ({"build": {"version": {"a": 1}}}, None),
        ({"build": {"version": 'x"} 1\ninjected 1'}}, None),
        ({"build": []}, None),
        ([], None),
    ],
)
def test_the_release_of_the_grader(
    site: Site, watch: Callable[..., Watched], body: object, version: str | None
) -> None:
    site.answer = 200, json.dumps(body).encode()
    page = watch(site.url, ", version: build.version").figures()
    found = [key for key in page if key.startswith("build_info")]
    assert found == ([f"build_info{{version={version}}}"] if version else [])
    assert page[UP] == 1


def test_a_body_that_is_no_json_has_no_release(site: Site, watch: Callable[..., Watched]) -> None:
    page = watch(site.url, ", version: version").figures()
    assert not [key for key in page if key.startswith("build_info")]
    assert page[UP] == 1


def test_a_password_is_sent_and_read_again(site: Site, watch: Callable[..., Watched], tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("first\n")
    watched = watch(site.url, f", user: probe, password_file: {secret}")
    watched.figures()
    secret.write_text("second\n")
    watched.figures()
    secret.write_bytes("schlüssel\n".encode("latin-1"))
    assert watched.figures()[UP] == 0
    assert watched.states()["probe-web"] == ("ok", "")
    secret.unlink()
    assert watched.figures()[UP] == 0
    sent = [authorization for _, _, authorization in site.asked]
    assert sent == ["Basic cHJvYmU6Zmlyc3Q=", "Basic cHJvYmU6c2Vjb25k"]


def test_a_password_of_the_environment_is_sent_as_it_is(
    site: Site, watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environb, b"PROBE_PASSWORD", b"\xe4")
    assert watch(site.url, ", user: probe, password_env: PROBE_PASSWORD").figures()[UP] == 1
    assert site.asked[-1][2] == "Basic " + base64.b64encode(b"probe:\xe4").decode()


def test_the_environment_says_nothing(
    site: Site, watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A proxy or a netrc of whoever starts the sidecar must not change what is probed."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    assert watch(site.url).figures()[UP] == 1
    assert site.asked[-1][2] is None


def test_nobody_answers(watch: Callable[..., Watched]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = watch(f"http://127.0.0.1:{port}/").figures()
    assert page[UP] == 0
    assert STATUS not in page
    assert "probe_duration_seconds{probe=web}" in page


def test_a_silent_server_costs_its_own_time_only(watch: Callable[..., Watched]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        watched = watch(f"http://127.0.0.1:{silent.getsockname()[1]}/", ", timeout: 300ms")
        began = time.monotonic()
        assert watched.figures()[UP] == 0
        assert time.monotonic() - began < 5


def test_a_scrape_that_is_shorter_than_the_timeout_still_tells(watch: Callable[..., Watched]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        page = watch(f"http://127.0.0.1:{silent.getsockname()[1]}/").figures(2.0)
        assert page[UP] == 0


def test_trouble_is_logged_once_and_says_what(
    site: Site, watch: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    watched = watch(site.url)
    site.answer = 500, b"Anna Example, anna@example.org"
    with caplog.at_level("INFO", "exporter.collectors.probes"):
        watched.figures()
        watched.figures()
        site.answer = 200, b""
        watched.figures()
    assert [(r.getMessage(), getattr(r, "error", "")) for r in caplog.records] == [
        ("fails", "status 500, expected 200"),
        ("answers again", ""),
    ]
    assert "Anna" not in caplog.text


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def tls(ca: trustme.CA, not_after: datetime, context: ssl.SSLContext | None = None) -> ssl.SSLContext:
    context = context or ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate = ca.issue_cert("127.0.0.1", not_before=not_after - timedelta(days=90), not_after=not_after)
    certificate.configure_cert(context)
    return context


def test_the_certificate_of_the_probed_address(
    ca: trustme.CA, watch: Callable[..., Watched], tmp_path: Path
) -> None:
    """As it is shown now, also after it was renewed, also with another authority; also with a redirect."""
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    first, second = (datetime.now(UTC).replace(microsecond=0) + timedelta(days=days) for days in (9, 80))
    with serving(shown := tls(ca, first)) as site:
        site.answer, site.location = (302, b""), "/elsewhere"
        watched = watch(site.url, f", ca_file: {tmp_path}/ca.pem, status: [302]")
        for ends, authority in ((first, ca), (first, ca), (second, ca), (first, trustme.CA())):
            tls(authority, ends, shown)
            authority.cert_pem.write_to_path(tmp_path / "ca.pem")
            page = watched.figures()
            assert page[UP] == 1
            assert page[EXPIRES] == ends.timestamp()


@pytest.mark.parametrize("fault", ["expired", "of nobody we trust"])
def test_a_bad_certificate_is_a_probe_that_fails(
    ca: trustme.CA,
    watch: Callable[..., Watched],
    tmp_path: Path,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (trustme.CA() if fault == "of nobody we trust" else ca).cert_pem.write_to_path(tmp_path / "ca.pem")
    ends = datetime.now(UTC) + timedelta(days=-1 if fault == "expired" else 9)
    with serving(tls(ca, ends)) as site:
        page = watch(site.url, f", ca_file: {tmp_path}/ca.pem").figures()
    assert page[UP] == 0
    assert STATUS not in page
    (record,) = caplog.records
    assert "certificate verify failed" in record.error
    assert str(site.server_address[1]) not in record.error


def test_a_check_counts_what_must_not_be(tmp_path: Path) -> None:
    """The check of docs/probes.md, and the grader's release from a table."""
    page = (Path(__file__).parents[2] / "docs/probes.md").read_text(encoding="utf-8")
    (check,) = [
        block for block in re.findall(r"```yaml\n(.*?)```", page, re.S) if "grader_check_failures" in block
    ]
    db = sqlite3.connect(tmp_path / "grader.db")
    db.executescript(
        "CREATE TABLE problems (id, max_score); CREATE TABLE scores (problem_id, score);"
        "CREATE TABLE about (release);"
        "INSERT INTO problems VALUES (1, 10); INSERT INTO about VALUES ('2.4.1');"
        "INSERT INTO scores VALUES (1, 10), (1, 11), (1, 12);"
    )
    watched = Watched(
        tmp_path,
        f"databases: {{grader: {{url: 'sqlite:///{tmp_path}/grader.db'}}}}\n{check}"
        "  release:\n    database: grader\n    sql: SELECT release, 1 AS one FROM about\n"
        "    metrics: [{metric: grader_build_info, value: one, labels: {version: release}}]\n",
    )
    page_of = watched.figures()
    assert page_of["check_failures{check=scores_above_maximum}"] == 2
    assert page_of["build_info{version=2.4.1}"] == 1
