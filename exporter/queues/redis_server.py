"""A Redis, through redis-py: one kept connection, one round trip a round, no retries, all by a deadline."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import count
from typing import Any

import redis
from redis.exceptions import AuthenticationError, AuthorizationError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout
from redis.sentinel import MasterNotFoundError

from exporter.collector import CollectError, Deadline
from exporter.config.brokers import Broker
from exporter.config.queues import Queue
from exporter.queues.layouts import READERS, Search, is_priority_list, key_of, search_for
from exporter.queues.reading import Answer, Reading
from exporter.queues.redis_pool import close_pool, open_pool
from exporter.queues.replies import read_replies
from exporter.queues.rounds import Command, Question, plain, play

_SCAN_COUNT = 1000
_SCAN_SHARE = 0.5
"""Of the time that is left a search may take this much: the queues that are found have to be read as well."""
_MARGIN = 0.9
"""Of the time that is left a server gets this much, so that its silence is still told in time."""

_Asked = tuple[Queue, str, Question]
"""A queue as configured, its label, and what it is asked."""


class RedisServer:
    """Reads the configured queues of one Redis; for one thread at a time. Nothing is opened before `ask`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._pool: redis.ConnectionPool | None = None
        self._seconds = 0.0
        self._named: tuple[list[Queue], list[_Asked]] = ([], [])
        self._packed: dict[int, tuple[Sequence[Command], list[bytes]]] = {}

    def ask(self, queues: Sequence[Queue], deadline: Deadline) -> tuple[list[Answer], bool | None]:
        """An answer for each queue, and whether a search was cut short (None: none was asked for).

        Raises CollectError when the server does not answer: "connect", "auth", "timeout" or "query".
        """
        self._prepare(deadline)
        rounds = count()
        try:
            asked, cut = self._asked(queues, deadline)
            results = play(
                [question for _, _, question in asked],
                lambda commands: self._execute(commands, deadline, next(rounds)),
            )
        except (RedisError, OSError, KeyError) as error:
            self.close()
            raise _unreachable(error) from None
        answers = [
            Answer(label, result, None, queue.capacity)
            if isinstance(result, Reading)
            else Answer(label, None, result, queue.capacity)
            for (queue, label, _), result in zip(asked, results, strict=True)
        ]
        return answers, cut

    def close(self) -> None:
        """Close the connection."""
        if self._pool is not None:
            close_pool(self._pool)
            self._pool = None

    def _asked(self, queues: Sequence[Queue], deadline: Deadline) -> tuple[list[_Asked], bool | None]:
        """The queues that have a name, then those that are found by a pattern."""
        if self._named[0] != list(queues):
            named = [_to_ask(queue, queue.queue) for queue in queues if queue.queue is not None]
            self._named = (list(queues), named)
        asked = list(self._named[1])
        taken = {label for _, label, _ in asked}
        cut: bool | None = None
        for queue in queues:
            if queue.match is not None:
                names, ended = self._search(search_for(queue), queue, deadline)
                cut = bool(cut) or not ended
                found = {_label_of(name): name for name in names}
                fresh = sorted(found.keys() - taken)
                taken |= found.keys()
                asked += [_to_ask(replace(queue, key=found[label]), label) for label in fresh]
        return asked, cut

    def _search(self, search: Search, queue: Queue, deadline: Deadline) -> tuple[set[str], bool]:
        """Names that fit the pattern, and whether the whole of them was seen.

        Bytes that are no UTF-8 stay in a name as surrogates: it is a part of keys that are asked for.
        """
        limit, until = self._broker.scan_limit, time.monotonic() + _SCAN_SHARE * deadline.remaining()
        names: set[str] = set()
        seen, cursor, ended = 0, 0, False
        while not ended and seen < limit and time.monotonic() < until:
            command = self._page_of(search, queue, cursor)
            (page,) = self._execute([command], deadline)
            cursor, keys = plain(page, search.registry or "SCAN")
            ended, seen = int(cursor) == 0, seen + (_SCAN_COUNT if search.registry is None else len(keys))
            for key in keys:
                name = key.decode("utf-8", "surrogateescape")
                if name.startswith(search.before) and name.endswith(search.after):
                    name = name[len(search.before) : len(name) - len(search.after)]
                    if fnmatchcase(name, queue.match or "") and not is_priority_list(queue, name):
                        names.add(name)
        return names, ended

    def _page_of(self, search: Search, queue: Queue, cursor: int) -> Command:
        if search.registry is not None:
            return ("SSCAN", search.registry, cursor, "COUNT", _SCAN_COUNT)
        match = f"{_literal(search.before)}{queue.match}{_literal(search.after)}"
        kind = ("TYPE", search.key_type) if search.key_type is not None else ()
        return ("SCAN", cursor, "MATCH", match, "COUNT", _SCAN_COUNT, *kind)

    def _execute(
        self, commands: Sequence[Command], deadline: Deadline, number: int | None = None
    ) -> Sequence[Any]:
        """A round trip. What has a number is likely to be asked again, as it is, in the next collection."""
        deadline.check()
        assert self._pool is not None
        connection: Any = self._pool.get_connection()
        try:
            connection.send_packed_command(self._pack(commands, connection, number))
            return read_replies(connection, len(commands))
        finally:
            self._pool.release(connection)

    def _pack(self, commands: Sequence[Command], connection: Any, number: int | None) -> list[bytes]:
        known = self._packed.get(number) if number is not None else None
        if known is not None and known[0] == commands:
            return known[1]
        packed: list[bytes] = connection.pack_commands(commands)
        if number is not None:
            self._packed[number] = (commands, packed)
        return packed

    def _prepare(self, deadline: Deadline) -> None:
        """A pool whose timeouts fit the deadline: the kept one, unless scrapes have become shorter."""
        allowed = min(self._broker.timeout.seconds, _MARGIN * deadline.remaining())
        if self._pool is not None and self._seconds <= allowed < 2 * self._seconds:
            return
        self.close()
        # A little less than allowed: the next scrape, whose deadline differs by a hair, keeps the connection.
        self._seconds = allowed * _MARGIN
        self._pool = open_pool(self._broker, self._seconds)


def _to_ask(queue: Queue, label: str) -> _Asked:
    return queue, label, READERS[queue.kind or ""](queue, key_of(queue))


def _label_of(name: str) -> str:
    """A name as text; bytes that are none are spelt out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _unreachable(error: Exception) -> CollectError:
    """What is wrong, without the address, which may tell more than the reader of a page should know."""
    if isinstance(error, MasterNotFoundError):
        if "AuthenticationError" in str(error):  # the one place where redis-py keeps what each of them said
            return CollectError("auth", "the Sentinels refuse the user or the password")
        return CollectError("connect", "no Sentinel answers that knows a master of this name that is up")
    if isinstance(error, AuthenticationError | AuthorizationError):
        return CollectError("auth", "the server refuses the user or the password")
    if isinstance(error, RedisTimeout | TimeoutError):
        return CollectError("timeout", "the server does not answer in time")
    if isinstance(error, ResponseError):
        return CollectError("query", f"the server answers {str(error).partition(' ')[0]}")
    if isinstance(error, KeyError) or (isinstance(error, OSError) and error.filename):
        return CollectError("auth", "the password cannot be read")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return CollectError("connect", "the server's certificate is not one that ca_file vouches for")
    return CollectError("connect", "the server cannot be reached")


def _literal(text: str) -> str:
    """Text as a glob pattern that means only itself."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)
