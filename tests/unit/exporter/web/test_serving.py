"""The web configuration over real connections: TLS, client certificates, users, headers, rotation."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from exporter import server as server_module
from exporter.web import access as access_module
from tests.unit.exporter.web.conftest import AUTHORITY, SECRET, TLS, Serve, Served, client, issue

MUTUAL = """\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
"""
USERS = f"basic_auth_users: {{bob: {SECRET}}}\n"
BOB = {"Authorization": "Basic " + base64.b64encode(b"bob:secret").decode()}


def get(
    served: Served,
    path: str = "/metrics",
    context: ssl.SSLContext | None = None,
    method: str = "GET",
    **headers: str,
) -> http.client.HTTPResponse:
    """The answer to one request, its body read."""
    if context:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", served.port, context=context, timeout=10
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        return answer


def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def refused(served: Served, context: ssl.SSLContext) -> bool:
    """Whether a client is not served."""
    try:
        get(served, context=context)
        return False
    except (OSError, http.client.HTTPException):
        return True


def test_metrics_over_tls_in_both_versions(serve: Serve) -> None:
    served = serve(TLS)
    assert served.site.servers[0].url.startswith("https://")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        answer = get(served, context=client(minimum_version=version, maximum_version=version))
        assert (answer.status, b"grader_database_up" in answer.body) == (200, True)  # type: ignore[attr-defined]


def test_the_versions_of_the_file_hold(serve: Serve) -> None:
    served = serve(TLS.replace("}", ", min_version: TLS13}"))
    assert refused(served, client(maximum_version=ssl.TLSVersion.TLSv1_2))
    assert not refused(served, client())


def test_the_cipher_suites_of_the_file_hold(serve: Serve) -> None:
    served = serve(TLS.replace("}", ", cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]}"))
    for cipher, works in (("ECDHE-ECDSA-AES256-GCM-SHA384", True), ("ECDHE-ECDSA-AES128-GCM-SHA256", False)):
        context = client(maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(cipher)
        assert refused(served, context) is not works


def test_plain_http_on_the_tls_port_is_dropped_and_others_are_served(serve: Serve) -> None:
    served = serve(TLS)
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as plain:
        plain.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP/1.1" not in plain.recv(1000)
    assert get(served, context=client()).status == 200


def test_only_clients_of_the_authority_come_in(serve: Serve, folder: Path) -> None:
    issue(folder, "friend", "prometheus.example.org")
    issue(folder, "stranger", "prometheus.example.org", authority=trustme.CA())
    served = serve(MUTUAL)
    assert not refused(served, client(certificate=folder / "friend.crt"))
    assert refused(served, client(certificate=folder / "stranger.crt"))
    assert refused(served, client())


@pytest.mark.parametrize(
    "name", ["prometheus.example.org", "10.0.0.7", "2001:db8::1", "prometheus@example.org"]
)
def test_only_allowed_names_come_in(serve: Serve, folder: Path, name: str) -> None:
    issue(folder, "friend", name)
    issue(folder, "colleague", "other.example.org")
    served = serve(f'{MUTUAL}  client_allowed_sans: ["{name}"]\n')
    assert not refused(served, client(certificate=folder / "friend.crt"))
    assert refused(served, client(certificate=folder / "colleague.crt"))


def test_a_certificate_that_is_given_is_verified(serve: Serve, folder: Path) -> None:
    issue(folder, "stranger", "a.example.org", authority=trustme.CA())
    served = serve(MUTUAL.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven"))
    assert not refused(served, client())
    assert refused(served, client(certificate=folder / "stranger.crt"))


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/reload", "/unknown"])
def test_everything_but_health_wants_a_password(serve: Serve, path: str) -> None:
    served = serve(USERS)
    method = "POST" if path == "/-/reload" else "GET"
    answer = get(served, path, method=method)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="gradewatch", charset="UTF-8"'
    assert answer.body == b"401 Unauthorized\n"  # type: ignore[attr-defined]
    assert get(served, path, method=method, **BOB).status != 401


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes_need_no_password_and_learn_nothing(serve: Serve, method: str) -> None:
    served = serve(USERS + "rate_limit: {interval: 1h, burst: 1}\n")
    for path, status in (("/-/healthy", 200), ("/-/ready", 503)) * 3:
        answer = get(served, path, method=method)
        assert answer.status == status
        assert len(answer.body) < 12  # type: ignore[attr-defined]


def test_requests_over_the_rate_are_told_so(serve: Serve) -> None:
    served = serve("rate_limit: {interval: 1h, burst: 2}\n")
    assert [get(served).status for _ in range(3)] == [200, 200, 429]


def test_the_headers_of_the_file_are_on_every_answer(serve: Serve) -> None:
    served = serve(
        "http_server_config: {headers: {X-Frame-Options: deny, Content-Security-Policy: default-src 'self',"
        " X-XSS-Protection: ''}}\n"
    )
    for path in ("/", "/metrics", "/-/healthy", "/unknown"):
        headers = get(served, path).headers
        assert headers.get_all("X-Frame-Options") == ["deny"]
        assert headers.get_all("Content-Security-Policy") == ["default-src 'self'"]
        assert "X-XSS-Protection" not in headers


def rotate(path: Path, text: str) -> None:
    """Replace a file as a tool for certificates does."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def issuer_serial(served: Served) -> int:
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=10) as plain,
        client().wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        found = wrapped.getpeercert()
        assert found
        return int(str(found["serialNumber"]), 16)


def test_a_rotated_certificate_is_served_without_a_reload(serve: Serve, folder: Path) -> None:
    served = serve(TLS)
    before = issuer_serial(served)
    issue(folder, "server", "localhost", "127.0.0.1")
    until(lambda: issuer_serial(served) != before)
    assert served.site.access.successful


def test_a_broken_file_keeps_the_last_good_one_and_shows(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Until it is repaired: half a key, a file that is not there, a wrong value."""
    served = serve(TLS + USERS)
    served.site.sidecar.own.reloads.web = served.site.access.check
    gauge = b"grader_exporter_web_config_last_reload_successful "
    assert gauge + b"1\n" in get(served, context=client(), **BOB).body  # type: ignore[attr-defined]
    rotate(served.path, TLS + USERS + "rate_limit: {interval: x}\n")
    for _ in range(3):
        answer = get(served, context=client(), **BOB)
        assert gauge + b"0\n" in answer.body  # type: ignore[attr-defined]
    assert get(served, context=client()).status == 401
    assert len([r for r in caplog.records if "last good one is kept" in r.getMessage()]) == 1
    rotate(served.path, TLS + USERS)
    assert gauge + b"1\n" in get(served, context=client(), **BOB).body  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (USERS, "TLS cannot be switched on or off while the sidecar runs; restart it"),
        (TLS, "passwords cannot be switched off while the sidecar runs; restart it"),
        ("", "the file is empty"),
    ],
)
def test_protection_does_not_end_with_half_a_file(
    serve: Serve, caplog: pytest.LogCaptureFixture, text: str, says: str
) -> None:
    served = serve(TLS + USERS)
    rotate(served.path, text)
    assert get(served, context=client()).status == 401
    assert [record for record in caplog.records if says in record.getMessage()]


def test_what_was_missing_and_comes_later_is_found(
    serve: Serve, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file names a certificate that another tool writes a moment later."""
    monkeypatch.setattr(access_module, "RETRY_SECONDS", 0.05)
    served = serve(TLS)
    rotate(served.path, TLS.replace("server.", "later."))
    assert get(served, context=client()).status == 200
    assert not served.site.access.successful
    issue(folder, "later", "localhost", "127.0.0.1")
    until(served.site.access.check)


def test_a_changed_password_holds_at_once(serve: Serve) -> None:
    """Verdicts that were remembered are those of the old file."""
    served = serve(USERS)
    assert get(served, **BOB).status == 200
    rotate(served.path, USERS.replace("bob", "eve"))
    assert get(served, **BOB).status == 401


def test_a_file_of_the_same_length_and_time_is_noticed_when_it_is_replaced(serve: Serve) -> None:
    served = serve(USERS)
    old = served.path.stat()
    rotate(served.path, USERS.replace("bob", "eve"))
    os.utime(served.path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert get(served, **BOB).status == 401


def test_silent_tls_clients_keep_nobody_out_and_are_dropped(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 say nothing at all, more than the cap send half a hello: a scrape is answered, and all go."""
    served = serve(TLS)
    hello = b"\x16\x03\x01\x02\x00\x01\x00"
    with contextlib.ExitStack() as stack:
        for number in range(150):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=10))
            if number >= 50:
                silent.sendall(hello)
        assert [get(served, context=client()).status for _ in range(5)] == [200] * 5
        assert len(served.site.connections) <= 64
        monkeypatch.setattr(server_module, "READING_SECONDS", 0.2)
        served.site.connections._seconds = dict.fromkeys(served.site.connections._seconds, 0.2)
        until(lambda: len(served.site.connections) == 0)


def test_a_client_that_vanishes_in_the_handshake_leaves_no_trace(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(TLS)
    for data in (b"", b"\x16\x03\x01", b"garbage" * 100):
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as gone:
            gone.sendall(data)
    until(lambda: len(served.site.connections) == 0)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def test_a_kept_connection_serves_scrape_after_scrape_over_tls(serve: Serve) -> None:
    served = serve(TLS)
    connection = http.client.HTTPSConnection("127.0.0.1", served.port, context=client(), timeout=10)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, connection.sock) == (200, first)
    connection.close()
    until(lambda: len(served.site.connections) == 0)


def test_the_authority_is_what_makes_the_client_trust(serve: Serve) -> None:
    """The tests above verify the server, too."""
    served = serve(TLS)
    assert AUTHORITY
    assert refused(served, ssl.create_default_context())
