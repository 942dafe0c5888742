"""The health check of containers, whatever the port speaks."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.health import alive
from tests.unit.exporter.web.conftest import TLS, Serve
from tests.unit.exporter.web.test_serving import MUTUAL, USERS


@pytest.mark.parametrize("web", [USERS, TLS, TLS + USERS, MUTUAL, f"{MUTUAL}  max_version: TLS12\n"])
def test_a_sidecar_that_lives_is_found_to(serve: Serve, web: str) -> None:
    port = serve(web).port
    assert alive(f"127.0.0.1:{port}")
    assert alive(f":{port}")


def test_a_port_where_nobody_listens_is_dead(free_port: Callable[[], int]) -> None:
    assert not alive(f"127.0.0.1:{free_port()}")


def test_a_port_that_is_closed_at_once_is_dead() -> None:
    """Another program may have the port, or one that is ending."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(alive, f"127.0.0.1:{listening.getsockname()[1]}")
        for _ in range(2):
            listening.accept()[0].close()
        assert answer.result(20) is False
