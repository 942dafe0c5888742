"""RQ's own producer and worker against a real Redis."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from pathlib import Path

import pytest
from rq import Queue, SimpleWorker

from tests.servers.broker_servers import Redis
from tests.servers.private_process import wait_until
from tests.servers.queues.producers import python, working
from tests.servers.watching import Watched

QUEUES = "- {queue: grading, broker: main, kind: rq}\n- {queue: never-used, broker: main, kind: rq}\n"


@pytest.fixture
def watched(tmp_path: Path, redis_broker: Redis) -> Watched:
    return Watched(tmp_path, f"brokers: {{main: {{url: '{redis_broker.url()}'}}}}\nqueues:\n{QUEUES}")


def test_what_waits_and_what_failed(watched: Watched, redis_broker: Redis) -> None:
    client = redis_broker.client()
    queue = Queue("grading", connection=client)
    job = queue.enqueue(math.sqrt, 4)
    queue.enqueue(math.sqrt, -1)
    queue.enqueue_in(timedelta(hours=1), math.sqrt, 9)
    client.hset(job.key, "enqueued_at", time.strftime("%Y-%m-%dT%H:%M:%S.5Z", time.gmtime(time.time() - 40)))
    assert watched.figures() == {
        "broker_up{broker=main}": 1,
        "queue_up{queue=grading}": 1,
        "queue_up{queue=never-used}": 0,
        "queue_depth{queue=grading,state=waiting}": 2,
        "queue_depth{queue=grading,state=running}": 0,
        "queue_oldest_age_seconds{queue=grading,state=waiting}": pytest.approx(40, abs=5),
        "queue_oldest_age_seconds{queue=grading,state=running}": 0,
        "queue_consumers{queue=grading}": 0,
        "queue_jobs_failed{queue=grading}": 0,
    }
    SimpleWorker([queue], connection=client).work(burst=True, logging_level="CRITICAL")
    page = watched.figures()
    assert page["queue_depth{queue=grading,state=waiting}"] == 0
    assert page["queue_oldest_age_seconds{queue=grading,state=waiting}"] == 0
    assert page["queue_jobs_failed{queue=grading}"] == 1


def test_a_worker_at_work(watched: Watched, redis_broker: Redis) -> None:
    client = redis_broker.client()
    queue = Queue("grading", connection=client)
    first = queue.enqueue(time.sleep, 60)
    queue.enqueue(time.sleep, 60)
    worker = python(
        "rq.cli", "worker", "--url", redis_broker.url(), "--worker-class", "rq.SimpleWorker", "grading"
    )
    with working(*worker):
        wait_until(lambda: first.get_status(refresh=True) == "started", 30, "the worker starts a job")
        page = watched.figures()
        assert page["queue_depth{queue=grading,state=waiting}"] == 1
        assert page["queue_depth{queue=grading,state=running}"] == 1
        assert page["queue_consumers{queue=grading}"] == 1
        assert 0 <= page["queue_oldest_age_seconds{queue=grading,state=running}"] < 30


def test_all_queues_that_rq_knows(tmp_path: Path, redis_broker: Redis) -> None:
    for name in ("grading-c", "grading-java", "mail"):
        Queue(name, connection=redis_broker.client()).enqueue(math.sqrt, 4)
    redis_broker.client().config_resetstat()
    queues = "- {broker: main, kind: rq, match: 'grading-*'}"
    watched = Watched(tmp_path, f"brokers: {{main: {{url: '{redis_broker.url()}'}}}}\nqueues:\n{queues}")
    page = watched.figures()
    assert page["queue_depth{queue=grading-c,state=waiting}"] == 1
    assert page["queue_depth{queue=grading-java,state=waiting}"] == 1
    assert not [key for key in page if "mail" in key]
    assert "cmdstat_scan" not in redis_broker.client().info("commandstats"), "RQ keeps a list of its queues"
