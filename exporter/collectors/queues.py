"""Queues of one source: a broker, or a database whose tables are queues."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collector import CollectError, Deadline, Row, RowFamily
from exporter.config.brokers import Broker
from exporter.config.queues import Queue
from exporter.databases.pool import Pool
from exporter.queues.reading import Answer, Workers
from exporter.troubles import Troubles

log = logging.getLogger(__name__)


class Source(Protocol):
    """A server that is asked for all of its queues at once."""

    def ask(self, queues: list[Queue], deadline: Deadline) -> tuple[list[Answer], bool | None]:
        """An answer a queue, and whether a search was cut short; CollectError when the server is away."""
        ...

    def close(self) -> None:
        """Let go of its connections."""
        ...


def open_source(broker: Broker) -> Source:
    """The client of a broker, imported when it is needed; it connects when it is first asked."""
    if broker.is_redis:
        from exporter.queues.redis_server import RedisServer

        return RedisServer(broker)
    from exporter.queues.rabbitmq_server import RabbitMQServer

    return RabbitMQServer(broker)


def queue_collectors(
    brokers: dict[str, Broker], queues: Sequence[Queue], pools: dict[str, Pool]
) -> Iterator[QueueCollector]:
    """A collector for each broker, and for each database that has queues."""
    for name, broker in brokers.items():
        mine = [queue for queue in queues if queue.broker == name]
        yield QueueCollector(f"broker-{name}", name, mine, open_source(broker))
    for name, pool in pools.items():
        mine = [queue for queue in queues if queue.database == name]
        if mine:
            from exporter.queues.database_queue import DatabaseQueues

            yield QueueCollector(f"queues-{name}", None, mine, DatabaseQueues(pool))


@dataclass(slots=True)
class QueueCollector:
    """Asks one source. A broker that is away is a fact to export, as is a queue that cannot be read."""

    name: str
    broker: str | None
    queues: list[Queue]
    source: Source
    _brokers: Troubles = field(init=False)
    _queues: Troubles = field(init=False)

    def __post_init__(self) -> None:
        self._brokers = Troubles(log, self.name, "broker")
        self._queues = Troubles(log, self.name, "queue")

    def families(self) -> Sequence[Family]:
        """Everything that a queue may have."""
        return (
            catalogue.GRADER_BROKER_UP,
            catalogue.GRADER_QUEUE_UP,
            catalogue.GRADER_QUEUE_DEPTH,
            catalogue.GRADER_QUEUE_OLDEST_AGE_SECONDS,
            catalogue.GRADER_QUEUE_CONSUMERS,
            catalogue.GRADER_QUEUE_JOBS_FAILED,
            catalogue.GRADER_QUEUE_PROCESSED_TOTAL,
            catalogue.GRADER_QUEUE_FAILED_TOTAL,
            catalogue.GRADER_QUEUE_CAPACITY,
            catalogue.GRADER_QUEUE_SCAN_TRUNCATED,
            catalogue.GRADER_WORKERS,
            catalogue.GRADER_WORKER_HEARTBEAT_AGE_SECONDS,
        )

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """What each queue says; one that says nothing has no figures but `queue_up` 0."""
        try:
            answers, cut = self.source.ask(self.queues, deadline)
        except CollectError as error:
            if self.broker is None:
                raise
            self._brokers.tell({self.broker: error.message})
            return self._away()
        self._brokers.tell({self.broker: ""} if self.broker else {})
        self._queues.tell({answer.queue: _trouble(answer) for answer in answers})
        return [*self._of_broker(True, cut), *_figures(answers)]

    def close(self) -> None:
        """Close the connections."""
        self.source.close()

    def _away(self) -> list[RowFamily]:
        named = dict.fromkeys(queue.queue for queue in self.queues if queue.queue is not None)
        return [*self._of_broker(False, None), RowFamily(catalogue.GRADER_QUEUE_UP, [(q, 0) for q in named])]

    def _of_broker(self, up: bool, cut: bool | None) -> list[RowFamily]:
        if self.broker is None:
            return []
        return [
            RowFamily(catalogue.GRADER_BROKER_UP, [(self.broker, int(up))]),
            RowFamily(
                catalogue.GRADER_QUEUE_SCAN_TRUNCATED, [(self.broker, None if cut is None else int(cut))]
            ),
        ]


def _trouble(answer: Answer) -> str:
    if answer.error is not None:
        return answer.error.message
    return answer.reading.problem if answer.reading else ""


def _figures(answers: Sequence[Answer]) -> Iterator[RowFamily]:
    """Rows of all queues; sources of one label (a state each) share its row of `queue_up`.

    One pass over them: most kinds of queues have few of these figures.
    """
    up: dict[str, int] = {}
    depth: list[Row] = []
    oldest: list[Row] = []
    consumers: list[Row] = []
    failed: list[Row] = []
    processed: list[Row] = []
    failures: list[Row] = []
    workers: list[Workers] = []
    for queue, reading, _, _ in answers:
        if reading is None:
            up[queue] = 0
            continue
        up.setdefault(queue, 1)
        for state, jobs in reading.depth.items():
            depth.append((state, queue, jobs))
        for state, seconds in reading.oldest.items():
            oldest.append((state, queue, seconds))
        if reading.consumers is not None:
            consumers.append((queue, reading.consumers))
        if reading.failed is not None:
            failed.append((queue, reading.failed))
        if reading.processed is not None:
            processed.append((queue, reading.processed))
        if reading.failures is not None:
            failures.append((queue, reading.failures))
        if reading.workers is not None:
            workers.append(reading.workers)
    yield RowFamily(catalogue.GRADER_QUEUE_UP, list(up.items()))
    yield RowFamily(catalogue.GRADER_QUEUE_DEPTH, depth)
    yield RowFamily(catalogue.GRADER_QUEUE_OLDEST_AGE_SECONDS, oldest)
    yield RowFamily(catalogue.GRADER_QUEUE_CONSUMERS, consumers)
    yield RowFamily(catalogue.GRADER_QUEUE_JOBS_FAILED, failed)
    yield RowFamily(catalogue.GRADER_QUEUE_PROCESSED_TOTAL, processed)
    yield RowFamily(catalogue.GRADER_QUEUE_FAILED_TOTAL, failures)
    yield RowFamily(
        catalogue.GRADER_QUEUE_CAPACITY, [(a.queue, a.capacity) for a in answers if a.capacity is not None]
    )
    yield from _workers(workers)


def _workers(found: Sequence[Workers]) -> Iterator[RowFamily]:
    """At most one source tells of workers: a second one is a fault of the configuration."""
    for workers in found:
        ages = [("min", min(workers.beats)), ("max", max(workers.beats))] if workers.beats else []
        yield RowFamily(catalogue.GRADER_WORKERS, list(workers.states.items()))
        yield RowFamily(catalogue.GRADER_WORKER_HEARTBEAT_AGE_SECONDS, ages)
