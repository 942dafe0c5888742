"""Replies of a Redis: the same as redis-py reads them one by one, however they are cut into packets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import InvalidResponse, NoPermissionError, ResponseError

from exporter.queues.replies import read_replies


class Packets:
    """A socket on which these packets arrive, one a call; then the server has gone."""

    def __init__(self, packets: Sequence[bytes]) -> None:
        self.packets = list(packets)

    def recv(self, size: int) -> bytes:
        if not self.packets:
            return b""
        first = self.packets.pop(0)
        if len(first) > size:
            self.packets.insert(0, first[size:])
        return first[:size]

    def recv_into(self, buffer: bytearray) -> int:
        found = self.recv(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def settimeout(self, seconds: float | None) -> None:
        pass

    shutdown = settimeout

    def close(self) -> None:
        pass


class Connection(redis.Connection):
    """redis-py's connection with packets in place of a server; counts what redis-py is asked to read."""

    def __init__(self, packets: Sequence[bytes]) -> None:
        super().__init__(protocol=2, driver_info=None)
        self.packets, self.reads = Packets(packets), 0
        self.connect()

    def _connect(self) -> Any:
        return self.packets

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        self.reads += 1
        return super().read_response(*arguments, **options)


def one_by_one(packets: Sequence[bytes], count: int) -> list[Any]:
    """What redis-py says."""
    connection, replies = Connection(packets), []
    for _ in range(count):
        try:
            replies.append(connection.read_response())
        except ResponseError as error:
            replies.append(error)
    return replies


def told(replies: Sequence[Any]) -> list[Any]:
    """Replies that can be compared: errors by class and words."""
    return [(type(r), str(r)) if isinstance(r, Exception) else r for r in replies]


def bulk(value: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(value), value)


INTEGERS = st.integers(-(2**63), 2**63 - 1).map(lambda number: b":%d\r\n" % number)
LENGTHS = st.lists(st.integers(0, 999), min_size=1, max_size=40).map(
    lambda numbers: b"".join(b":%d\r\n" % number for number in numbers)
)
SCALARS = st.one_of(
    INTEGERS,
    st.sampled_from([b"-WRONGTYPE Operation\r\n", b"-NOPERM no\r\n", b"-ERR :5\r\n", b"$-1\r\n", b"*-1\r\n"]),
    st.binary(max_size=30).map(bulk),
    st.sampled_from([bulk(b":1\r\n:2\r\n:3"), bulk(b"\r\n"), b"+OK\r\n", b"*0\r\n"]),
)
REPLIES = st.recursive(
    SCALARS.filter(lambda reply: not reply.startswith(b"-")),
    lambda inner: st.lists(inner, max_size=5).map(lambda found: b"*%d\r\n%s" % (len(found), b"".join(found))),
    max_leaves=10,
)


@given(st.lists(st.one_of(SCALARS, REPLIES, LENGTHS), max_size=20), st.data())
def test_any_replies_in_any_packets_are_what_redis_py_reads(pieces: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pieces)
    # A piece of lengths is many replies, every other piece is one.
    count = sum(piece.count(b"\r\n") if piece.startswith(b":") else 1 for piece in pieces)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(stream) - 1)), max_size=6)))
    ends = [*cuts, len(stream)]
    packets = [stream[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]
    connection = Connection(packets)
    assert told(read_replies(connection, count)) == told(one_by_one(packets, count))
    # Nothing is left over, and nothing was taken that belongs to the next question.
    with pytest.raises(Lost):
        connection.read_response()


def test_lengths_that_have_arrived_are_read_at_once() -> None:
    """Guards what is known of redis-py's buffer: otherwise each of them is read by redis-py, and slowly."""
    if redis.connection.DefaultParser is not redis.connection._RESP2Parser:
        pytest.skip("hiredis reads here")
    connection = Connection([b"*2\r\n$1\r\n7\r\n$1\r\n8\r\n" + b"".join(b":%d\r\n" % n for n in range(500))])
    assert read_replies(connection, 501) == [[b"7", b"8"], *range(500)]
    assert connection.reads < 10


def test_an_error_between_lengths_stands_in_its_place() -> None:
    lengths = b":1\r\n:2\r\n:3\r\n"
    replies = read_replies(Connection([lengths + b"-NOPERM No permissions\r\n" + lengths]), 7)
    assert replies[:3] == replies[4:] == [1, 2, 3]
    assert isinstance(replies[3], NoPermissionError)
    assert replies[3].__traceback__ is None


def test_no_more_than_the_asked_replies_are_taken() -> None:
    connection = Connection([b":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n"])
    assert read_replies(connection, 2) == [1, 2]
    assert read_replies(connection, 3) == [3, 4, 5]


@pytest.mark.parametrize("kept", range(1, 24))
def test_a_server_that_goes_in_the_middle_of_an_answer_is_lost(kept: int) -> None:
    stream = b":1\r\n:22\r\n:333\r\n$4\r\nabcd\r\n"
    assert read_replies(Connection([stream]), 4) == [1, 22, 333, b"abcd"]
    with pytest.raises(Lost):
        read_replies(Connection([stream[:kept]]), 4)


def test_a_large_reply_between_lengths_is_read_whole() -> None:
    large = bytes(range(256)) * 4000
    lengths = b":1\r\n" * 3000
    stream = lengths + bulk(large) + lengths
    packets = [stream[at : at + 30_000] for at in range(0, len(stream), 30_000)]
    assert read_replies(Connection(packets), 6001) == [*[1] * 3000, large, *[1] * 3000]


def test_a_number_that_is_none_of_redis_is_not_guessed_at() -> None:
    with pytest.raises((ValueError, InvalidResponse)):
        read_replies(Connection([b":1\r\n:2\r\n:3x\r\n:4\r\n"]), 4)
