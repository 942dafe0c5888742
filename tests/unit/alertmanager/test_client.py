"""What Alertmanager's interface may answer besides what was asked. A few bytes stand in for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from alertmanager.client import AlertmanagerError, Client, quoted
from typedyaml.units import Duration


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = self.server.answer  # type: ignore[attr-defined]
        if status == 0:
            self.server.stop.wait(10)  # type: ignore[attr-defined]
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Answer) as server:
        server.stop = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.stop.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


CASES = [
    ((500, b"out of memory\n"), "refused: 500 out of memory"),
    ((200, b"<html>a web page"), "does not answer like an Alertmanager"),
    ((0, b""), "did not answer within 200ms"),
]


@pytest.mark.parametrize(("answer", "message"), CASES, ids=[case[1] for case in CASES])
def test_a_strange_answer_is_one_sentence(
    server: HTTPServer, answer: tuple[int, bytes], message: str
) -> None:
    server.answer = answer  # type: ignore[attr-defined]
    client = Client(f"http://127.0.0.1:{server.server_port}/", Duration(0.2))
    with pytest.raises(AlertmanagerError, match=message):
        client.silences()


def test_an_address_that_is_none_is_one_sentence() -> None:
    with pytest.raises(AlertmanagerError, match="Alertmanager at nonsense cannot be reached"):
        Client("nonsense").silences()


def test_a_value_with_quotes_stays_one_value() -> None:
    assert quoted('a"b\\c') == '"a\\"b\\\\c"'
