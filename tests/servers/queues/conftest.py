"""A Redis and a RabbitMQ for the tests of queues; after each test they run, whatever was done to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.broker_servers import Missing, RabbitMQ, Redis


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A Redis for the whole run; tests take `redis_broker`."""
    try:
        server = Redis()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def redis_broker(redis_server: Redis) -> Iterator[Redis]:
    """An empty Redis that the test may kill or freeze."""
    redis_server.ensure_running()
    redis_server.client().flushall()
    yield redis_server
    redis_server.ensure_running()


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitMQ]:
    """A RabbitMQ for the whole run; tests take `rabbitmq`."""
    try:
        server = RabbitMQ()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def rabbitmq(rabbitmq_server: RabbitMQ) -> Iterator[RabbitMQ]:
    """A RabbitMQ that the test may kill or freeze."""
    rabbitmq_server.ensure_running()
    yield rabbitmq_server
    rabbitmq_server.ensure_running()
