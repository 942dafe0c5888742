"""Ports are moved together, and a taken one is an error before anything is started."""

from __future__ import annotations

import dataclasses
import socket

import pytest

from gradewatch.demo.ports import Ports, check_free, shifted
from gradewatch.exits import UsageError


def test_an_offset_moves_every_port():
    moved, usual = dataclasses.asdict(shifted(100)), dataclasses.asdict(Ports())
    assert moved == {server: port + 100 for server, port in usual.items()}


@pytest.mark.parametrize("offset", [-3977, 53626, 99999])
def test_an_offset_out_of_range_names_the_range(offset):
    with pytest.raises(UsageError, match="allowed are -3976 to 53625"):
        shifted(offset)


def test_all_taken_ports_are_named_at_once(free_port):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        taken = one.getsockname()[1], two.getsockname()[1]
        free = [free_port() for _ in range(5)]
        with pytest.raises(
            UsageError, match=rf"ports {taken[0]} \(grader\), {taken[1]} \(sidecar\) are taken: "
        ):
            check_free(Ports(*taken, *free))
    check_free(Ports(*taken, *free))
