"""Lists, sorted sets and streams of a real Redis."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.servers.broker_servers import Redis
from tests.servers.watching import Watched


def watch(tmp_path: Path, server: Redis, queues: str, more: str = "") -> Watched:
    return Watched(tmp_path, f"brokers: {{main: {{url: '{server.url()}'{more}}}}}\nqueues:\n{queues}")


def test_a_list_is_as_long_as_it_is_and_an_empty_one_is_0(tmp_path: Path, redis_broker: Redis) -> None:
    client = redis_broker.client()
    client.rpush("app:jobs", "a", "b", "c")
    queues = "- {queue: jobs, broker: main, kind: list, prefix: 'app:', capacity: 50}\n"
    queues += "- {queue: jobs, broker: main, kind: list, key: in-work, prefix: 'app:', state: running}\n"
    watched = watch(tmp_path, redis_broker, queues)
    assert watched.figures() == {
        "broker_up{broker=main}": 1,
        "queue_up{queue=jobs}": 1,
        "queue_depth{queue=jobs,state=waiting}": 3,
        "queue_depth{queue=jobs,state=running}": 0,
        "queue_capacity{queue=jobs}": 50,
    }


@pytest.mark.parametrize(
    "written", ["iso", "iso without a zone", "seconds", "milliseconds", "text of seconds"]
)
def test_the_oldest_job_tells_its_age_in_any_usual_form(
    tmp_path: Path, redis_broker: Redis, written: str
) -> None:
    at = time.time() - 90
    iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    forms = {
        "iso": f"{iso}Z",
        "iso without a zone": iso,
        "seconds": at,
        "milliseconds": round(at * 1000),
        "text of seconds": str(at),
    }
    redis_broker.client().rpush("jobs", json.dumps({"meta": [{"at": forms[written]}]}), "not even JSON")
    queue = "- {queue: jobs, broker: main, kind: list, enqueued_at: meta.0.at}"
    page = watch(tmp_path, redis_broker, queue).figures()
    assert page["queue_oldest_age_seconds{queue=jobs,state=waiting}"] == pytest.approx(90, abs=5)


def test_the_oldest_job_may_stand_at_the_tail(tmp_path: Path, redis_broker: Redis) -> None:
    redis_broker.client().lpush("jobs", json.dumps({"at": time.time() - 60}), json.dumps({"at": time.time()}))
    queue = "- {queue: jobs, broker: main, kind: list, enqueued_at: at, oldest: tail}"
    page = watch(tmp_path, redis_broker, queue).figures()
    assert page["queue_oldest_age_seconds{queue=jobs,state=waiting}"] == pytest.approx(60, abs=5)


def test_a_sorted_set_by_time_has_an_age(tmp_path: Path, redis_broker: Redis) -> None:
    client = redis_broker.client()
    client.zadd("later", {"a": (time.time() - 30) * 1000, "b": time.time() * 1000})
    client.zadd("ranked", {"a": 1, "b": 2, "c": 3})
    client.rpush("dead", "x")
    queues = "- {queue: later, broker: main, kind: sorted_set, score: milliseconds, failed: dead}\n"
    queues += "- {queue: ranked, broker: main, kind: sorted_set}\n"
    queues += "- {queue: none, broker: main, kind: sorted_set, score: seconds}\n"
    page = watch(tmp_path, redis_broker, queues).figures()
    assert page["queue_depth{queue=later,state=waiting}"] == 2
    assert page["queue_oldest_age_seconds{queue=later,state=waiting}"] == pytest.approx(30, abs=5)
    assert page["queue_jobs_failed{queue=later}"] == 1
    assert page["queue_depth{queue=ranked,state=waiting}"] == 3
    assert "queue_oldest_age_seconds{queue=ranked,state=waiting}" not in page
    assert page["queue_oldest_age_seconds{queue=none,state=waiting}"] == 0


def test_a_stream_tells_what_its_group_has_not_read_and_not_acknowledged(
    tmp_path: Path, redis_broker: Redis
) -> None:
    client = redis_broker.client()
    now = int(time.time() * 1000)
    for age in (100, 50, 20):
        client.xadd("runs", {"n": age}, id=f"{now - age * 1000}-0")
    client.xgroup_create("runs", "graders", id="0")
    queue = "- {queue: runs, broker: main, kind: stream, group: graders}"
    watched = watch(tmp_path, redis_broker, queue)
    page = watched.figures()
    assert page["queue_depth{queue=runs,state=waiting}"] == 3
    assert page["queue_depth{queue=runs,state=running}"] == 0
    assert page["queue_oldest_age_seconds{queue=runs,state=waiting}"] == pytest.approx(100, abs=5)
    assert page["queue_oldest_age_seconds{queue=runs,state=running}"] == 0

    ((_, ((first, _), _)),) = client.xreadgroup("graders", "worker-1", {"runs": ">"}, count=2)
    client.xack("runs", "graders", first)
    page = watched.figures()
    assert page["queue_depth{queue=runs,state=waiting}"] == 1
    assert page["queue_depth{queue=runs,state=running}"] == 1
    assert page["queue_oldest_age_seconds{queue=runs,state=waiting}"] == pytest.approx(20, abs=5)
    assert page["queue_oldest_age_seconds{queue=runs,state=running}"] == pytest.approx(50, abs=5)
    assert page["queue_consumers{queue=runs}"] == 1

    # An entry deleted from the middle: Redis no longer knows the lag, the age it does.
    extra = client.xadd("runs", {"n": 0})
    client.xadd("runs", {"n": 0})
    client.xdel("runs", extra)
    page = watched.figures()
    assert "queue_depth{queue=runs,state=waiting}" not in page
    assert page["queue_oldest_age_seconds{queue=runs,state=waiting}"] == pytest.approx(20, abs=5)


def test_a_stream_without_a_group_is_a_log(tmp_path: Path, redis_broker: Redis) -> None:
    redis_broker.client().xadd("log", {"a": 1})
    page = watch(tmp_path, redis_broker, "- {queue: log, broker: main, kind: stream}").figures()
    assert page["queue_depth{queue=log,state=waiting}"] == 1
    assert page["queue_oldest_age_seconds{queue=log,state=waiting}"] == pytest.approx(0, abs=5)


def test_a_pattern_finds_queues_and_says_when_it_was_cut_short(tmp_path: Path, redis_broker: Redis) -> None:
    client = redis_broker.client()
    for name in ("grading:c", "grading:java", "other", "grading:[x]"):
        client.rpush(f"app:{name}", "job")
    client.set("app:grading:text", "no list")
    queues = "- {broker: main, kind: list, prefix: 'app:', match: 'grading:*'}\n"
    queues += "- {queue: 'grading:c', broker: main, kind: list, prefix: 'app:'}\n"
    watched = watch(tmp_path, redis_broker, queues)
    page = watched.figures()
    assert {key for key in page if key.startswith("queue_depth")} == {
        "queue_depth{queue=grading:c,state=waiting}",
        "queue_depth{queue=grading:java,state=waiting}",
        "queue_depth{queue=grading:[x],state=waiting}",
    }
    assert page["queue_scan_truncated{broker=main}"] == 0
    pipeline = client.pipeline()
    for number in range(5000):
        pipeline.set(f"filler:{number}", 1)
    pipeline.execute()
    page = watch(tmp_path, redis_broker, queues, ", scan_limit: 1000").figures()
    assert page["queue_scan_truncated{broker=main}"] == 1
    assert page["queue_depth{queue=grading:c,state=waiting}"] == 1


def test_a_found_queue_whose_name_is_no_text_is_read_under_its_own_label(
    tmp_path: Path, redis_broker: Redis
) -> None:
    client = redis_broker.client()
    client.rpush(b"app:grading:\xe4", "job", "job")
    client.rpush(b"app:grading:\xf6", "job")
    client.rpush("app:grading:ä", "job", "job", "job")
    queue = "- {broker: main, kind: list, prefix: 'app:', match: 'grading:*'}"
    page = watch(tmp_path, redis_broker, queue).figures()
    assert {key: value for key, value in page.items() if key.startswith("queue_depth")} == {
        "queue_depth{queue=grading:\\xe4,state=waiting}": 2,
        "queue_depth{queue=grading:\\xf6,state=waiting}": 1,
        "queue_depth{queue=grading:ä,state=waiting}": 3,
    }


def test_without_a_pattern_nothing_is_searched(tmp_path: Path, redis_broker: Redis) -> None:
    redis_broker.client().config_resetstat()
    watched = watch(tmp_path, redis_broker, "- {queue: jobs, broker: main, kind: list}")
    watched.figures()
    watched.figures()
    commands = set(redis_broker.client().info("commandstats"))
    assert "cmdstat_llen" in commands
    assert not commands & {"cmdstat_scan", "cmdstat_keys", "cmdstat_sscan"}


def test_many_queues_are_one_round_trip(tmp_path: Path, redis_broker: Redis) -> None:
    """redis-py writes a pipeline at once, so a round is one read event of the server."""
    queues = "".join(f"- {{queue: q{n}, broker: main, kind: list}}\n" for n in range(40))
    watched = watch(tmp_path, redis_broker, queues)
    watched.figures()
    before = redis_broker.client().info("stats")
    page = watched.figures()
    after = redis_broker.client().info("stats")
    assert sum(key.startswith("queue_depth") for key in page) == 40
    # Our round and the two INFO of this test, whose connections say a few words first.
    words = 10
    reads = after["total_reads_processed"] - before["total_reads_processed"]
    assert reads <= 1 + words
    assert after["total_commands_processed"] - before["total_commands_processed"] >= 41
    assert after["total_connections_received"] - before["total_connections_received"] == 1
