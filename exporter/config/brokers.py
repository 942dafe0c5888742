"""`brokers:` the servers that hold the grader's queues: Redis, and RabbitMQ by its management plugin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta

from exporter.config.names import AbsolutePath, Address, split_address
from exporter.config.secrets import file_faults, secret_faults
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

REDIS = ("redis", "rediss", "unix")
RABBITMQ = ("http", "https")
_AMQP = ("amqp", "amqps", "pyamqp")

_CLIENTS = {True: "redis", False: "requests"}
"""Packages that read a Redis, and what is none."""

_ANSWER = Duration(2)


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who is asked where a Redis is now. They have a password of their own, or none."""

    addresses: Annotated[tuple[Address, ...], Meta(min_length=1)]
    user: str | None = None
    password_file: AbsolutePath | None = None
    password_env: str | None = None

    @property
    def url(self) -> str:
        """None: a password could stand in one."""
        return ""


@dataclass(frozen=True, slots=True)
class Broker:
    """A server of queues. `timeout` bounds connecting and each answer; passwords are read at each connect.

    With `sentinel` the URL has the name that the Sentinels know in place of a host. `vhost` is RabbitMQ's. A
    search for queues (`match`) looks at no more than `scan_limit` keys or queues.
    """

    url: str
    user: str | None = None
    password_file: AbsolutePath | None = None
    password_env: str | None = None
    ca_file: AbsolutePath | None = None
    timeout: Duration = _ANSWER
    vhost: str = "/"
    sentinel: Sentinels | None = None
    scan_limit: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000

    @property
    def scheme(self) -> str:
        """The URL's scheme; empty for what is no URL."""
        return split(self.url).scheme

    @property
    def service(self) -> str:
        """The Sentinels' name of it, upper case kept."""
        return split(self.url).netloc.rpartition("@")[2]

    @property
    def is_redis(self) -> bool:
        """Whether it is a Redis."""
        return self.scheme in REDIS


def split(url: str) -> SplitResult:
    """The parts of a URL; empty ones for what is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        return parts
    except ValueError:
        return SplitResult("", "", "", "", "")


def url_fault(url: str) -> str | None:
    """Why a text is no URL, None for one; it is not quoted, for it may hold a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "this is no URL"
    try:
        _ = parts.port
    except ValueError:
        return "a port is a number up to 65535"
    return "a URL has no blanks" if any(map(str.isspace, parts.netloc)) else None


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section."""
    limit = document.value.collection.timeout
    for name, broker in document.value.brokers.items():
        place = ("brokers", name)
        yield from _url_faults(document, place, broker)
        yield from secret_faults(document, place, broker)
        yield from file_faults(document, (*place, "ca_file"), broker.ca_file)
        yield from _sentinel_faults(document, (*place, "sentinel"), broker)
        if not broker.timeout:
            yield document.fault((*place, "timeout"), "a timeout of 0s lets no server answer")
        elif broker.timeout > limit > Duration(0) and (*place, "timeout") in document.positions:
            message = f"{broker.timeout} is more than collection.timeout ({limit})"
            yield document.fault((*place, "timeout"), message)


def _url_faults(document: Document[Any], place: tuple[str, str], broker: Broker) -> Iterator[Fault]:
    parts, scheme = split(broker.url), broker.scheme
    where = (*place, "url")
    if why := url_fault(broker.url):
        yield document.fault(where, why)
    elif scheme in _AMQP:
        message = 'RabbitMQ is read by its management plugin: name its address, such as "http://rabbit:15672"'
        yield document.fault(where, message)
    elif scheme not in (*REDIS, *RABBITMQ):
        yield document.fault(where, unknown("scheme", scheme, (f"{s}://" for s in (*REDIS, *RABBITMQ))))
    elif scheme == "unix":
        if not parts.path.startswith("/") or parts.netloc:
            yield document.fault(
                where, 'a socket is named by its absolute path: "unix:///run/redis.sock?db=0"'
            )
    elif not parts.hostname:
        yield document.fault(where, "the URL names no host")
    elif broker.is_redis and not _database(parts.path).isdecimal():
        yield document.fault(where, f'the path is the number of a database, such as "{scheme}://host:6379/0"')
    elif not find_spec(_CLIENTS[broker.is_redis]):
        extra = "redis" if broker.is_redis else "http"
        yield document.fault(where, f"{scheme}:// needs a package: pip install 'gradewatch[{extra}]'")
    if broker.ca_file is not None and scheme in ("redis", "http", "unix"):
        yield document.fault((*place, "ca_file"), f"ca_file has no effect over {scheme}://")
    if broker.is_redis and broker.vhost != "/":
        yield document.fault((*place, "vhost"), "Redis has no vhost; the URL's path is its database")


def _sentinel_faults(document: Document[Any], place: tuple[str, ...], broker: Broker) -> Iterator[Fault]:
    if broker.sentinel is None:
        return
    yield from secret_faults(document, place, broker.sentinel)
    if broker.scheme not in ("redis", "rediss"):
        message = f"Sentinels watch a Redis: redis://NAME/0 or rediss://NAME/0, not {broker.scheme}://"
        yield document.fault(place, message)
    elif ":" in broker.service:
        message = (
            f'with sentinel the URL names what they watch, without a port: "{broker.scheme}://mymaster/0"'
        )
        yield document.fault((*place[:-1], "url"), message)
    for index, address in enumerate(broker.sentinel.addresses):
        if not split_address(address)[0]:
            yield document.fault((*place, "addresses", index), f'"{address}" names no host')


def _database(path: str) -> str:
    return path.strip("/") or "0"
