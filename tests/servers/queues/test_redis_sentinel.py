"""A Redis behind real Sentinels: the master is read, wherever it is now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from tests.servers.broker_servers import Missing, Redis, RedisSentinel
from tests.servers.private_process import free_port, wait_until
from tests.servers.watching import Watched

NAME = "Grading"
DEPTH = "queue_depth{queue=jobs,state=waiting}"
UP = "broker_up{broker=main}"
PASSWORD = "Sesam"


@pytest.fixture
def servers() -> Iterator[tuple[Redis, Redis, RedisSentinel]]:
    """A master, its replica, and a Sentinel that knows both."""
    try:
        master = Redis()
    except Missing as missing:
        pytest.skip(str(missing))
    started = [master]
    try:
        master.start()
        replica = Redis("--replicaof", "127.0.0.1", str(master.port))
        started.append(replica)
        replica.start()
        wait_until(lambda: replica.client().info("replication")["master_link_status"] == "up", what="a copy")
        sentinel = RedisSentinel(master, NAME)
        started.append(sentinel)  # type: ignore[arg-type]
        sentinel.start()
        wait_until(lambda: sentinel.client().sentinel_slaves(NAME), what="the Sentinel knows the replica")
        yield master, replica, sentinel
    finally:
        for server in started:
            server.remove()


def watch(tmp_path: Path, *sentinels: object, name: str = NAME, more: str = "") -> Watched:
    addresses = ", ".join(f"'127.0.0.1:{port}'" for port in sentinels)
    return Watched(
        tmp_path,
        f"brokers: {{main: {{url: 'redis://{name}/0', sentinel: {{addresses: [{addresses}]{more}}}}}}}\n"
        "queues: [{queue: jobs, broker: main, kind: list}]",
    )


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of brokers."""
    return [str(vars(record)["error"]) for record in caplog.records if "error" in vars(record)]


def test_the_master_is_read_also_after_it_was_changed(
    tmp_path: Path, servers: tuple[Redis, Redis, RedisSentinel]
) -> None:
    master, replica, sentinel = servers
    master.client().rpush("jobs", "a", "b")
    watched = watch(tmp_path, free_port(), sentinel.port)
    assert watched.figures()[DEPTH] == 2

    wait_until(lambda: _changes_masters(sentinel), what="a replica is good enough")
    wait_until(lambda: replica.client().info("replication")["role"] == "master", what="another master")
    wait_until(lambda: master.client().info("replication")["role"] == "slave", what="the old one follows")
    wait_until(lambda: watched.figures().get(UP) == 1, what="a master is read")
    replica.client().rpush("jobs", "c")
    before = _lengths_asked(replica)
    assert watched.figures()[DEPTH] == 3
    assert _lengths_asked(replica) > before


def _changes_masters(sentinel: RedisSentinel) -> bool:
    try:
        sentinel.client().execute_command("SENTINEL", "FAILOVER", NAME)
    except ResponseError:  # NOGOODSLAVE: it has not heard of the replica for long enough
        return False
    return True


def _lengths_asked(server: Redis) -> int:
    return int(server.client().info("commandstats").get("cmdstat_llen", {}).get("calls", 0))


def test_a_killed_master_is_away_until_another_is_chosen(
    tmp_path: Path, servers: tuple[Redis, Redis, RedisSentinel]
) -> None:
    master, replica, sentinel = servers
    master.client().rpush("jobs", "a")
    wait_until(lambda: replica.client().llen("jobs") == 1, what="the copy has it")
    watched = watch(tmp_path, sentinel.port)
    assert watched.figures()[UP] == 1
    master.kill()
    page = watched.figures()
    assert page[UP] == 0
    assert DEPTH not in page
    wait_until(lambda: watched.figures()[UP] == 1, 30, what="another master is read")
    assert watched.figures()[DEPTH] == 1


def test_silent_sentinels_leave_time_for_the_one_that_answers(
    tmp_path: Path, servers: tuple[Redis, Redis, RedisSentinel]
) -> None:
    master, _, sentinel = servers
    master.client().rpush("jobs", "a")
    silent = RedisSentinel(master, NAME)
    try:
        silent.start()
        silent.freeze()
        watched = watch(tmp_path, silent.port, sentinel.port)
        began = time.monotonic()
        assert watched.figures(timeout=4)[DEPTH] == 1
        assert time.monotonic() - began < 4
    finally:
        silent.remove()


def test_a_name_that_no_sentinel_knows_is_said(
    tmp_path: Path, servers: tuple[Redis, Redis, RedisSentinel], caplog: pytest.LogCaptureFixture
) -> None:
    watched = watch(tmp_path, servers[2].port, name="grading")
    assert watched.figures()[UP] == 0
    assert "no Sentinel answers that knows a master of this name that is up" in told(caplog)


@pytest.mark.parametrize(("given", "up"), [(PASSWORD, 1), ("wrong", 0)])
def test_sentinels_have_a_password_of_their_own(
    tmp_path: Path,
    servers: tuple[Redis, Redis, RedisSentinel],
    caplog: pytest.LogCaptureFixture,
    given: str,
    up: int,
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{given}\n", encoding="utf-8")
    guarded = RedisSentinel(servers[0], NAME, f"requirepass {PASSWORD}")
    try:
        guarded.start()
        watched = watch(tmp_path, guarded.port, more=f", password_file: {secret}")
        assert watched.figures()[UP] == up
        assert told(caplog) == ([] if up else ["the Sentinels refuse the user or the password"])
    finally:
        guarded.remove()
