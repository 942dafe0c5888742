"""Celery's own producer and worker, with Redis and with RabbitMQ as the broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery.signals import before_task_publish
from kombu import Connection

from tests.servers.broker_servers import RabbitMQ, Redis
from tests.servers.private_process import wait_until
from tests.servers.queues import celery_app
from tests.servers.queues.producers import python, working
from tests.servers.watching import Watched

QUEUES = """
- {queue: celery, broker: main, kind: celery, enqueued_at: headers.enqueued_at}
- {queue: slow, broker: main, kind: celery}
- {queue: celery, broker: main, kind: celery_unacked}
"""


def watch(tmp_path: Path, server: Redis) -> Watched:
    return Watched(tmp_path, f"brokers: {{main: {{url: '{server.url()}'}}}}\nqueues:\n{QUEUES}")


@contextmanager
def producer(broker: str) -> Iterator[Callable[..., object]]:
    """Sends a task that takes so many seconds; options as for `apply_async`."""
    with Connection(broker) as connection:

        def send(seconds: float, **options: object) -> object:
            return celery_app.hold.apply_async((seconds,), connection=connection, **options)

        yield send


def worker(broker: str) -> object:
    command = python(
        "celery",
        "-A",
        "tests.servers.queues.celery_app",
        "worker",
        "-P",
        "solo",
        "-l",
        "CRITICAL",
        "-Q",
        "celery",
    )
    return working(*command, environment={"CELERY_TEST_BROKER": broker})


def test_all_priorities_of_a_queue_are_counted(tmp_path: Path, redis_broker: Redis) -> None:
    with producer(redis_broker.url()) as send:
        for priority in (0, 3, 4, 9):
            send(0, priority=priority)
        send(0, queue="slow")
    page = watch(tmp_path, redis_broker).figures()
    assert page["queue_depth{queue=celery,state=waiting}"] == 4
    assert page["queue_depth{queue=slow,state=waiting}"] == 1
    assert page["queue_depth{queue=celery,state=running}"] == 0
    assert page["queue_oldest_age_seconds{queue=celery,state=running}"] == 0
    ages = [key for key in page if key.startswith("queue_oldest_age_seconds") and "waiting" in key]
    assert not ages, "Celery writes no time of its own into a message"


def test_a_signal_handler_gives_messages_an_age(tmp_path: Path, redis_broker: Redis) -> None:
    """The handler is the one that docs/queues.md shows."""
    ages = iter((75, 5, 300))

    def stamp(headers: dict[str, object], **_: object) -> None:
        headers["enqueued_at"] = time.time() - next(ages)

    before_task_publish.connect(stamp)
    try:
        with producer(redis_broker.url()) as send:
            send(0)
            send(0)
            send(0, priority=9)
    finally:
        before_task_publish.disconnect(stamp)
    page = watch(tmp_path, redis_broker).figures()
    assert page["queue_oldest_age_seconds{queue=celery,state=waiting}"] == pytest.approx(300, abs=5)


def test_a_worker_holds_what_it_has_not_acknowledged(tmp_path: Path, redis_broker: Redis) -> None:
    with producer(redis_broker.url()) as send:
        for _ in range(3):
            send(120)
    watched = watch(tmp_path, redis_broker)
    with worker(redis_broker.url()):
        wait_until(lambda: redis_broker.client().hlen("unacked"), 60, "a worker takes a task")
        page = watched.figures()
    assert page["queue_depth{queue=celery,state=running}"] >= 1
    total = [page[f"queue_depth{{queue=celery,state={state}}}"] for state in ("waiting", "running")]
    assert sum(total) == 3
    assert 0 <= page["queue_oldest_age_seconds{queue=celery,state=running}"] < 60


def test_celery_with_rabbitmq(tmp_path: Path, rabbitmq: RabbitMQ) -> None:
    with producer(rabbitmq.amqp()) as send:
        for _ in range(3):
            send(120)
    (tmp_path / "password").write_text("guest\n")
    watched = Watched(
        tmp_path,
        f"""
        brokers:
          bus: {{url: '{rabbitmq.url()}', user: guest, password_file: {tmp_path}/password}}
        queues:
          - {{queue: celery, broker: bus, kind: celery}}
        """,
    )

    def page_shows(state: str, jobs: int) -> bool:
        return watched.figures().get(f"queue_depth{{queue=celery,state={state}}}") == jobs

    try:
        wait_until(lambda: page_shows("waiting", 3), 30, "three tasks wait")
        page = watched.figures()
        assert page["queue_consumers{queue=celery}"] == 0
        assert page["queue_depth{queue=celery,state=running}"] == 0
        with worker(rabbitmq.amqp()):
            wait_until(
                lambda: page_shows("running", 2) or page_shows("running", 1), 60, "a worker takes tasks"
            )
            wait_until(
                lambda: watched.figures()["queue_consumers{queue=celery}"] == 1, 30, "it is a consumer"
            )
    finally:
        rabbitmq.api("DELETE", "/queues/%2F/celery")
