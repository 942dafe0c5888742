"""Whatever bytes arrive, the server answers or closes, says nothing of itself, and serves the next client."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter import server
from exporter.flight import Limits
from exporter.server import Site
from exporter.sidecar import Sidecar
from tests.unit.exporter.fakes import Fake


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "POLL_SECONDS", 0.02)
        running = Site(Sidecar([Fake("a")], Limits()), ["127.0.0.1:0"])
        running.start()
        yield running
        running.stop(patience=0)


def send(site: Site, data: bytes) -> bytes:
    """Everything that comes back until the server, told that no more will come, closes."""
    received = b""
    address = "127.0.0.1", site.servers[0].server_port
    # A server that has read enough closes, and the rest of what is sent meets a reset.
    with socket.create_connection(address, timeout=10) as client, contextlib.suppress(OSError):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while piece := client.recv(65536):
            received += piece
    return received


def healthy(site: Site) -> bool:
    return send(site, b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


TOKENS = st.sampled_from(
    [
        b"GET ", b"HEAD ", b"POST ", b"PUT ", b"BREW ", b"/", b"/metrics", b"/-/reload", b"/-/healthy", b"?",
        b"collect[]=", b"name[]=", b"&", b"%00", b"%zz", b"//x/..", b"*", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n",
        b" HTTP/0.9\r\n", b" HTTP/1.1.1\r\n", b" HTTP/-1.5\r\n", b" ICAP/9\r\n", b"Host: x\r\n", b"\r\n",
        b"\n", b"\0", b"\r\n\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
        "Content-Length: ٣\r\n".encode(), b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Connection: keep-alive\r\n",
        b"Accept: application/openmetrics-text;version=1.0.0;q=nan\r\n", b"Accept: ;;q==,,\r\n",
        b"Accept-Encoding: gzip;q=x\r\n", b"Authorization: Basic \xff\r\n", b": no name\r\n", b" folded\r\n",
        b"X-Prometheus-Scrape-Timeout-Seconds: 1e999\r\n", b"X-Prometheus-Scrape-Timeout-Seconds: 0.05\r\n",
        b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"A" * 300, b"\x16\x03\x01\x02\x00",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TOKENS | st.binary(max_size=20), max_size=14))
@example([b"GET ", b"/metrics?collect[]=%ff&name[]=%00", b" HTTP/1.1\r\n", b"\r\n\r\n"])
@example([b"GET ", b"http://[::1/metrics", b" HTTP/1.1\r\n\r\n"])
@example([b"GET ", b"//[", b" HTTP/1.1\r\n\r\n"])
def test_any_request_is_answered_or_dropped(
    site: Site, caplog: pytest.LogCaptureFixture, pieces: list[bytes]
) -> None:
    caplog.clear()
    answer = send(site, b"".join(pieces))
    assert b"Traceback" not in answer
    assert b" 500 " not in answer[:30]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert healthy(site)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /metrics?" + b"a=1&" * 2000 + b" HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_what_is_too_large_is_refused(site: Site, data: bytes, status: bytes) -> None:
    assert send(site, data)[9:12] in (status, b"")
    assert healthy(site)


def test_requests_that_come_at_once_are_answered_in_order(site: Site) -> None:
    paths = [b"/-/healthy", b"/none", b"/-/ready", b"/metrics", b"/"] * 8
    answer = send(site, b"".join(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths))
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", answer)
    assert len(statuses) == len(paths)
    assert statuses[1::5] == [b"404"] * 8
    assert statuses[3::5] == [b"200"] * 8


@pytest.mark.parametrize("size", [1, 7])
def test_a_request_that_drips_is_answered_when_it_is_whole(site: Site, size: int) -> None:
    data = b"GET /-/healthy HTTP/1.1\r\nHost: example\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.servers[0].server_port), timeout=10) as client:
        for start in range(0, len(data), size):
            client.sendall(data[start : start + size])
        assert client.recv(100).startswith(b"HTTP/1.1 200")
