"""RabbitMQ, by its management plugin: the wanted queues in few requests, with the wanted columns alone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase, translate
from typing import Any
from urllib.parse import quote, urlencode

from exporter.collector import CollectError, Deadline
from exporter.config.brokers import Broker
from exporter.config.queues import Queue
from exporter.config.secrets import password
from exporter.fetching import Request, fetch, new_session
from exporter.queues.reading import Answer, Reading
from exporter.queues.times import age

COLUMNS = (
    "name",
    "messages_ready",
    "messages_unacknowledged",
    "consumers",
    "head_message_timestamp",
    "message_stats.ack",
    "message_stats.deliver_no_ack",
    "message_stats.get_no_ack",
)
_PAGE = 100
_LONGEST = 6000
"""Bytes of names in the address of one request: RabbitMQ takes one of 8,000, as many proxies do."""
_MOST = 8 << 20

Record = Mapping[str, Any]


class RabbitMQServer:
    """Reads the configured queues of one vhost; for one thread at a time. Nothing is opened before `ask`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._session = new_session()

    def ask(self, queues: Sequence[Queue], deadline: Deadline) -> tuple[list[Answer], bool | None]:
        """An answer for each queue, and whether a search was cut short (None: none was asked for).

        Raises CollectError when the server does not answer: "connect", "auth", "timeout", "query" or "data".
        """
        named = [(queue, queue.key or queue.queue) for queue in queues if queue.queue is not None]
        wanted = sorted({name for queue, key in named for name in (key, queue.failed) if name})
        records = {record["name"]: record for record in self._by_name(wanted, deadline)}
        answers = [_answer(queue, queue.queue or "", records.get(key or ""), records) for queue, key in named]
        cut: bool | None = None
        taken = {queue.queue for queue, _ in named}
        for queue in queues:
            if queue.match is not None:
                found, ended = self._matching(queue.match, deadline)
                cut = bool(cut) or not ended
                for record in found:
                    if record["name"] not in taken:
                        taken.add(record["name"])
                        answers.append(_answer(queue, record["name"], record, records))
        if not answers and cut is None:
            self._get("/api/overview", {"columns": "rabbitmq_version"}, deadline)
        return answers, cut

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _by_name(self, names: Sequence[str], deadline: Deadline) -> Iterator[Record]:
        for exact in _alternatives(names):
            yield from self._page(1, f"^({exact})$", deadline)[0]

    def _matching(self, pattern: str, deadline: Deadline) -> tuple[list[Record], bool]:
        """Queues that fit the pattern, page by page, and whether all were seen."""
        # PCRE, which RabbitMQ uses, reads what Python makes of the pattern.
        expression = f"^{translate(pattern)}"
        found: list[Record] = []
        page, pages = 1, 1
        until = time.monotonic() + deadline.remaining() / 2
        while page <= pages:
            if len(found) >= self._broker.scan_limit or (page > 1 and time.monotonic() > until):
                return found[: self._broker.scan_limit], False
            records, pages = self._page(page, expression, deadline)
            found += [record for record in records if fnmatchcase(record["name"], pattern)]
            page += 1
        return found, True

    def _page(self, page: int, expression: str, deadline: Deadline) -> tuple[list[Record], int]:
        """Records of one page, and how many pages there are."""
        answer = self._get(
            f"/api/queues/{quote(self._broker.vhost, safe='')}",
            {
                "page": page,
                "page_size": _PAGE,
                "name": expression,
                "use_regex": "true",
                "columns": ",".join(COLUMNS),
            },
            deadline,
        )
        try:
            return [record for record in answer["items"] if isinstance(record["name"], str)], int(
                answer["page_count"]
            )
        except (KeyError, TypeError, ValueError):
            raise CollectError("data", "the server answers in an unexpected form") from None

    def _get(self, path: str, query: Mapping[str, object], deadline: Deadline) -> Any:
        url = f"{self._broker.url.rstrip('/')}{path}?{urlencode(query)}"
        login = self._login()
        answered = fetch(
            self._session,
            Request(
                url,
                login=login,
                ca_file=self._broker.ca_file,
                timeout=self._broker.timeout.seconds,
                most=_MOST,
            ),
            deadline,
        )
        if answered.status in (401, 403):
            raise CollectError("auth", "the server refuses the user or the password")
        if answered.status == 404:
            raise CollectError(
                "query", f"the server has no vhost {self._broker.vhost}, or no management plugin"
            )
        if answered.status != 200:
            raise CollectError("query", f"the server answers with status {answered.status}")
        if not answered.whole:
            raise CollectError("limit", f"the answer is longer than {_MOST} bytes")
        try:
            return json.loads(answered.body)
        except ValueError:
            raise CollectError("data", "the server answers with something that is no JSON") from None

    def _login(self) -> tuple[str, str] | None:
        """User and password as they are now."""
        try:
            secret = password(self._broker)
        except (OSError, KeyError):
            raise CollectError("auth", "the password cannot be read") from None
        if self._broker.user is None and secret is None:
            return None
        return self._broker.user or "guest", secret or ""


def _alternatives(names: Sequence[str]) -> Iterator[str]:
    """Expressions for the names, each for as many as fit into an address and onto a page."""
    chosen: list[str] = []
    size = 0
    for escaped in map(re.escape, names):
        length = len(quote(f"{escaped}|", safe=""))
        if chosen and (size + length > _LONGEST or len(chosen) == _PAGE):
            yield "|".join(chosen)
            chosen, size = [], 0
        chosen.append(escaped)
        size += length
    if chosen:
        yield "|".join(chosen)


def _answer(queue: Queue, label: str, record: Record | None, records: Mapping[str, Record]) -> Answer:
    if record is None:
        missing = CollectError("query", f"no queue {queue.key or queue.queue} in the vhost")
        return Answer(label, None, missing, queue.capacity)
    return Answer(label, _reading(record, records.get(queue.failed or "")), None, queue.capacity)


def _reading(record: Record, failed: Record | None) -> Reading:
    """A queue that was declared a moment ago has no figures yet: they are absent until RabbitMQ has them."""
    depth = {
        state: int(record[key])
        for state, key in (("waiting", "messages_ready"), ("running", "messages_unacknowledged"))
        if _is_number(record.get(key))
    }
    oldest = {}
    if depth.get("waiting") == 0:
        oldest["waiting"] = 0.0
    # Known only of classic queues, and only where the publisher sets the property `timestamp`.
    elif (since := age(record.get("head_message_timestamp"), time.time())) is not None:
        oldest["waiting"] = since
    return Reading(
        depth=depth,
        oldest=oldest,
        consumers=_whole(record.get("consumers")),
        failed=_whole(failed.get("messages_ready")) if failed is not None else None,
        processed=_processed(record.get("message_stats")),
    )


def _processed(stats: Any) -> int | None:
    """Messages that consumers have taken over for good; RabbitMQ counts nothing before the first one."""
    if not isinstance(stats, dict):
        return None
    counts = [stats[key] for key in ("ack", "deliver_no_ack", "get_no_ack") if _is_number(stats.get(key))]
    return int(sum(counts)) if counts else None


def _whole(value: object) -> int | None:
    return int(value) if _is_number(value) else None  # type: ignore[call-overload]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
