"""The web configuration in use: read again when one of its files changed, the last good one kept."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporter.web.config import WebConfig, beside, load_web_config
from exporter.web.rate import Bucket
from exporter.web.tls import is_allowed, server_context
from exporter.web.users import Users
from typedyaml.faults import Fault, Faults
from typedyaml.load import Document

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, ...] | None, ...]

RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a connection or a request."""

    tls: ssl.SSLContext | None = None
    allowed_names: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Users = field(default_factory=lambda: Users({}))
    rate: Bucket = field(default_factory=lambda: Bucket(0, 0))

    def knows(self, connection: ssl.SSLSocket) -> bool:
        """Whether a client that was verified is also one of those that are allowed."""
        return not self.allowed_names or is_allowed(connection.getpeercert(), self.allowed_names)


class Access:
    """The rules of a web configuration file; without a file everything is allowed."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file; raises Faults with everything that is wrong."""
        self.path = path
        self.successful: bool | None = None
        self._lock = threading.Lock()
        self._rules = Rules()
        self._files: tuple[Path, ...] = ()
        self._stamp: Stamp = ()
        self._tried_at = 0.0
        self._told: tuple[Fault, ...] = ()
        if path is not None:
            self._read(path)
            self.successful = True

    @property
    def serves_tls(self) -> bool:
        """Whether clients speak HTTPS."""
        return self._rules.tls is not None

    def rules(self) -> Rules:
        """The rules for now."""
        if self.path is not None and self._lock.acquire(blocking=False):
            # Whoever comes while another looks takes the rules that are there.
            try:
                if self._is_due():
                    self._read_again(self.path)
            finally:
                self._lock.release()
        return self._rules

    def check(self) -> bool | None:
        """Whether the file as it is now is the one in use; None without a file."""
        self.rules()
        return self.successful

    def _is_due(self) -> bool:
        """After a change; after a failure also from time to time, for what was missing may have come."""
        if tuple(map(_stamp, self._files)) != self._stamp:
            return True
        return not self.successful and time.monotonic() - self._tried_at > RETRY_SECONDS

    def _read(self, path: Path) -> None:
        # Stamps are taken before the reading: a change in between is found at the next look.
        self._stamp, self._tried_at = tuple(map(_stamp, self._files)), time.monotonic()
        stamp = _stamp(path)
        document = load_web_config(path)
        self._refuse_less(document)
        others = _files_of(document)
        stamps = (stamp, *map(_stamp, others))
        rules = _rules(path, document.value)
        self._files, self._stamp, self._rules = (path, *others), stamps, rules

    def _read_again(self, path: Path) -> None:
        try:
            self._read(path)
        except (Faults, OSError, ValueError) as error:
            faults = error.faults if isinstance(error, Faults) else (Fault(str(path), 1, 1, _why(error)),)
            self.successful = False
            if faults != self._told:
                for fault in faults:
                    log.error("web configuration not taken, the last good one is kept: %s", fault)
            self._told = faults
        else:
            self.successful, self._told = True, ()
            log.info("web configuration read again", extra={"file": path})

    def _refuse_less(self, document: Document[WebConfig]) -> None:
        """A file that is being written has a moment without its end: protection never ends that way."""
        if not self._files:
            return
        if (document.value.tls_server_config is not None) != self.serves_tls:
            message = "TLS cannot be switched on or off while the sidecar runs; restart it"
            raise Faults([document.fault(("tls_server_config",), message)])
        if self._rules.users and not document.value.basic_auth_users:
            message = "passwords cannot be switched off while the sidecar runs; restart it"
            raise Faults([document.fault(("basic_auth_users",), message)])


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _files_of(document: Document[WebConfig]) -> list[Path]:
    server = document.value.tls_server_config
    names = (server.cert_file, server.key_file, server.client_ca_file) if server else ()
    return [beside(document.path, name) for name in names if name]


def _rules(path: Path, config: WebConfig) -> Rules:
    server = config.tls_server_config
    context = None
    if server is not None:
        assert server.cert_file
        assert server.key_file
        context = server_context(
            beside(path, server.cert_file),
            beside(path, server.key_file),
            clients=server.client_auth_type,
            authority=beside(path, server.client_ca_file) if server.client_ca_file else None,
            versions=(server.min_version, server.max_version),
            suites=server.cipher_suites,
            prefer_ours=server.prefer_server_cipher_suites,
        )
    return Rules(
        tls=context,
        allowed_names=server.client_allowed_sans if server else (),
        headers={name: value for name, value in config.http_server_config.headers.items() if value},
        users=Users(config.basic_auth_users or {}),
        rate=Bucket(config.rate_limit.interval.seconds, config.rate_limit.burst),
    )


def _why(error: Exception) -> str:
    return f"{getattr(error, 'filename', None) or 'TLS'}: {getattr(error, 'strerror', None) or error}"
