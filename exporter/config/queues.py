"""`queues:` what waits in a broker, or in a table that a statement of yours counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from msgspec import Meta

from exporter.catalogue import QUEUE_STATES
from exporter.config.brokers import Broker
from exporter.config.names import Name
from exporter.config.statements import statement_faults
from typedyaml.faults import Fault, Faults, unknown
from typedyaml.load import Document

Kind = Literal[
    "list",
    "sorted_set",
    "stream",
    "celery",
    "celery_unacked",
    "rq",
    "bullmq",
    "resque",
    "tango",
    "rabbitmq",
]
State = Literal["waiting", "running"]
Text = Annotated[str, Meta(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Queue:
    """One source of a queue's figures.

    `queue` is the label; `key` the broker's own name where that differs. `match` finds queues by a pattern
    instead, each labelled by its own name. The other options belong to kinds: see OPTIONS.
    """

    queue: Text | None = None
    broker: Name | None = None
    database: Name | None = None
    kind: Kind | None = None
    key: Text | None = None
    match: Text | None = None
    prefix: str | None = None
    state: State = "waiting"
    states: tuple[State, ...] = ("waiting",)
    group: Text | None = None
    oldest: Literal["head", "tail"] | None = None
    enqueued_at: Text | None = None
    score: Literal["seconds", "milliseconds"] | None = None
    priority_steps: tuple[int, ...] = (0, 3, 6, 9)
    failed: Text | None = None
    totals: bool = True
    workers: bool = True
    capacity: Annotated[int, Meta(ge=1)] | None = None
    sql: str | None = None


_ALWAYS = {"queue", "broker", "capacity"}
_BROKER = _ALWAYS | {"kind", "key", "match"}
OPTIONS: dict[str, set[str]] = {
    "list": _BROKER | {"prefix", "state", "oldest", "enqueued_at", "failed"},
    "sorted_set": _BROKER | {"prefix", "state", "score", "failed"},
    "stream": _BROKER | {"prefix", "group"},
    "celery": _BROKER | {"prefix", "priority_steps", "enqueued_at"},
    "celery_unacked": _ALWAYS | {"kind", "key", "prefix"},
    "rq": _BROKER | {"prefix"},
    "bullmq": _BROKER | {"prefix"},
    "resque": _BROKER | {"prefix", "enqueued_at", "totals", "workers"},
    "tango": _ALWAYS | {"kind", "prefix"},
    "rabbitmq": _BROKER | {"failed"},
    "sql": {"queue", "database", "sql", "states", "capacity"},
}
"""Keys that each kind understands; `sql` is the kind of those with a database."""

REDIS_KINDS = tuple(kind for kind in OPTIONS if kind not in ("rabbitmq", "sql"))
RABBITMQ_KINDS = ("rabbitmq", "celery")
PREFIXES = {"rq": "rq:", "bullmq": "bull:", "resque": "resque:"}
"""What each library puts before its keys; the others put nothing."""

_WHOLE = {
    "celery": {"waiting"},
    "celery_unacked": {"running"},
    "rq": {"waiting", "running", "consumers", "failed"},
    "bullmq": {"waiting", "running", "failed", "totals"},
    "resque": {"waiting", "running", "consumers"},
    "tango": {"waiting", "running"},
    "rabbitmq": {"waiting", "running", "consumers", "totals"},
}
_FACTS = {
    "consumers": "its consumers",
    "failed": "its failed jobs",
    "totals": "its totals",
    "capacity": "its capacity",
}


def kind_of(queue: Queue, broker: Broker | None) -> str:
    """The kind as OPTIONS has it: a Celery queue in RabbitMQ is an ordinary queue of RabbitMQ."""
    if queue.broker is None:
        return "sql"
    return "rabbitmq" if broker is not None and not broker.is_redis else (queue.kind or "list")


def facts_of(queue: Queue, kind: str) -> set[str]:
    """What a source gives: states, and the facts that a queue has once."""
    if kind == "sql":
        given: set[str] = set(queue.states)
    elif kind in ("list", "sorted_set"):
        given = {queue.state}
    elif kind == "stream":
        given = {"waiting", "running", "consumers"} if queue.group else {"waiting"}
    else:
        given = set(_WHOLE[kind])
    given |= {"failed"} if queue.failed else set()
    given |= {"failed", "totals"} if kind == "resque" and queue.totals else set()
    return given | ({"capacity"} if queue.capacity else set())


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section."""
    config, given, workers = document.value, _given_by_profiles(document.value), _workers_of(document.value)
    sources: dict[str, str] = {}
    labels = {queue.queue for queue in config.queues if queue.queue is not None}
    if len(labels) > (most := config.collection.max_label_values):
        message = f"{len(labels)} queues are more than collection.max_label_values ({most}); raise that"
        yield document.fault(("queues",), message)
    for index, queue in enumerate(config.queues):
        place = ("queues", index)
        broker = config.brokers.get(queue.broker) if queue.broker is not None else None
        kind = kind_of(queue, broker)
        yield from _source_faults(document, place, queue)
        if queue.broker is None and queue.database is None:
            continue
        yield from _kind_faults(document, place, queue, kind, broker)
        yield from _option_faults(document, place, queue, kind)
        for fact in sorted(facts_of(queue, kind)) if queue.queue is not None else ():
            key = queue.queue, fact
            if key in given:
                message = f'queue "{queue.queue}", {_FACTS.get(fact, f"state {fact}")}: {given[key]} gives it'
                yield document.fault((*place, "queue"), f"{message} already; one source each")
            given.setdefault(key, f"line {document.position(*place)[0]}")
        source = queue.broker or queue.database or ""
        if queue.queue is not None and sources.setdefault(queue.queue, source) != source:
            message = f'queue "{queue.queue}" is read from {sources[queue.queue]} already; one server each'
            yield document.fault((*place, "queue"), message)
        if kind == "resque" and queue.workers:
            if workers:
                message = f"{workers} gives the workers already; write workers: false here"
                yield document.fault((*place, "workers"), message)
            workers = workers or f"line {document.position(*place)[0]}"
    yield from _resque_totals(document)


def _source_faults(document: Document[Any], place: tuple[str, int], queue: Queue) -> Iterator[Fault]:
    config = document.value
    if (queue.broker is None) == (queue.database is None):
        yield document.fault(place, "a queue is read from a broker or from a database: name one of them")
    for what, name, known in (
        ("broker", queue.broker, config.brokers),
        ("database", queue.database, config.databases),
    ):
        if name is not None and name not in known and (f"{what}s", name) not in document.positions:
            yield document.fault((*place, what), unknown(what, name, known))
    if (queue.queue is None) == (queue.match is None):
        yield document.fault(place, "name a queue, or give a pattern for its name in match: one of the two")
    if queue.match is not None and queue.key is not None:
        yield document.fault((*place, "key"), "match finds the keys; key is for one queue")
    if queue.match is not None and queue.failed is not None:
        message = "match may find many queues; failed names the dead letters of one"
        yield document.fault((*place, "failed"), message)
    if queue.broker is None and queue.database is not None and not (queue.sql or "").strip():
        message = "a queue in a database needs sql: a SELECT that gives state, depth, oldest_age_seconds"
        yield document.fault(place, message)
    elif queue.broker is None and queue.sql is not None:
        yield from statement_faults(document, (*place, "sql"), queue.sql)


def _kind_faults(
    document: Document[Any], place: tuple[str, int], queue: Queue, kind: str, broker: Broker | None
) -> Iterator[Fault]:
    if broker is None:
        return
    if broker.is_redis:
        if queue.kind is None and (*place, "kind") not in document.positions:
            yield document.fault(place, f'required key "kind" is missing; allowed: {", ".join(REDIS_KINDS)}')
        elif queue.kind is not None and queue.kind not in REDIS_KINDS:
            yield document.fault(
                (*place, "kind"), f"a Redis has no {kind} queue; allowed: {', '.join(REDIS_KINDS)}"
            )
    elif queue.kind is not None and queue.kind not in RABBITMQ_KINDS:
        allowed = ", ".join(RABBITMQ_KINDS)
        yield document.fault((*place, "kind"), f"RabbitMQ has no {queue.kind} queue; allowed: {allowed}")


def _option_faults(
    document: Document[Any], place: tuple[str, int], queue: Queue, kind: str
) -> Iterator[Fault]:
    for field in fields(queue):
        key = field.name
        if (
            key not in OPTIONS[kind]
            and getattr(queue, key) != field.default
            and key not in ("broker", "database")
        ):
            allowed = ", ".join(sorted(OPTIONS[kind]))
            yield document.fault(
                (*place, key), f'"{key}" has no effect on a queue of kind {kind}; allowed: {allowed}'
            )
    if queue.oldest is not None and queue.enqueued_at is None:
        message = "oldest says where the oldest job stands; enqueued_at must say where its time is"
        yield document.fault((*place, "oldest"), message)
    if kind == "sql" and len(set(queue.states)) != len(queue.states):
        yield document.fault((*place, "states"), "a state is written twice")


def _resque_totals(document: Document[Any]) -> Iterator[Fault]:
    """Resque counts failed and processed jobs for all of its queues together."""
    seen: dict[tuple[str | None, str | None], int] = {}
    for index, queue in enumerate(document.value.queues):
        if queue.kind != "resque" or not queue.totals:
            continue
        where = queue.broker, queue.prefix
        if queue.match is not None:
            message = "Resque keeps one total for all of its queues: with match write totals: false"
            yield document.fault(("queues", index), message)
        elif where in seen:
            message = (
                f"Resque keeps one total for all of its queues, and line {seen[where]} gives it already;"
            )
            yield document.fault(("queues", index), f"{message} write totals: false here")
        seen.setdefault(where, document.position("queues", index)[0])


def _given_by_profiles(config: Any) -> dict[tuple[str, str], str]:
    """States of the queue `grading` that the profile reads, with the words for whom they are from."""
    given: dict[tuple[str, str], str] = {}
    for name, profile in _profiles(config):
        for state in profile.queries["backlog"].states if "backlog" in profile.queries else ():
            if state in QUEUE_STATES:
                given["grading", state] = f"the profile {name}"
    return given


def _workers_of(config: Any) -> str:
    return next((f"the profile {n}" for n, profile in _profiles(config) if "workers" in profile.queries), "")


def _profiles(config: Any) -> Iterator[tuple[str, Any]]:
    """The profiles that can be read; a fault in one is told by the section of the graders."""
    if not config.queues:
        return
    from exporter.profiles.profile import load_profile

    for grader in config.graders:
        try:
            yield grader.profile, load_profile(grader.profile).value
        except Faults:
            continue
