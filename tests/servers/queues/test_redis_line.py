"""What the line between a Redis and the sidecar may do to an answer, and what Redis itself puts into one."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.config.whole import load_config
from exporter.sidecar import make_sidecar
from tests.servers.broker_servers import Redis
from tests.servers.watching import Watched

NAMES = [f"q{number}" for number in range(60)]
QUEUES = "".join(f"- {{queue: {name}, broker: main, kind: list}}\n" for name in NAMES)


def depths(page: dict[str, float]) -> dict[str, float]:
    """By queue."""
    return {
        name: page[key] for name in NAMES if (key := f"queue_depth{{queue={name},state=waiting}}") in page
    }


def fill(server: Redis) -> dict[str, float]:
    """Lists of different lengths; returns them."""
    pipeline = server.client().pipeline()
    for length, name in enumerate(NAMES):
        for job in range(length):
            pipeline.rpush(name, job)
    pipeline.execute()
    return {name: float(length) for length, name in enumerate(NAMES)}


@dataclass
class Line:
    """A line to a Redis: `pass_on` sends what the server says to the client, in its own way."""

    server: Redis
    pass_on: Callable[[socket.socket, bytes], None] = socket.socket.sendall
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server.port))
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for work in (self._up, self._down):
                    threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                self.pass_on(client, data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        client.close()


@pytest.fixture
def line(redis_broker: Redis) -> Iterator[Line]:
    made = Line(redis_broker)
    threading.Thread(target=made.serve, daemon=True).start()
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()


def watch(tmp_path: Path, url: str, queues: str = QUEUES) -> Watched:
    return Watched(tmp_path, f"brokers: {{main: {{url: '{url}'}}}}\nqueues:\n{queues}collection: {MANY}\n")


MANY = "{max_label_values: 100}"


def test_an_answer_may_come_in_packets_of_any_size(tmp_path: Path, redis_broker: Redis, line: Line) -> None:
    lengths = fill(redis_broker)
    watched = watch(tmp_path, line.url)
    for size in (1, 2, 3, 5, 64):

        def in_packets(client: socket.socket, data: bytes, size: int = size) -> None:
            for at in range(0, len(data), size):
                client.sendall(data[at : at + size])

        line.pass_on = in_packets
        assert depths(watched.figures()) == lengths


def test_a_server_that_goes_in_the_middle_of_an_answer_is_away_once(
    tmp_path: Path, redis_broker: Redis, line: Line
) -> None:
    lengths = fill(redis_broker)
    watched = watch(tmp_path, line.url)
    assert depths(watched.figures()) == lengths

    def half(client: socket.socket, data: bytes) -> None:
        client.sendall(data[: len(data) // 2])
        client.shutdown(socket.SHUT_RDWR)

    line.pass_on = half
    page = watched.figures()
    assert page["broker_up{broker=main}"] == 0
    assert depths(page) == {}
    line.pass_on = socket.socket.sendall
    page = watched.figures()
    assert page["broker_up{broker=main}"] == 1
    assert depths(page) == lengths


def test_a_server_that_falls_silent_in_the_middle_of_an_answer_is_away(
    tmp_path: Path, redis_broker: Redis, line: Line
) -> None:
    lengths = fill(redis_broker)
    watched = watch(tmp_path, line.url)
    assert depths(watched.figures()) == lengths
    line.pass_on = lambda client, data: client.sendall(data[: len(data) // 2])
    assert watched.figures(2.0)["broker_up{broker=main}"] == 0
    assert watched.states()["broker-main"] == ("ok", "")  # it was told in time
    # What was left of that answer is not taken for the next one.
    line.pass_on = socket.socket.sendall
    redis_broker.client().rpush("q0", "a")
    assert depths(watched.figures()) == {**lengths, "q0": 1.0}


def test_errors_between_lengths_are_those_of_their_queues(tmp_path: Path, redis_broker: Redis) -> None:
    lengths = fill(redis_broker)
    wrong = ("q0", "q17", "q18", "q59")
    client = redis_broker.client()
    for name in wrong:
        client.delete(name)
        client.set(name, "no list")
    watched = watch(tmp_path, redis_broker.url())
    page = watched.figures()
    assert page["broker_up{broker=main}"] == 1
    assert depths(page) == {name: length for name, length in lengths.items() if name not in wrong}
    assert {name for name in NAMES if not page[f"queue_up{{queue={name}}}"]} == set(wrong)
    for name in wrong:
        client.delete(name)
    assert depths(watched.figures()) == lengths | dict.fromkeys(wrong, 0.0)


def test_a_user_who_may_read_some_keys_only(tmp_path: Path, redis_broker: Redis) -> None:
    lengths, client = fill(redis_broker), redis_broker.client()
    (tmp_path / "password").write_text("secret")
    client.execute_command("ACL", "SETUSER", "some", "on", ">secret", "~q1*", "+llen", "+time")
    try:
        more = f"', user: some, password_file: '{tmp_path}/password"
        page = watch(tmp_path, redis_broker.url() + more).figures()
    finally:
        client.execute_command("ACL", "DELUSER", "some")
    assert page["broker_up{broker=main}"] == 1
    assert depths(page) == {name: length for name, length in lengths.items() if name.startswith("q1")}


def test_a_large_job_among_lengths(tmp_path: Path, redis_broker: Redis) -> None:
    lengths, client = fill(redis_broker), redis_broker.client()
    client.rpush("big", json.dumps({"source": "x" * 3_000_000, "at": time.time() - 40}))
    queues = f"{QUEUES}- {{queue: big, broker: main, kind: list, enqueued_at: at}}\n"
    queues += "- {queue: last, broker: main, kind: list}\n"
    page = watch(tmp_path, redis_broker.url(), queues).figures()
    assert page["queue_oldest_age_seconds{queue=big,state=waiting}"] == pytest.approx(40, abs=5)
    assert page["queue_depth{queue=last,state=waiting}"] == 0
    assert depths(page) == lengths


def test_a_socket_of_the_file_system(tmp_path: Path) -> None:
    server = Redis()
    path = server.home / "redis.sock"
    server._options = ("--unixsocket", str(path))
    server.start()
    try:
        lengths = fill(server)
        assert depths(watch(tmp_path, f"unix://{path}?db=0").figures()) == lengths
        assert depths(watch(tmp_path, f"unix://{path}?db=1").figures()) == dict.fromkeys(NAMES, 0.0)
    finally:
        server.remove()


def test_after_a_reload_the_new_queues_are_asked(tmp_path: Path, redis_broker: Redis) -> None:
    """As many as before, so that only their names differ."""
    fill(redis_broker)
    watched = watch(tmp_path, redis_broker.url())
    watched.figures()
    watched.path.write_text(watched.path.read_text().replace("queue: q59,", "queue: new, key: q7,"))
    old = watched.sidecar
    watched.sidecar = make_sidecar(load_config(watched.path).value, before=old)
    old.retire()
    page = watched.figures()
    assert page["queue_depth{queue=new,state=waiting}"] == 7
    assert "q59" not in depths(page)
    assert len(depths(page)) == 59


def test_what_a_pattern_finds_may_change_from_scrape_to_scrape(tmp_path: Path, redis_broker: Redis) -> None:
    client = redis_broker.client()
    queues = "- {broker: main, kind: list, match: 'q*'}\n- {queue: other, broker: main, kind: list}\n"
    watched = watch(tmp_path, redis_broker.url(), queues)
    client.rpush("other", 1, 2)
    for name, length in (("q1", 3), ("q2", 1), ("q10", 5)):
        client.rpush(name, *range(length))
        page = watched.figures()
        assert depths(page) == {name: float(length)}
        assert page["queue_depth{queue=other,state=waiting}"] == 2
        client.delete(name)
