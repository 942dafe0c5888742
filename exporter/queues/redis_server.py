"""A Redis, through redis-py: one kept connection, one pipeline a round, no retries, all by a deadline."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from operator import methodcaller
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError, AuthorizationError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry

from exporter.collector import CollectError, Deadline
from exporter.config.brokers import Broker
from exporter.config.queues import Queue
from exporter.config.secrets import password
from exporter.queues.layouts import READERS, Search, is_priority_list, key_of, search_for
from exporter.queues.reading import Answer, Reading
from exporter.queues.rounds import Command, plain, play

_SCAN_COUNT = 1000
_SCAN_SHARE = 0.5
"""Of the time that is left a search may take this much: the queues that are found have to be read as well."""
_MARGIN = 0.9
"""Of the time that is left a server gets this much, so that its silence is still told in time."""

_Found = tuple[Queue, str, str]
"""A queue as configured, the key that its reader is given, and its label."""


class _Credentials(CredentialProvider):
    """User and password, read again at each connect."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        secret = password(self._broker) or ""
        return (self._broker.user, secret) if self._broker.user is not None else (secret,)


class RedisServer:
    """Reads the configured queues of one Redis; for one thread at a time. Nothing is opened before `ask`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._client: redis.Redis | None = None
        self._seconds = 0.0
        self._now = 0.0

    def ask(self, queues: Sequence[Queue], deadline: Deadline) -> tuple[list[Answer], bool | None]:
        """An answer for each queue, and whether a search was cut short (None: none was asked for).

        Raises CollectError when the server does not answer: "connect", "auth", "timeout" or "query".
        """
        self._now = 0.0
        self._prepare(deadline)
        try:
            found, cut = self._found(queues, deadline)
            readers = [READERS[queue.kind or ""](queue, key, lambda: self._now) for queue, key, _ in found]
            results = play(readers, lambda commands: self._timed(commands, deadline))
            if not readers:
                self._timed((), deadline)
        except (RedisError, OSError, KeyError) as error:
            self.close()
            raise _unreachable(error) from None
        answers = [
            Answer(label, result, None, queue.capacity)
            if isinstance(result, Reading)
            else Answer(label, None, result, queue.capacity)
            for (queue, _, label), result in zip(found, results, strict=True)
        ]
        return answers, cut

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.connection_pool.disconnect()
            self._client = None

    def _found(self, queues: Sequence[Queue], deadline: Deadline) -> tuple[list[_Found], bool | None]:
        """Queues with their keys and labels; those of a pattern after the ones with a name."""
        named = [(queue, key_of(queue), queue.queue) for queue in queues if queue.queue is not None]
        taken = {label for _, _, label in named}
        cut: bool | None = None
        for queue in queues:
            if queue.match is not None:
                names, ended = self._search(search_for(queue), queue, deadline)
                cut = bool(cut) or not ended
                fresh = sorted(names - taken)
                taken |= names
                named += [(queue, key_of(replace(queue, key=name)), name) for name in fresh]
        return named, cut

    def _search(self, search: Search, queue: Queue, deadline: Deadline) -> tuple[set[str], bool]:
        """Names that fit the pattern, and whether the whole of them was seen."""
        limit, until = self._broker.scan_limit, time.monotonic() + _SCAN_SHARE * deadline.remaining()
        names: set[str] = set()
        seen, cursor, ended = 0, 0, False
        while not ended and seen < limit and time.monotonic() < until:
            command = self._page_of(search, queue, cursor)
            (page,) = self._execute([command], deadline)
            cursor, keys = plain(page, search.registry or "SCAN")
            ended, seen = int(cursor) == 0, seen + (_SCAN_COUNT if search.registry is None else len(keys))
            for key in keys:
                name = key.decode("utf-8", "replace")
                if name.startswith(search.before) and name.endswith(search.after):
                    name = name[len(search.before) : len(name) - len(search.after)]
                    if fnmatchcase(name, queue.match or "") and not is_priority_list(queue, name):
                        names.add(name)
        return names, ended

    def _page_of(self, search: Search, queue: Queue, cursor: int) -> Command:
        if search.registry is not None:
            return methodcaller("sscan", search.registry, cursor=cursor, count=_SCAN_COUNT)
        match = f"{_literal(search.before)}{queue.match}{_literal(search.after)}"
        kind = search.key_type
        return methodcaller("scan", cursor=cursor, match=match, count=_SCAN_COUNT, _type=kind)

    def _timed(self, commands: Sequence[Command], deadline: Deadline) -> Sequence[Any]:
        """A round; the first of a collection also asks what time it is there."""
        if self._now:
            return self._execute(commands, deadline)
        clock, *answers = self._execute([methodcaller("time"), *commands], deadline)
        seconds, micros = plain(clock, "TIME")
        self._now = seconds + micros / 1e6
        return answers

    def _execute(self, commands: Sequence[Command], deadline: Deadline) -> Sequence[Any]:
        deadline.check()
        assert self._client is not None
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            command(pipeline)
        answers: Sequence[Any] = pipeline.execute(raise_on_error=False)
        return answers

    def _prepare(self, deadline: Deadline) -> None:
        """A client whose timeouts fit the deadline: the kept one, unless scrapes have become shorter."""
        allowed = min(self._broker.timeout.seconds, _MARGIN * deadline.remaining())
        if self._client is not None and self._seconds <= allowed < 2 * self._seconds:
            return
        self.close()
        # A little less than allowed: the next scrape, whose deadline differs by a hair, keeps the connection.
        self._seconds = allowed * _MARGIN
        pool = redis.ConnectionPool.from_url(self._broker.url, **_options(self._broker, self._seconds))
        self._client = redis.Redis(connection_pool=pool)


def _unreachable(error: Exception) -> CollectError:
    """What is wrong, without the address, which may tell more than the reader of a page should know."""
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


def _options(broker: Broker, seconds: float) -> dict[str, Any]:
    options: dict[str, Any] = {
        "credential_provider": _Credentials(broker) if _has_credentials(broker) else None,
        "max_connections": 1,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_timeout": False,
        "protocol": 2,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
    }
    if broker.scheme == "rediss":
        options |= {"ssl_ca_certs": broker.ca_file, "ssl_check_hostname": True, "ssl_cert_reqs": "required"}
    return options


def _has_credentials(broker: Broker) -> bool:
    return any((broker.user, broker.password_file, broker.password_env))


def _literal(text: str) -> str:
    """Text as a glob pattern that means only itself."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)
