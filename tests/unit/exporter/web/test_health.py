"""The health check of containers, whatever the port speaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exporter.health import alive
from tests.unit.exporter.web.conftest import TLS, Serve
from tests.unit.exporter.web.test_serving import MUTUAL, USERS


@pytest.mark.parametrize("web", [USERS, TLS, TLS + USERS, MUTUAL])
def test_a_sidecar_that_lives_is_found_to(serve: Serve, web: str) -> None:
    assert alive(f"127.0.0.1:{serve(web).port}")


def test_a_port_where_nobody_listens_is_dead(free_port: Callable[[], int]) -> None:
    assert not alive(f"127.0.0.1:{free_port()}")
