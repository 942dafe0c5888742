"""Judge0's Resque and Autolab's Tango: their keys, written as their own code writes them, in a real Redis.

Neither program runs here: Judge0 needs a privileged container, Tango virtual machines.
"""

from __future__ import annotations

import json
import pickle
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.servers.broker_servers import Redis
from tests.servers.watching import Watched


def iso(seconds_ago: float) -> str:
    return datetime.fromtimestamp(time.time() - seconds_ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(seconds_ago: float) -> str:
    """An ActiveJob in Resque: `resque:queue:<name>` holds these."""
    arguments = {"job_class": "IsolateJob", "queue_name": "1.13.1", "enqueued_at": iso(seconds_ago)}
    return json.dumps({"class": "ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper", "args": [arguments]})


def judge0(client: Any) -> None:
    """Two jobs wait, of three workers one works, one idles, one has died while working."""
    client.sadd("resque:queues", "1.13.1")
    client.rpush("resque:queue:1.13.1", job(120), job(3))
    client.sadd("resque:workers", "a:1:1.13.1", "b:2:1.13.1", "c:3:other")
    client.hset(
        "resque:workers:heartbeat",
        mapping={"a:1:1.13.1": iso(20), "b:2:1.13.1": iso(50), "c:3:other": iso(250)},
    )
    work = {"queue": "1.13.1", "run_at": iso(10), "payload": {}}
    client.set("resque:worker:a:1:1.13.1", json.dumps(work))
    client.set("resque:worker:c:3:other", json.dumps({**work, "queue": "other"}))
    client.rpush("resque:failed", "{}", "{}", "{}")
    client.set("resque:stat:processed", 812)
    client.set("resque:stat:failed", 17)


def watch(tmp_path: Path, server: Redis, queue: str) -> Watched:
    return Watched(tmp_path, f"brokers: {{main: {{url: '{server.url()}'}}}}\nqueues:\n- {queue}")


JUDGE0 = "{queue: '1.13.1', broker: main, kind: resque, capacity: 100}"


def test_judge0(tmp_path: Path, redis_broker: Redis) -> None:
    judge0(redis_broker.client())
    redis_broker.client().config_resetstat()
    watched = watch(tmp_path, redis_broker, JUDGE0)
    assert watched.figures() == {
        "broker_up{broker=main}": 1,
        "queue_up{queue=1.13.1}": 1,
        "queue_depth{queue=1.13.1,state=waiting}": 2,
        "queue_depth{queue=1.13.1,state=running}": 1,
        "queue_oldest_age_seconds{queue=1.13.1,state=waiting}": pytest.approx(120, abs=5),
        "queue_oldest_age_seconds{queue=1.13.1,state=running}": pytest.approx(10, abs=5),
        "queue_consumers{queue=1.13.1}": 2,
        "queue_jobs_failed{queue=1.13.1}": 3,
        "queue_processed_total{queue=1.13.1}": 812,
        "queue_failed_total{queue=1.13.1}": 17,
        "queue_capacity{queue=1.13.1}": 100,
        "workers{state=online}": 1,
        "workers{state=busy}": 1,
        "workers{state=stale}": 1,
        "worker_heartbeat_age_seconds{stat=min}": pytest.approx(20, abs=5),
        "worker_heartbeat_age_seconds{stat=max}": pytest.approx(250, abs=5),
    }
    assert not {"cmdstat_scan", "cmdstat_keys"} & set(redis_broker.client().info("commandstats"))


def test_resque_before_the_first_submission(tmp_path: Path, redis_broker: Redis) -> None:
    page = watch(tmp_path, redis_broker, JUDGE0).figures()
    assert page["queue_up{queue=1.13.1}"] == 0
    assert not [key for key in page if key.startswith(("queue_depth", "workers"))]


@pytest.mark.parametrize(
    "garbage", ["{", "[]", '{"args": []}', '{"args": [{"enqueued_at": "soon"}]}', "\x80\x02"]
)
def test_a_job_that_is_no_job_has_no_age_and_everything_else_is_there(
    tmp_path: Path, redis_broker: Redis, garbage: str
) -> None:
    judge0(redis_broker.client())
    redis_broker.client().lpush("resque:queue:1.13.1", garbage.encode("latin-1"))
    redis_broker.client().set("resque:worker:b:2:1.13.1", garbage.encode("latin-1"))
    page = watch(tmp_path, redis_broker, JUDGE0).figures()
    assert page["queue_depth{queue=1.13.1,state=waiting}"] == 3
    assert "queue_oldest_age_seconds{queue=1.13.1,state=waiting}" not in page
    assert page["queue_processed_total{queue=1.13.1}"] == 812
    assert page["workers{state=busy}"] == 2


class _Bomb:
    """Unpickling it writes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (self.mark.write_text, ("unpickled",))


def test_tango_is_counted_and_never_unpickled(tmp_path: Path, redis_broker: Redis) -> None:
    client = redis_broker.client()
    bomb = pickle.dumps(_Bomb(tmp_path / "mark"))
    client.rpush("queue:unassignedLiveJobs", bomb, bomb)
    client.hset("liveJobs", mapping={"1": bomb, "2": bomb, "3": bomb})
    client.hset("deadJobs", mapping={str(n): bomb for n in range(9)})
    client.config_resetstat()
    page = watch(tmp_path, redis_broker, "{queue: tango, broker: main, kind: tango}").figures()
    assert page["queue_depth{queue=tango,state=waiting}"] == 2
    assert page["queue_depth{queue=tango,state=running}"] == 1
    assert not (tmp_path / "mark").exists()
    reading = {name for name in client.info("commandstats") if name.startswith(("cmdstat_h", "cmdstat_l"))}
    assert reading <= {"cmdstat_hlen", "cmdstat_llen", "cmdstat_hello"}
