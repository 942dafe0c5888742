"""Queues of a real RabbitMQ with real consumers, in a vhost whose name needs care."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from kombu import Connection, Consumer, Producer
from kombu import Queue as AmqpQueue

from tests.servers.broker_servers import RabbitMQ
from tests.servers.private_process import wait_until
from tests.servers.watching import Watched

VHOST = "/course 101/ä"


@pytest.fixture
def bus(rabbitmq: RabbitMQ) -> Iterator[RabbitMQ]:
    """A RabbitMQ with an empty vhost, and `monitor`, who may only look."""
    path = f"/vhosts/{quote(VHOST, safe='')}"
    rabbitmq.api("PUT", path).raise_for_status()
    rabbitmq.api("PUT", "/users/monitor", {"password": "first", "tags": "monitoring"}).raise_for_status()
    rights = {"configure": "^$", "write": "^$", "read": "^$"}
    rabbitmq.api("PUT", f"/permissions/{quote(VHOST, safe='')}/monitor", rights).raise_for_status()
    rabbitmq.api("PUT", f"/permissions/{quote(VHOST, safe='')}/guest", dict.fromkeys(rights, ".*"))
    yield rabbitmq
    rabbitmq.ensure_running()
    rabbitmq.api("DELETE", path)


@pytest.fixture
def connection(bus: RabbitMQ) -> Iterator[Connection]:
    # kombu wants the vhost quoted twice over: its URL parser unquotes once, and strips a leading slash.
    opened = Connection("amqp://guest:guest@127.0.0.1", port=bus.port, virtual_host=VHOST)
    yield opened
    opened.release()


@pytest.fixture
def watch_at(tmp_path: Path) -> Callable[..., Watched]:
    """Watches queues of the vhost at an address; `more` are keys of the broker."""
    (tmp_path / "password").write_text("first\n")

    def start(url: str, queues: str, more: str = "") -> Watched:
        login = f"user: monitor, password_file: {tmp_path}/password, vhost: '{VHOST}'{more}"
        return Watched(tmp_path, f"brokers: {{bus: {{url: '{url}', {login}}}}}\nqueues:\n{queues}")

    return start


@pytest.fixture
def watch(bus: RabbitMQ, watch_at: Callable[..., Watched]) -> Callable[..., Watched]:
    """The same on the real RabbitMQ."""

    def start(queues: str, more: str = "") -> Watched:
        return watch_at(bus.url(), queues, more)

    return start


def shows(watched: Watched, **figures: float) -> None:
    """Wait: RabbitMQ counts behind the scenes."""
    wanted = {
        key.replace("__", "{queue=").replace("_state_", ",state=") + "}": v for key, v in figures.items()
    }
    wait_until(lambda: watched.figures().items() >= wanted.items(), 30, f"{wanted} in {watched.figures()}")


def test_figures_of_a_queue(connection: Connection, watch: Callable[..., Watched]) -> None:
    channel = connection.channel()
    for name in ("grading", "grading.dead"):
        AmqpQueue(name, durable=False).bind(channel).declare()
    producer = Producer(channel)
    for number in range(5):
        producer.publish({"n": number}, routing_key="grading", timestamp=int(time.time()) - 80)
    producer.publish({}, routing_key="grading.dead")
    watched = watch("- {queue: grading, broker: bus, failed: grading.dead}")
    shows(watched, queue_depth__grading_state_waiting=5, queue_jobs_failed__grading=1)
    page = watched.figures()
    assert page["queue_depth{queue=grading,state=running}"] == 0
    assert page["queue_consumers{queue=grading}"] == 0
    assert page["queue_oldest_age_seconds{queue=grading,state=waiting}"] == pytest.approx(80, abs=15)
    assert "queue_processed_total{queue=grading}" not in page, "nobody has taken a message yet"

    taken = []
    consumer = Consumer(
        channel, [AmqpQueue("grading", durable=False)], callbacks=[lambda _, m: taken.append(m)]
    )
    consumer.qos(prefetch_count=3)
    with consumer:
        while len(taken) < 3:
            connection.drain_events(timeout=10)
        taken[0].ack()
        while len(taken) < 4:
            connection.drain_events(timeout=10)
        shows(
            watched,
            queue_depth__grading_state_waiting=1,
            queue_depth__grading_state_running=3,
            queue_consumers__grading=1,
            queue_processed_total__grading=1,
        )


def test_one_request_for_the_wanted_queues_whatever_else_is_there(
    connection: Connection, watch: Callable[..., Watched]
) -> None:
    channel = connection.channel()
    names = [f"course.{number}" for number in range(120)]
    for name in names:
        AmqpQueue(name, durable=False).bind(channel).declare()
    queues = "- {queue: 'course.1', broker: bus}\n- {queue: renamed, key: 'course.7', broker: bus}\n"
    queues += "- {queue: 'course', broker: bus}\n"
    watched = watch(queues)
    shows(watched, **{"queue_depth__course.1_state_waiting": 0, "queue_depth__renamed_state_waiting": 0})
    page = watched.figures()
    assert page["queue_up{queue=course}"] == 0, "a name is no pattern"
    assert len([key for key in page if key.startswith("queue_depth")]) == 4


def test_many_queues_with_the_longest_of_names(connection: Connection, watch: Callable[..., Watched]) -> None:
    """An address has at most 8,000 bytes there, and a dot or a blank takes several of them."""
    channel = connection.channel()
    names = [f"course {number:02}." + "ä. " * 60 for number in range(50)]
    names = [name[: 250 - len(name.encode()) + len(name)].strip() for name in names]
    for name in names:
        AmqpQueue(name, durable=False).bind(channel).declare()
    watched = watch("\n".join(f"- {{queue: '{name}', broker: bus}}" for name in names))
    page = watched.figures()
    assert [page[f"queue_up{{queue={name}}}"] for name in names] == [1] * 50


def test_a_pattern_reads_page_by_page(connection: Connection, watch: Callable[..., Watched]) -> None:
    channel = connection.channel()
    for number in range(120):
        AmqpQueue(f"exam.{number}", durable=False).bind(channel).declare()
    AmqpQueue("other", durable=False).bind(channel).declare()
    watched = watch("- {broker: bus, match: 'exam.*'}\ncollection: {max_label_values: 500}")

    def all_there() -> bool:
        return len([key for key in watched.figures() if key.startswith("queue_consumers")]) == 120

    wait_until(all_there, 30, "120 queues of two pages")
    assert watched.figures()["queue_scan_truncated{broker=bus}"] == 0
    watched = watch(
        "- {broker: bus, match: 'exam.*'}\ncollection: {max_label_values: 500}", more=", scan_limit: 50"
    )
    page = watched.figures()
    assert page["queue_scan_truncated{broker=bus}"] == 1
    assert len([key for key in page if key.startswith("queue_consumers")]) == 50


def test_a_changed_password_is_read_again(
    bus: RabbitMQ, watch: Callable[..., Watched], tmp_path: Path
) -> None:
    watched = watch("- {queue: grading, broker: bus}")
    assert watched.figures()["broker_up{broker=bus}"] == 1
    bus.api("PUT", "/users/monitor", {"password": "second", "tags": "monitoring"}).raise_for_status()
    assert watched.figures()["broker_up{broker=bus}"] == 0
    (tmp_path / "password").write_text("second\n")
    assert watched.figures()["broker_up{broker=bus}"] == 1


@pytest.fixture
def impostor() -> Iterator[Callable[[bytes, bool], str]]:
    """A server that answers every connection with the same bytes; `drips`: and then with a space for ever."""
    servers: list[socket.socket] = []
    ended = threading.Event()

    def serve(server: socket.socket, answer: bytes, drips: bool) -> None:
        while not ended.is_set():
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                try:
                    client.recv(65536)
                    client.sendall(answer)
                    while drips and not ended.wait(0.05):
                        client.sendall(b" ")
                except OSError:
                    continue

    def start(answer: bytes, drips: bool = False) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        threading.Thread(target=serve, args=(server, answer, drips), daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    ended.set()
    for server in servers:
        server.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 1\r\n\r\n{",
        HEAD + b'Content-Length: 13\r\n\r\n{"items": [1]}'[:60],
        HEAD + b"Content-Length: 2\r\n\r\n[]",
        HEAD + b"Content-Length: 4\r\n\r\nnull",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"",
    ],
)
def test_whatever_answers_instead_is_a_broker_that_is_down(
    watch_at: Callable[..., Watched], impostor: Callable[[bytes], str], answer: bytes
) -> None:
    watched = watch_at(impostor(answer), "- {queue: grading, broker: bus}")
    assert watched.figures() == {"broker_up{broker=bus}": 0, "queue_up{queue=grading}": 0}
    assert watched.states()["broker-bus"] == ("ok", "")


def test_an_answer_that_drips_is_given_up_in_time(
    watch_at: Callable[..., Watched], impostor: Callable[..., str]
) -> None:
    url = impostor(HEAD + b"Content-Length: 100000\r\n\r\n", drips=True)
    watched = watch_at(url, "- {queue: grading, broker: bus}", ", timeout: 1s")
    began = time.monotonic()
    assert watched.figures()["broker_up{broker=bus}"] == 0
    assert time.monotonic() - began < 8, "the collection's own timeout is 10 s"
