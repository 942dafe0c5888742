"""Redis over TLS: only a server that our CA vouches for is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.servers.broker_servers import Missing, Redis
from tests.servers.private_process import give_to_server, make_home
from tests.servers.watching import Watched


@pytest.fixture
def secured() -> Iterator[tuple[Redis, Path]]:
    """A Redis with a certificate, and the folder with `ca.pem` and `other.pem`, a stranger's."""
    folder = make_home("gradewatch-certificates")
    ca, other = trustme.CA(), trustme.CA()
    certificate = ca.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(folder / "redis.pem")
    certificate.private_key_pem.write_to_path(folder / "redis.key")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    other.cert_pem.write_to_path(folder / "other.pem")
    for path in folder.iterdir():
        give_to_server(path)
    try:
        server = Redis(tls=(folder / "redis.pem", folder / "redis.key", folder / "ca.pem"))
    except Missing as missing:
        pytest.skip(str(missing))
    server.start()
    yield server, folder
    server.remove()


@pytest.mark.parametrize(("ca", "up"), [("ca.pem", 1), ("other.pem", 0)])
def test_tls(tmp_path: Path, secured: tuple[Redis, Path], ca: str, up: int) -> None:
    server, folder = secured
    watched = Watched(
        tmp_path,
        f"brokers: {{main: {{url: '{server.url()}', ca_file: {folder / ca}}}}}\n"
        "queues: [{queue: jobs, broker: main, kind: list}]",
    )
    page = watched.figures()
    assert page["broker_up{broker=main}"] == up
    assert ("queue_depth{queue=jobs,state=waiting}" in page) == bool(up)
