"""Brokers that are killed, hang, come back, change their passwords: everything else is served."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.broker_servers import RabbitMQ, Redis
from tests.servers.watching import Watched

QUEUES_PAGE = Path(__file__).parents[3] / "docs/queues.md"
BROKER = "broker_up{broker=main}"
OTHERS = {
    "database_up{database=book}": 1.0,
    "broker_up{broker=spare}": 1.0,
    "queue_depth{queue=steady,state=waiting}": 2.0,
}


@pytest.fixture
def spare() -> Redis:
    server = Redis()
    server.start()
    server.client().rpush("steady", 1, 2)
    yield server
    server.remove()


@pytest.fixture
def watch(tmp_path: Path, spare: Redis) -> Callable[[str, str], Watched]:
    """A sidecar over the broker at fault, another broker and a database."""
    sqlite3.connect(tmp_path / "book.db").execute("CREATE TABLE t (id)").connection.close()

    def start(broker: str, queues: str) -> Watched:
        return Watched(
            tmp_path,
            f"databases: {{book: {{url: 'sqlite:///{tmp_path}/book.db'}}}}\n"
            f"brokers:\n  main: {broker}\n  spare: {{url: '{spare.url()}'}}\n"
            f"queues:\n- {{queue: steady, broker: spare, kind: list}}\n{queues}",
        )

    return start


def assert_others(page: dict[str, float]) -> None:
    assert page.items() >= OTHERS.items()


REDIS_QUEUES = """
- {queue: jobs, broker: main, kind: list}
- {queue: done, broker: main, kind: sorted_set}
"""


def test_a_killed_redis_comes_back(watch, redis_broker: Redis) -> None:
    redis_broker.client().rpush("jobs", 1)
    watched = watch(f"{{url: '{redis_broker.url()}'}}", REDIS_QUEUES)
    assert watched.figures()["queue_depth{queue=jobs,state=waiting}"] == 1
    redis_broker.kill()
    page = watched.figures()
    assert_others(page)
    assert page[BROKER] == 0
    assert page["queue_up{queue=jobs}"] == 0
    assert not [key for key in page if "queue=jobs" in key and not key.startswith("queue_up")]
    redis_broker.start()
    redis_broker.client().rpush("jobs", 1, 2, 3)
    page = watched.figures()
    assert page[BROKER] == 1
    assert page["queue_depth{queue=jobs,state=waiting}"] == 3


def test_a_redis_that_was_restarted_between_two_scrapes_is_not_missed(watch, redis_broker: Redis) -> None:
    watched = watch(f"{{url: '{redis_broker.url()}'}}", REDIS_QUEUES)
    assert watched.figures()[BROKER] == 1
    redis_broker.stop()
    redis_broker.start()
    assert watched.figures()[BROKER] == 1


@pytest.mark.parametrize("scrape_timeout", [None, 1.0])
def test_a_hung_redis_is_told_in_time(watch, redis_broker: Redis, scrape_timeout: float | None) -> None:
    watched = watch(f"{{url: '{redis_broker.url()}', timeout: 1500ms}}", REDIS_QUEUES)
    assert watched.figures()[BROKER] == 1
    for _ in range(2):  # over the kept connection, then when connecting
        redis_broker.freeze()
        began = time.monotonic()
        page = watched.figures(scrape_timeout)
        assert time.monotonic() - began < 8
        assert_others(page)
        assert page[BROKER] == 0
        redis_broker.thaw()
    assert watched.figures()[BROKER] == 1


def test_keys_of_another_type_and_garbage_hide_nothing_else(watch, redis_broker: Redis) -> None:
    client = redis_broker.client()
    client.set("text", "x")
    client.rpush("good", "1", "2")
    client.rpush("garbage", b"\xff\x00{[")
    client.hset("rq:queue:broken", "a", 1)
    client.sadd("rq:queues", "rq:queue:broken")
    client.set("resque:workers", "no set")
    client.sadd("resque:queues", "r")
    client.set("bull:b:wait", "no list")
    client.set("unacked", "no hash")
    client.xadd("stream", {"a": 1}, id="7-0")
    queues = """
- {queue: text, broker: main, kind: list}
- {queue: text-set, key: text, broker: main, kind: sorted_set}
- {queue: text-stream, key: text, broker: main, kind: stream, group: g}
- {queue: garbage, broker: main, kind: list, enqueued_at: a.b}
- {queue: broken, broker: main, kind: rq}
- {queue: r, broker: main, kind: resque}
- {queue: b, broker: main, kind: bullmq}
- {queue: held, broker: main, kind: celery_unacked}
- {queue: stream, broker: main, kind: stream, group: nobody}
- {queue: good, broker: main, kind: list}
"""
    watched = watch(f"{{url: '{redis_broker.url()}'}}", queues)
    page = watched.figures()
    assert_others(page)
    assert page["queue_depth{queue=good,state=waiting}"] == 2
    assert page["queue_depth{queue=garbage,state=waiting}"] == 1
    ups = {key: value for key, value in page.items() if key.startswith("queue_up")}
    assert {key[len("queue_up{queue=") : -1] for key, value in ups.items() if value} == {
        "good",
        "garbage",
        "steady",
    }
    assert len(ups) == 11


def test_what_is_wrong_with_a_queue_is_logged_once(watch, redis_broker: Redis, caplog) -> None:
    redis_broker.client().set("jobs", "secret contents")
    watched = watch(f"{{url: '{redis_broker.url()}'}}", "- {queue: jobs, broker: main, kind: list}")
    with caplog.at_level("INFO", "exporter.collectors.queues"):
        watched.figures()
        watched.figures()
        (record,) = caplog.records
        assert (record.queue, record.error) == ("jobs", "jobs: the key holds another type")
        redis_broker.client().delete("jobs")
        watched.figures()
    assert [r.getMessage() for r in caplog.records] == ["fails", "answers again"]
    assert "secret" not in caplog.text


def test_a_command_that_is_not_granted_and_a_replica_cut_off_are_said(
    watch, redis_broker: Redis, tmp_path: Path, caplog
) -> None:
    client = redis_broker.client()
    (tmp_path / "password").write_text("secret\n")
    client.execute_command("ACL", "SETUSER", "gradewatch", "on", ">secret", "%R~*", "-@all", "+time")
    url = redis_broker.url()
    login = f"{{url: '{url}', user: gradewatch, password_file: {tmp_path}/password}}"
    watch(login, "- {queue: jobs, broker: main, kind: list}").figures()
    assert [record.error for record in caplog.records] == ["jobs: the user may not read it"]
    client.execute_command("ACL", "DELUSER", "gradewatch")
    client.config_set("replica-serve-stale-data", "no")
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        watch(f"{{url: '{url}'}}", "- {queue: jobs, broker: main, kind: list}").figures()
        assert caplog.records[-1].error == "jobs: a replica that is cut off from its master"
    finally:
        client.execute_command("REPLICAOF", "NO", "ONE")
        client.config_set("replica-serve-stale-data", "yes")


def test_a_user_with_no_more_rights_than_needed(watch, redis_broker: Redis, tmp_path: Path) -> None:
    """The rights that docs/queues.md gives; a password that changes is read at the next connect."""
    client = redis_broker.client()
    rights = re.search(r"^ACL SETUSER gradewatch on >password (.+)$", QUEUES_PAGE.read_text(), re.M)
    assert rights
    client.execute_command("ACL", "SETUSER", "look", "on", ">first", *rights[1].split())
    client.rpush("jobs", 1)
    (tmp_path / "password").write_text("first\n")
    broker = f"{{url: '{redis_broker.url()}', user: look, password_file: {tmp_path}/password}}"
    kinds = ("list", "celery", "celery_unacked", "rq", "bullmq", "resque", "tango", "stream")
    queues = "".join(f"- {{queue: {kind}-q, broker: main, kind: {kind}}}\n" for kind in kinds)
    queues += "- {queue: jobs, broker: main, kind: list}\n- {broker: main, kind: list, match: 'j*'}\n"
    try:
        watched = watch(broker, queues)
        page = watched.figures()
        assert page["queue_depth{queue=jobs,state=waiting}"] == 1
        assert [key for key, value in page.items() if key.startswith("queue_up") and value] == [
            f"queue_up{{queue={q}}}"
            for q in ("list-q", "celery-q", "celery_unacked-q", "tango-q", "stream-q", "jobs", "steady")
        ]
        client.execute_command("ACL", "SETUSER", "look", "resetpass", ">second")
        client.execute_command("CLIENT", "KILL", "USER", "look")
        page = watched.figures()
        assert_others(page)
        assert page[BROKER] == 0
        (tmp_path / "password").write_text("second\n")
        assert watched.figures()[BROKER] == 1
        client.execute_command("ACL", "SETUSER", "look", "-llen")
        page = watched.figures()
        assert page[BROKER] == 1
        assert page["queue_up{queue=jobs}"] == 0
    finally:
        client.execute_command("ACL", "DELUSER", "look")


def test_a_killed_rabbitmq_comes_back(watch, rabbitmq: RabbitMQ, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUS_PASSWORD", "guest")
    rabbitmq.api("PUT", "/queues/%2F/jobs", {"durable": True}).raise_for_status()
    broker = f"{{url: '{rabbitmq.url()}', user: guest, password_env: BUS_PASSWORD, timeout: 1500ms}}"
    watched = watch(broker, "- {queue: jobs, broker: main}")
    assert watched.figures()["queue_up{queue=jobs}"] == 1
    rabbitmq.freeze()
    page = watched.figures()
    assert_others(page)
    assert page[BROKER] == 0
    rabbitmq.thaw()
    rabbitmq.kill()
    page = watched.figures()
    assert_others(page)
    assert page[BROKER] == 0
    assert page["queue_up{queue=jobs}"] == 0
    rabbitmq.start()
    page = watched.figures()
    assert page[BROKER] == 1
    assert page["queue_up{queue=jobs}"] == 1
