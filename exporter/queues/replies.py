"""Replies of a Redis, through redis-py; integers, of which lengths are made, are taken many at once.

redis-py reads a reply at a time, and a hundred lengths cost more than everything else in their collection.
Only whole integer replies that have arrived are read here; all others, and the waiting, are redis-py's.
"""

from __future__ import annotations

import re
from typing import Any

from redis.exceptions import ResponseError

_INTEGERS = re.compile(rb"(?::-?\d{1,19}\r\n)+")
_LOOK_AHEAD = 4096
"""Bytes; what lies behind them may be a large reply, which should not be copied for nothing."""


def read_replies(connection: Any, count: int) -> list[Any]:
    """The next replies; an error is an exception in its place.

    Raises what redis-py raises for a connection that is lost, refused or silent.
    """
    replies: list[Any] = []
    while len(replies) < count:
        try:
            reply = connection.read_response()
        except ResponseError as error:
            reply = error.with_traceback(None)
        replies.append(reply)
        if type(reply) is int:
            replies += _integers(connection, count - len(replies))
    return replies


def _integers(connection: Any, most: int) -> list[int]:
    """Integers that have arrived next, but never all that has; none when hiredis reads, which is fast."""
    buffer: Any = getattr(getattr(connection, "_parser", None), "_buffer", None)
    if not hasattr(buffer, "unread_bytes"):
        return []
    start, there = buffer.get_pos(), min(buffer.unread_bytes(), _LOOK_AHEAD)
    # The buffer reads two bytes more than it returns, and would wait for those that are not there.
    found = _INTEGERS.match(buffer.read(there - 2)) if there > 2 else None
    texts = found[0][1:-2].split(b"\r\n:") if found else []
    taken = found.end() if found and len(texts) <= most else 0
    buffer.rewind(start + taken)
    return list(map(int, texts)) if taken else []
