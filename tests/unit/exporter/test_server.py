"""The HTTP server, over real sockets: what it answers, and what it survives."""

from __future__ import annotations

import contextlib
import errno
import gzip
import http.client
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from types import SimpleNamespace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter import connections, handler, server
from exporter.catalogue import GRADER_DATABASE_UP
from exporter.collector import CollectError, RowFamily
from exporter.exposition import Format
from exporter.flight import Limits
from exporter.server import Site
from exporter.sidecar import Sidecar
from tests.unit.exporter.fakes import Fake, Gate

Answer = tuple[int, dict[str, str], bytes]
Start = Callable[..., Site]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a server over given collectors on a free port; all are stopped at the end."""
    monkeypatch.setattr(server, "POLL_SECONDS", 0.02)
    sites: list[Site] = []

    def begin(
        *fakes: Fake, host: str = "127.0.0.1", limits: Limits | None = None, most_scrapes: int = 40
    ) -> Site:
        site = Site(Sidecar(fakes, limits or Limits()), [f"{host}:0"], most_scrapes)
        site.start()
        sites.append(site)
        return site

    yield begin
    for site in sites:
        if not site.draining:
            site.stop(patience=0)


def port(site: Site) -> int:
    return site.servers[0].server_port


def ask(site: Site, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port(site), timeout=10)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def connects(site: Site) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port(site)), timeout=5):
        return True
    return False


def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_metrics_are_text_unless_more_is_asked_for(start: Start) -> None:
    status, headers, body = ask(start(Fake("a")), "/metrics")
    assert (status, headers["Content-Type"]) == (200, Format.TEXT.value)
    assert int(headers["Content-Length"]) == len(body)
    assert headers["Vary"] == "Accept, Accept-Encoding"
    names = {family.name for family in parse_text(body.decode())}
    assert {"grader_database_up", "grader_exporter_collector_success", "process_cpu_seconds"} <= names


def test_openmetrics_and_gzip_are_given_to_those_who_ask(start: Start) -> None:
    status, headers, body = ask(
        start(Fake("a")),
        "/metrics",
        Accept="application/openmetrics-text;version=1.0.0",
        Accept_Encoding="gzip",
    )
    assert (status, headers["Content-Type"]) == (200, Format.OPENMETRICS.value)
    assert headers["Content-Encoding"] == "gzip"
    assert len(list(parse_openmetrics(gzip.decompress(body).decode()))) > 10


def test_every_collector_is_told_of_from_the_first_page_on(start: Start) -> None:
    def fail(deadline: object) -> list[object]:
        raise CollectError("auth", "the password is wrong")

    _, _, body = ask(start(Fake("good"), Fake("bad", fail)), "/metrics")  # type: ignore[arg-type]
    text = body.decode()
    for line in (
        'grader_exporter_collector_success{collector="good"} 1',
        'grader_exporter_collector_success{collector="bad"} 0',
        'grader_exporter_collector_last_success_timestamp_seconds{collector="bad"} 0.0',
        'grader_exporter_collector_series{collector="good"} 1',
        'grader_exporter_collector_series{collector="bad"} 0',
        'grader_exporter_collector_error{collector="bad",reason="auth"} 1',
        'grader_exporter_collector_error{collector="bad",reason="connect"} 0',
        'grader_exporter_collector_error{collector="good",reason="auth"} 0',
        'grader_exporter_duplicate_rows{collector="good"} 0',
        'grader_exporter_label_values_dropped{family="grader_database_up"} 0',
        "grader_exporter_config_last_reload_successful 1",
    ):
        assert f"\n{line}\n" in text


@pytest.mark.parametrize(("path", "status"), [("/-/healthy", 200), ("/-/ready", 503)])
def test_health_is_the_process_and_readiness_the_first_good_collection(
    start: Start, path: str, status: int
) -> None:
    site = start(Fake("a"))
    assert ask(site, path)[0] == status
    ask(site, "/metrics")
    assert ask(site, path)[0] == 200


def test_it_is_not_ready_while_every_collector_fails(start: Start) -> None:
    def fail(deadline: object) -> list[object]:
        raise CollectError("connect", "refused")

    site = start(Fake("a", fail))  # type: ignore[arg-type]
    ask(site, "/metrics")
    assert ask(site, "/-/ready")[0] == 503
    assert ask(site, "/-/healthy")[0] == 200


def test_it_is_ready_without_any_collector(start: Start) -> None:
    site = start()
    ask(site, "/metrics")
    assert ask(site, "/-/ready")[0] == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy"])
def test_head_gives_the_head_of_get(start: Start, path: str) -> None:
    site = start()
    status, headers, body = ask(site, path, "HEAD")
    assert (status, body) == (200, b"")
    assert headers["Content-Type"] == ask(site, path)[1]["Content-Type"]
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    ("path", "method"), list(product(["/", "/metrics", "/-/ready"], ["POST", "PUT", "DELETE"]))
)
def test_other_methods_are_refused_with_those_that_are_allowed(start: Start, path: str, method: str) -> None:
    status, headers, _ = ask(start(), path, method, b"body")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("path", ["/metric", "/metrics/", "/favicon.ico", "/-/quit", "/../etc/passwd"])
def test_other_paths_do_not_exist(start: Start, path: str, method: str) -> None:
    assert ask(start(), path, method)[0] == 404


def test_an_unknown_verb_is_not_implemented(start: Start) -> None:
    status, _, body = ask(start(), "/metrics", "BREW")
    assert (status, body.startswith(b"501 ")) == (501, True)


def test_a_connection_serves_request_after_request(start: Start) -> None:
    """Bodies that nobody reads would be taken for the next request."""
    site = start(Fake("a"))
    connection = http.client.HTTPConnection("127.0.0.1", port(site), timeout=10)
    connection.connect()
    first = connection.sock
    for method, path, body in (
        ("GET", "/metrics", None),
        ("POST", "/", b"x" * 60_000),
        ("GET", "/", b"y"),
    ) * 2:
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 405)
        assert connection.sock is first
    connection.close()


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 999999",
        "Transfer-Encoding: chunked",
        "Content-Length: -5",
        "Content-Length: 5\r\nContent-Length: 6",
    ],
)
def test_a_body_that_is_too_long_ends_the_connection(start: Start, head: str) -> None:
    site = start()
    with socket.create_connection(("127.0.0.1", port(site)), timeout=10) as client:
        client.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        received = b""
        while piece := client.recv(65536):
            received += piece
    assert received.startswith(b"HTTP/1.1 405")
    assert b"Connection: close" in received


@pytest.mark.parametrize(
    "request_line", [b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_not_http_is_answered_or_dropped(start: Start, request_line: bytes) -> None:
    site = start()
    with socket.create_connection(("127.0.0.1", port(site)), timeout=10) as client:
        client.sendall(request_line)
        while client.recv(65536):
            pass
    assert ask(site, "/-/healthy")[0] == 200


def test_the_scrape_header_sets_the_deadline(start: Start) -> None:
    gate = Gate()
    site = start(Fake("hung", gate), Fake("good"))
    started = time.monotonic()
    status, _, body = ask(site, "/metrics", X_Prometheus_Scrape_Timeout_Seconds="0.8")
    took = time.monotonic() - started
    gate.open()
    assert (status, 0.3 <= took < 0.8) == (200, True)
    assert b'grader_exporter_collector_error{collector="hung",reason="timeout"} 1' in body
    assert b'grader_exporter_collector_success{collector="good"} 1' in body


@pytest.mark.parametrize("header", ["nonsense", "-1", "0", "nan", "inf"])
def test_a_scrape_header_without_sense_is_ignored(header: str) -> None:
    assert handler.scrape_timeout(header) is None


def test_too_many_scrapes_at_once_are_told_to_come_again(start: Start) -> None:
    gate = Gate()
    site = start(Fake("slow", gate), most_scrapes=2)
    with ThreadPoolExecutor(2) as pool:
        scrapes = [pool.submit(ask, site, "/metrics") for _ in range(2)]
        until(lambda: site.connections.serving() == 2)
        until(lambda: ask(site, "/metrics")[0] == 503)
        assert ask(site, "/metrics")[1]["Retry-After"] == "1"
        gate.open()
        assert [scrape.result(10)[0] for scrape in scrapes] == [200, 200]
    assert ask(site, "/metrics")[0] == 200


def test_half_open_requests_do_not_keep_others_out(start: Start) -> None:
    """Far more than the cap: the longest idle one goes, a request is answered, and nothing piles up."""
    site = start(Fake("a"))
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port(site)), timeout=10))
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        assert [ask(site, "/metrics")[0] for _ in range(5)] == [200] * 5
        assert len(site.connections) <= 64


def test_half_a_body_does_not_keep_others_out_either(start: Start) -> None:
    site = start(Fake("a"))
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port(site)), timeout=10))
            client.sendall(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\nabc")
        assert [ask(site, "/metrics")[0] for _ in range(5)] == [200] * 5


def test_without_descriptors_the_idle_go_and_nobody_spins(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    full = [True]
    real = socket.socket.accept

    def accept(self: socket.socket) -> object:
        if full[0]:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(self)

    monkeypatch.setattr(server, "time", SimpleNamespace(sleep=pauses.append, monotonic=time.monotonic))
    site = start(Fake("a"))
    with socket.create_connection(("127.0.0.1", port(site)), timeout=10) as idle:
        until(lambda: len(site.connections) == 1)
        full[0] = True
        monkeypatch.setattr(socket.socket, "accept", accept)
        with socket.create_connection(("127.0.0.1", port(site)), timeout=10) as waiting:
            assert idle.recv(1) == b"", "it made room"
            until(lambda: pauses)
            full[0] = False
            waiting.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
            assert waiting.recv(15) == b"HTTP/1.1 200 OK"


def test_clients_that_say_nothing_are_dropped(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "READING_SECONDS", 0.2)
    site = start()
    with (
        socket.create_connection(("127.0.0.1", port(site)), timeout=10) as silent,
        socket.create_connection(("127.0.0.1", port(site)), timeout=10) as dripping,
    ):
        dripping.sendall(b"GET / HTTP/1.1\r\n")
        assert silent.recv(1) == b""
        with contextlib.suppress(OSError):
            while True:
                dripping.sendall(b"X: 1\r\n")
                time.sleep(0.02)
    until(lambda: len(site.connections) == 0)


def test_connections_that_are_served_are_never_victims(start: Start) -> None:
    gate = Gate()
    site = start(Fake("slow", gate))
    with ThreadPoolExecutor(3) as pool, contextlib.ExitStack() as stack:
        scrapes = [pool.submit(ask, site, "/metrics") for _ in range(3)]
        until(lambda: site.connections.serving() == 3)
        for _ in range(80):
            stack.enter_context(socket.create_connection(("127.0.0.1", port(site)), timeout=10))
        until(lambda: len(site.connections) == 64)
        gate.open()
        assert [scrape.result(10)[0] for scrape in scrapes] == [200] * 3


def test_stopping_finishes_what_is_in_work(start: Start) -> None:
    gate = Gate()
    site = start(Fake("slow", gate))
    with ThreadPoolExecutor(2) as pool:
        scrape = pool.submit(ask, site, "/metrics")
        assert gate.entered.wait(5)
        stop = pool.submit(site.stop, 5)
        until(lambda: site.draining)
        until(lambda: not connects(site))  # nobody waits for an answer that will not come
        gate.open()
        assert stop.result(10)
        status, headers, _ = scrape.result(10)
    assert (status, headers["Connection"]) == (200, "close")
    with pytest.raises(OSError, match="refused"):
        ask(site, "/metrics")


def test_stopping_does_not_wait_for_ever(start: Start) -> None:
    gate = Gate()
    site = start(Fake("slow", gate))
    with ThreadPoolExecutor(1) as pool:
        scrape = pool.submit(ask, site, "/metrics")
        assert gate.entered.wait(5)
        assert not site.stop(0.1)
        gate.open()
        scrape.result(10)


def test_the_empty_host_means_ipv6_and_ipv4(start: Start) -> None:
    site = start(host="")
    for host in ("127.0.0.1", "::1") if socket.has_ipv6 and _ipv6_works() else ("127.0.0.1",):
        connection = http.client.HTTPConnection(host, port(site), timeout=10)
        connection.request("GET", "/-/healthy")
        assert connection.getresponse().status == 200
        connection.close()


def test_the_empty_host_means_ipv4_where_the_kernel_has_nothing_else(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old(socket.socket):
        def __init__(self, family: int = -1, *more: int, **options: int | None) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            super().__init__(family, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "socket", Old)
    assert ask(start(Fake("a"), host=""), "/-/healthy")[0] == 200


def test_a_taken_address_is_named_and_the_others_are_freed(
    start: Start, free_port: Callable[[], int]
) -> None:
    taken, free = f"127.0.0.1:{port(start())}", free_port()
    with pytest.raises(OSError, match="in use") as caught:
        Site(Sidecar([], Limits()), [f"127.0.0.1:{free}", taken])
    assert caught.value.filename == taken
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", free))


def test_a_fault_of_ours_is_a_500_and_the_next_page_is_good(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = start()
    with monkeypatch.context() as broken:
        broken.setattr(handler, "page", lambda *_: 1 / 0)
        assert ask(site, "/metrics")[0] == 500
    assert ask(site, "/metrics")[0] == 200


def _ipv6_works() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {"a", "b", "c"}),
        ("collect[]=a", {"a"}),
        ("collect[]=a&collect%5B%5D=b", {"a", "b"}),
        ("exclude[]=c", {"a", "b"}),
        ("other=1", {"a", "b", "c"}),
        ("name[]=grader_database_up", {"a", "b", "c"}),
        ("name[]=process_cpu_seconds_total", set()),
    ],
)
def test_a_scrape_chooses_its_collectors(start: Start, query: str, asked: set[str]) -> None:
    fakes = Fake("a"), Fake("b"), Fake("c")
    status, _, body = ask(start(*fakes), f"/metrics?{query}")
    assert status == 200
    assert {fake.name for fake in fakes if fake.asked} == asked
    if "name[]" not in query:
        told = {name for name in "abc" if f'collector_success{{collector="{name}"}} 1'.encode() in body}
        assert told == asked


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("grader_database_up", "grader_database_up"),
        ("process_cpu_seconds_total", "process_cpu_seconds"),
        ("process_cpu_seconds", "process_cpu_seconds"),
        ("grader_exporter_build_info", "grader_exporter_build"),
    ],
)
def test_a_scrape_chooses_its_metrics(start: Start, name: str, family: str) -> None:
    _, _, body = ask(start(Fake("a")), f"/metrics?name[]={name}")
    assert {found.name for found in parse_text(body.decode())} <= {family, f"{family}_info"}
    assert body


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("collect[]=x", 'unknown collector "x"; allowed: a, b'),
        ("exclude[]=x", 'unknown collector "x"; allowed: a, b'),
        ("collect[]=a&exclude[]=b", "collect[] and exclude[] cannot be used together"),
    ],
)
def test_a_choice_that_cannot_be_is_told(start: Start, query: str, says: str) -> None:
    status, _, body = ask(start(Fake("a"), Fake("b")), f"/metrics?{query}")
    assert (status, body.decode()) == (400, f"{says}\n")


def test_a_choice_leaves_what_is_known_of_the_others(start: Start) -> None:
    """The landing page and the readiness are about all collectors, whatever one scrape asked for."""

    def fail(deadline: object) -> list[object]:
        raise CollectError("connect", "refused")

    site = start(Fake("good"), Fake("bad", fail))  # type: ignore[arg-type]
    ask(site, "/metrics")
    ask(site, "/metrics?collect[]=bad")
    assert ask(site, "/-/ready")[0] == 200
    assert [outcome.collector for outcome in site.sidecar.status.outcomes] == ["good", "bad"]


def test_there_is_nothing_to_reload_without_a_file(start: Start) -> None:
    assert ask(start(), "/-/reload", "POST")[0] == 403
    assert ask(start(), "/-/reload")[1]["Allow"] == "POST, PUT"


def test_a_thousand_label_values_are_a_page_with_a_bound(start: Start) -> None:
    """The page stays small, says what it left out, and both formats can be read."""

    def many(deadline: object) -> list[RowFamily]:
        return [RowFamily(GRADER_DATABASE_UP, [(f'd{n}\n"{n}', 1) for n in range(1000)])]

    site = start(Fake("many", many), Fake("good"))
    for accept, parse in (("text/plain", parse_text), (Format.OPENMETRICS.value, parse_openmetrics)):
        _, _, body = ask(site, "/metrics", Accept=accept)
        families = {family.name: family for family in parse(body.decode())}
        assert len(families["grader_database_up"].samples) == 51
        (dropped,) = families["grader_exporter_label_values_dropped"].samples
        assert dropped.value == 950


def test_a_clock_that_jumps_changes_no_deadline(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Durations and deadlines are of the monotonic clock; the wall clock is only told."""
    site = start(Fake("a"))
    ask(site, "/metrics")
    for jump in (-86_400 * 400, 86_400 * 400):
        with monkeypatch.context() as jumped:
            jumped.setattr(time, "time", lambda jump=jump, now=time.time: now() + jump)
            status, _, body = ask(site, "/metrics")
            assert status == 200
            assert b'grader_exporter_collector_success{collector="a"} 1' in body
            duration = re.search(rb'collector_duration_seconds\{collector="a"\} (\S+)', body)
            assert duration
            assert 0 <= float(duration[1]) < 5
            assert ask(site, "/")[0] == 200
