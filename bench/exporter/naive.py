"""What a user writes by hand: prometheus_client's server, a custom collector, a driver. PORT URL SQL"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import start_http_server
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric


class Rows:
    """One query at each scrape, on a kept connection."""

    def __init__(self, url: str, sql: str) -> None:
        self._parts, self._sql = urlsplit(url), sql
        self._lock = threading.Lock()
        self._connection = self._connect()

    def _connect(self) -> Any:
        parts = self._parts
        if parts.scheme == "mysql":
            import pymysql

            return pymysql.connect(
                host=parts.hostname,
                port=parts.port or 3306,
                user=parts.username,
                password=parts.password or "",
                database=parts.path[1:],
                autocommit=True,
            )
        import psycopg

        return psycopg.connect(parts.geturl(), autocommit=True)

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("bench_rows", "Rows of a table.", labels=("a", "b", "c"))
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute(self._sql)
            rows = cursor.fetchall()
        for *labels, value in rows:
            family.add_metric(labels, value)
        yield family


if __name__ == "__main__":
    REGISTRY.register(Rows(sys.argv[2], sys.argv[3]))
    start_http_server(int(sys.argv[1]), "127.0.0.1")
    signal.sigwait([signal.SIGTERM])
