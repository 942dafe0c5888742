"""How a Redis is connected to: one connection, no retries, the password read again, Sentinels asked first."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from exporter.config.brokers import Broker, Sentinels
from exporter.config.names import split_address
from exporter.config.secrets import password


class _Credentials(CredentialProvider):
    """User and password, read again at each connect."""

    def __init__(self, server: Broker | Sentinels) -> None:
        self._server = server

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        secret = password(self._server) or ""
        return (self._server.user, secret) if self._server.user is not None else (secret,)


def open_pool(broker: Broker, seconds: float) -> redis.ConnectionPool:
    """A pool of one connection, opened when first used; connecting and an answer take `seconds` at most."""
    secure = _tls(broker) if broker.scheme == "rediss" else {}
    if (sentinels := broker.sentinel) is None:
        options = {"max_connections": 1, **_options(broker, seconds), **secure}
        return redis.ConnectionPool.from_url(broker.url, **options)
    # All of them may be silent; the master needs its share of the time as well.
    each = seconds / 2 / len(sentinels.addresses)
    ssl = {"ssl": True, **secure} if secure else {}
    manager = Sentinel(  # type: ignore[no-untyped-call]  # redis-py has no types for these two
        [split_address(address) for address in sentinels.addresses],
        sentinel_kwargs={**_options(sentinels, each), **ssl},
    )
    options = {"max_connections": 1, **_options(broker, seconds / 2), **ssl, "db": _database(broker)}
    return SentinelConnectionPool(broker.service, manager, **options)  # type: ignore[no-untyped-call]


def close_pool(pool: redis.ConnectionPool) -> None:
    """Close the connections, those to Sentinels too."""
    pool.disconnect()
    if isinstance(pool, SentinelConnectionPool):
        pool.sentinel_manager.close()


def _options(server: Broker | Sentinels, seconds: float) -> dict[str, Any]:
    secured = any((server.user, server.password_file, server.password_env))
    return {
        "credential_provider": _Credentials(server) if secured else None,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "encoding_errors": "surrogateescape",  # keys that were found may be no text
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
    }


def _tls(broker: Broker) -> dict[str, Any]:
    return {"ssl_ca_certs": broker.ca_file, "ssl_check_hostname": True, "ssl_cert_reqs": "required"}


def _database(broker: Broker) -> int:
    return int(urlsplit(broker.url).path.strip("/") or 0)
