"""Certificates of an authority of our own, web configuration files, and a sidecar that obeys them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from exporter import server
from exporter.flight import Limits
from exporter.server import Site
from exporter.sidecar import Sidecar
from exporter.web.access import Access
from tests.unit.exporter.fakes import Fake

AUTHORITY = trustme.CA()
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
SECRET = "$2b$04$ecV5h8lHMk3v/ppahq6etOpak.kafRifNgNTVlPvU7M.zs6k8Se9q"
"""Hash of "secret"; its cost is the least that bcrypt knows."""


def issue(folder: Path, name: str, *identities: str, authority: trustme.CA = AUTHORITY) -> None:
    """Write NAME.crt and NAME.key."""
    leaf = authority.issue_cert(*identities)
    leaf.cert_chain_pems[0].write_to_path(folder / f"{name}.crt")
    leaf.private_key_pem.write_to_path(folder / f"{name}.key")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the certificates of a server and of an authority."""
    issue(tmp_path, "server", "localhost", "127.0.0.1")
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.crt")
    return tmp_path


@dataclass(frozen=True)
class Served:
    """A sidecar with a web configuration."""

    site: Site
    path: Path

    @property
    def port(self) -> int:
        return self.site.servers[0].server_port


Serve = Callable[..., Served]


@pytest.fixture
def serve(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a sidecar on a free port with the given web configuration."""
    monkeypatch.setattr(server, "POLL_SECONDS", 0.02)
    sites: list[Site] = []

    def start(text: str, *fakes: Fake) -> Served:
        path = folder / "web.yml"
        path.write_text(text, encoding="utf-8")
        site = Site(Sidecar(fakes or (Fake("a"),), Limits()), ["127.0.0.1:0"], access=Access(path))
        site.start()
        sites.append(site)
        return Served(site, path)

    yield start
    for site in sites:
        site.stop(patience=0)


def client(*, certificate: Path | None = None, **versions: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that trusts our authority, and has a certificate of its own or not."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    for name, version in versions.items():
        setattr(context, name, version)
    if certificate:
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context
