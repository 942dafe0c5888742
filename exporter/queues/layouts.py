"""Which reader knows a kind of queue, and how queues of that kind are found by a pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.config.queues import PREFIXES, Queue
from exporter.queues.bullmq import read_bullmq
from exporter.queues.celery import SEPARATOR, read_celery, read_unacked
from exporter.queues.plain_keys import read_list, read_sorted_set, read_stream
from exporter.queues.resque import read_resque
from exporter.queues.rounds import Question
from exporter.queues.rq import read_rq
from exporter.queues.tango import read_tango

Read = Callable[[Queue, str], Question]
"""From a queue as configured, and its key."""


@dataclass(frozen=True, slots=True)
class Search:
    """Where names are found: in a set that the library keeps, else among all keys of a type.

    A found key has `before` and `after` around the queue's name.
    """

    before: str
    after: str = ""
    registry: str | None = None
    key_type: str | None = None


READERS: Mapping[str, Read] = MappingProxyType(
    {
        "list": read_list,
        "sorted_set": read_sorted_set,
        "stream": read_stream,
        "celery": read_celery,
        "celery_unacked": read_unacked,
        "rq": read_rq,
        "bullmq": read_bullmq,
        "resque": read_resque,
        "tango": read_tango,
    }
)
_TYPES = {"list": "list", "sorted_set": "zset", "stream": "stream", "celery": "list"}
_NAMED_BY_READER = ("rq", "bullmq", "resque", "tango")
"""Readers that put the prefix before the parts of their names themselves."""
_UNACKED = "unacked"


def key_of(queue: Queue) -> str:
    """What the reader of a queue is given: a whole key, or the library's name of the queue."""
    assert queue.kind is not None
    name = queue.key or (_UNACKED if queue.kind == "celery_unacked" else queue.queue) or ""
    return name if queue.kind in _NAMED_BY_READER else (queue.prefix or "") + name


def search_for(queue: Queue) -> Search:
    """How the queues are found that `match` means."""
    kind = queue.kind or ""
    prefix = PREFIXES.get(kind, "") if queue.prefix is None else queue.prefix
    if kind == "rq":
        return Search(before=f"{prefix}queue:", registry=f"{prefix}queues")
    if kind == "resque":
        return Search(before="", registry=f"{prefix}queues")
    if kind == "bullmq":
        return Search(before=prefix, after=":meta", key_type="hash")
    return Search(before=prefix, key_type=_TYPES[kind])


def is_priority_list(queue: Queue, name: str) -> bool:
    """Whether a found list is only a part of a Celery queue."""
    return queue.kind == "celery" and SEPARATOR in name
