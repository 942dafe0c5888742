"""Brokers and queues of the configuration: every fault with its place, and one source for each figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config.queues import OPTIONS, Kind
from exporter.config.whole import load_config
from typedyaml.faults import Faults

BROKERS = "brokers: {r: {url: 'redis://h'}, m: {url: 'http://h:15672'}}\n"
BOOK = "databases: {book: {url: 'sqlite:///a.db'}}\n"


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_config(path)
    except Faults as error:
        return [f"{fault.line}:{fault.column}: {fault.message}" for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("broker", "says"),
    [
        ("{url: 'redis://h:6379/0'}", []),
        ("{url: 'unix:///run/redis.sock?db=1'}", []),
        ("{url: 'rediss://h', ca_file: /etc/hostname, user: look, password_env: HOME}", []),
        ("{url: 'https://h:15671', vhost: course}", []),
        (
            "{url: 'amqp://h'}",
            ['RabbitMQ is read by its management plugin: name its address, such as "http://rabbit:15672"'],
        ),
        (
            "{url: 'memcached://h'}",
            ['unknown scheme "memcached"; allowed: http://, https://, redis://, rediss://, unix://'],
        ),
        ("{url: 'redis://'}", ["the URL names no host"]),
        ("{url: 'redis://h/jobs'}", ['the path is the number of a database, such as "redis://host:6379/0"']),
        (
            "{url: 'unix://redis.sock'}",
            ['a socket is named by its absolute path: "unix:///run/redis.sock?db=0"'],
        ),
        (
            "{url: 'redis://u:hush@h'}",
            ["no password in a URL: write it to a file and name that in password_file"],
        ),
        ("{url: 'redis://h', ca_file: /etc/hostname}", ["ca_file has no effect over redis://"]),
        ("{url: 'rediss://h', ca_file: /nowhere}", ["/nowhere cannot be read: No such file or directory"]),
        ("{url: 'redis://h', vhost: x}", ["Redis has no vhost; the URL's path is its database"]),
        ("{url: 'redis://h', password_env: NOT_SET_HERE}", ['the variable "NOT_SET_HERE" is not set']),
        (
            "{url: 'redis://h', password_env: HOME, password_file: /etc/hostname}",
            ["password_file and password_env are given; one of them is enough"],
        ),
        ("{url: 'redis://h', timeout: 0s}", ["a timeout of 0s lets no server answer"]),
        ("{url: 'redis://h', timeout: 20s}", ["20s is more than collection.timeout (10s)"]),
        ("{url: 'redis://Grading/3', sentinel: {addresses: ['s1:26379', '[::1]:26379']}}", []),
        (
            "{url: 'redis://grading:6379', sentinel: {addresses: ['s1:26379']}}",
            ['with sentinel the URL names what they watch, without a port: "redis://mymaster/0"'],
        ),
        (
            "{url: 'http://m:15672', sentinel: {addresses: ['s1:26379']}}",
            ["Sentinels watch a Redis: redis://NAME/0 or rediss://NAME/0, not http://"],
        ),
        ("{url: 'redis://h', sentinel: {addresses: [':26379']}}", ['":26379" names no host']),
        (
            "{url: 'redis://h', sentinel: {addresses: ['s1:26379'], password_env: NOT_SET_HERE}}",
            ['the variable "NOT_SET_HERE" is not set'],
        ),
        ("{url: 'redis://h:x'}", ["a port is a number up to 65535"]),
        ("{url: 'http://[::1/'}", ["this is no URL"]),
        ("{url: 'http://the host/'}", ["a URL has no blanks"]),
        ("{url: 'redis://u:hu/sh@h'}", ["a port is a number up to 65535"]),
        (
            "{url: 'redis://:hush@:6379/0'}",
            [
                "no password in a URL: write it to a file and name that in password_file",
                "the URL names no host",
            ],
        ),
    ],
)
def test_a_broker(tmp_path: Path, broker: str, says: list[str]) -> None:
    found = faults(tmp_path, f"brokers:\n  b: {broker}\n")
    assert [fault.split(": ", 1)[1] for fault in found] == says
    assert not [fault for fault in found if "hush" in fault]
    assert all(fault.startswith("2:") for fault in found)


@pytest.mark.parametrize(
    ("queue", "says"),
    [
        ("{queue: jobs, broker: r, kind: list, capacity: 5, failed: dead}", []),
        ("{queue: jobs, broker: m}", []),
        ("{queue: jobs, broker: m, kind: celery}", []),
        ("{queue: jobs, database: book, sql: SELECT 1 AS depth, states: [waiting, running]}", []),
        ("{broker: r, kind: rq, match: 'grading-*'}", []),
        (
            "{queue: jobs, kind: list}",
            ["4:1: a queue is read from a broker or from a database: name one of them"],
        ),
        (
            "{queue: jobs, broker: r, database: book, kind: list}",
            ["4:1: a queue is read from a broker or from a database: name one of them"],
        ),
        (
            "{queue: jobs, broker: rr, kind: list}",
            ['4:23: unknown broker "rr"; did you mean "r"? (allowed: m, r)'],
        ),
        (
            "{queue: jobs, database: books, sql: SELECT 1}",
            ['4:25: unknown database "books"; did you mean "book"? (allowed: book)'],
        ),
        (
            "{broker: r, kind: list}",
            ["4:1: name a queue, or give a pattern for its name in match: one of the two"],
        ),
        (
            "{queue: jobs, broker: r, kind: list, match: 'j*'}",
            ["4:1: name a queue, or give a pattern for its name in match: one of the two"],
        ),
        (
            "{broker: r, kind: list, match: 'j*', key: x}",
            ["4:43: match finds the keys; key is for one queue"],
        ),
        (
            "{broker: m, match: 'j*', failed: x}",
            ["4:34: match may find many queues; failed names the dead letters of one"],
        ),
        (
            "{queue: jobs, broker: r}",
            [
                '4:1: required key "kind" is missing; allowed: list, sorted_set, stream, celery,'
                " celery_unacked, rq, bullmq, resque, tango"
            ],
        ),
        (
            "{queue: jobs, broker: r, kind: rabbitmq}",
            [
                "4:32: a Redis has no rabbitmq queue; allowed: list, sorted_set, stream, celery,"
                " celery_unacked, rq, bullmq, resque, tango"
            ],
        ),
        (
            "{queue: jobs, broker: m, kind: rq}",
            ["4:32: RabbitMQ has no rq queue; allowed: rabbitmq, celery"],
        ),
        (
            "{queue: jobs, broker: r, kind: rq, group: g}",
            [
                '4:43: "group" has no effect on a queue of kind rq; allowed: broker, capacity, key, kind,'
                " match, prefix, queue"
            ],
        ),
        (
            "{queue: jobs, broker: m, prefix: x}",
            [
                '4:34: "prefix" has no effect on a queue of kind rabbitmq; allowed: broker, capacity,'
                " failed, key, kind, match, queue"
            ],
        ),
        (
            "{queue: jobs, broker: r, kind: list, oldest: tail}",
            ["4:46: oldest says where the oldest job stands; enqueued_at must say where its time is"],
        ),
        (
            "{queue: jobs, database: book}",
            ["4:1: a queue in a database needs sql: a SELECT that gives state, depth, oldest_age_seconds"],
        ),
        (
            "{queue: jobs, database: book, sql: SELECT 1, states: [waiting, waiting]}",
            ["4:46: a state is written twice"],
        ),
        ("{queue: jobs, broker: r, kind: lists}", ['4:32: unknown value "lists"']),
        (
            "{queue: jobs, broker: r, kind: list, state: done}",
            ['4:45: unknown value "done"; allowed: running, waiting'],
        ),
    ],
)
def test_a_queue(tmp_path: Path, queue: str, says: list[str]) -> None:
    found = faults(tmp_path, f"{BROKERS}{BOOK}queues: [\n{queue}]\n")
    assert len(found) == len(says), found
    for fault, begins in zip(found, says, strict=True):
        assert fault.startswith(begins)


@pytest.mark.parametrize(
    ("queues", "says"),
    [
        (["{queue: a, broker: r, kind: list}", "{queue: a, broker: r, kind: list, state: running}"], ""),
        (
            ["{queue: a, broker: r, kind: list}", "{queue: a, broker: r, kind: rq}"],
            'queue "a", state waiting: line 3 gives it already; one source each',
        ),
        (
            [
                "{queue: a, broker: r, kind: list, capacity: 2}",
                "{queue: a, broker: r, kind: list, state: running, capacity: 3}",
            ],
            'queue "a", its capacity: line 3 gives it already; one source each',
        ),
        (
            ["{queue: a, broker: r, kind: list}", "{queue: a, broker: m}"],
            'queue "a" is read from r already; one server each',
        ),
        (
            ["{queue: a, broker: r, kind: resque}", "{queue: b, broker: r, kind: resque, workers: false}"],
            "for all of its queues, and line 3 gives it already; write totals: false here",
        ),
        (
            ["{queue: a, broker: r, kind: resque}", "{queue: b, broker: r, kind: resque, totals: false}"],
            "line 3 gives the workers already; write workers: false here",
        ),
        (["{queue: a, broker: r, kind: celery}", "{queue: a, broker: r, kind: celery_unacked}"], ""),
    ],
)
def test_each_figure_has_one_source(tmp_path: Path, queues: list[str], says: str) -> None:
    found = faults(tmp_path, BROKERS + "queues:\n" + "".join(f"- {queue}\n" for queue in queues))
    if says:
        assert [fault for fault in found if fault.endswith(says)], found
        assert all(fault.startswith("4:") for fault in found)
    else:
        assert not found


def test_what_the_profile_gives_is_not_given_again(tmp_path: Path) -> None:
    text = "databases: {d: {url: 'sqlite:///srv/a.db'}}\ngraders: [{profile: demo, database: d}]\n" + BROKERS
    found = faults(
        tmp_path,
        text + "queues:\n- {queue: grading, broker: r, kind: list}\n- {queue: q, broker: r, kind: resque}\n",
    )
    assert found == [
        '5:11: queue "grading", state waiting: the profile demo gives it already; one source each',
        "6:3: the profile demo gives the workers already; write workers: false here",
    ]


def test_more_queues_than_label_values_are_refused(tmp_path: Path) -> None:
    queues = "".join(f"- {{queue: q{n}, broker: r, kind: list}}\n" for n in range(51))
    (found,) = faults(tmp_path, f"{BROKERS}queues:\n{queues}")
    assert found.endswith("51 queues are more than collection.max_label_values (50); raise that")
    assert not faults(tmp_path, f"{BROKERS}queues:\n{queues}collection: {{max_label_values: 51}}")


def test_every_kind_has_its_options() -> None:
    assert set(OPTIONS) == {*Kind.__args__, "sql"}
