"""The web configuration file: exporter-toolkit's keys, each one obeyed or refused, never ignored.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.config.names import unreadable
from exporter.web import tls, users
from typedyaml.checked import load_checked
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

_HEADERS = {
    "Content-Security-Policy": None,
    "Strict-Transport-Security": None,
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": None,
}
"""Headers that may be added, with the values that make sense; None: any."""
_ONE_LINE = re.compile(r"[\x20-\x7e]*")
_INLINE = {"cert": "cert_file", "key": "key_file", "client_ca": "client_ca_file"}
_ACCEPTED_ONLY = "NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"
_UNVERIFIED = "RequestClientCert", "RequireAnyClientCert"
_SANS_NEED = "RequireAndVerifyClientCert"
_NO_LIMIT = Duration(0)


@dataclass(frozen=True, slots=True)
class TlsServer:
    """`tls_server_config`; files are relative to the folder of the configuration."""

    cert_file: str | None = None
    key_file: str | None = None
    client_auth_type: str = "NoClientCert"
    client_ca_file: str | None = None
    client_allowed_sans: tuple[str, ...] = ()
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: Any = None
    cert: Any = None
    key: Any = None
    client_ca: Any = None


@dataclass(frozen=True, slots=True)
class HttpServer:
    """`http_server_config`. HTTP/2 is allowed by the toolkit's default and never spoken here."""

    http2: bool = True
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`rate_limit`: a request each `interval`, and `burst` of them at once. An interval of 0 is no limit."""

    interval: Duration = _NO_LIMIT
    burst: int = 0


@dataclass(frozen=True, slots=True)
class WebConfig:
    """The whole file. `basic_auth_users` is checked by hand, so that no message can quote a secret."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = field(default_factory=HttpServer)
    basic_auth_users: Any = None
    rate_limit: RateLimit = field(default_factory=RateLimit)


def load_web_config(path: Path) -> Document[WebConfig]:
    """Read and check a file and the files that it names; raises Faults with every fault at once."""
    return load_checked(path, WebConfig, _faults)


def beside(path: str | Path, name: str) -> Path:
    """A file that the configuration at `path` names."""
    return Path(path).parent / name


def _faults(document: Document[WebConfig]) -> Iterator[Fault]:
    config = document.value
    if config.tls_server_config is not None:
        yield from _tls_faults(document, config.tls_server_config)
    for name, value in config.http_server_config.headers.items():
        yield from _header_faults(document, name, value)
    for place, message in users.faults(config.basic_auth_users):
        yield document.fault(("basic_auth_users", *place), message)
    limit = config.rate_limit
    if limit.interval and limit.burst < 1:
        yield document.fault(("rate_limit", "burst"), "a burst below 1 lets no request through")


def _tls_faults(document: Document[WebConfig], config: TlsServer) -> Iterator[Fault]:
    here = ("tls_server_config",)
    for key, instead in _INLINE.items():
        if (*here, key) in document.positions:
            yield document.fault((*here, key), f'"{key}" is not supported: write it to a file, see {instead}')
    if (*here, "curve_preferences") in document.positions:
        yield document.fault((*here, "curve_preferences"), '"curve_preferences" is not supported')
    yield from (missing := list(_file_faults(document, config)))
    if not missing and config.cert_file and config.key_file:
        pair = beside(document.path, config.cert_file), beside(document.path, config.key_file)
        if why := tls.unusable_pair(*pair):
            yield document.fault((*here, "cert_file"), why)
    yield from _client_faults(document, config)
    yield from _cipher_faults(document, config)


def _file_faults(document: Document[WebConfig], config: TlsServer) -> Iterator[Fault]:
    for key in ("cert_file", "key_file", "client_ca_file"):
        name = getattr(config, key)
        if name and (why := unreadable(str(beside(document.path, name)))):
            yield document.fault(
                ("tls_server_config", key), f"{beside(document.path, name)} cannot be read: {why}"
            )
        elif not name and key != "client_ca_file" and ("tls_server_config", key) not in document.positions:
            yield document.fault(
                ("tls_server_config",), f'required key "{key}" is missing in "tls_server_config"'
            )
        elif not name and ("tls_server_config", key) in document.positions:
            yield document.fault(("tls_server_config", key), f'"{key}" names no file')


def _client_faults(document: Document[WebConfig], config: TlsServer) -> Iterator[Fault]:
    kind, place = config.client_auth_type, ("tls_server_config", "client_auth_type")
    if kind in _UNVERIFIED:
        yield document.fault(
            place, f"{kind} takes any certificate without verifying it; allowed: {', '.join(_ACCEPTED_ONLY)}"
        )
    elif kind not in _ACCEPTED_ONLY:
        yield document.fault(place, unknown("value", kind, _ACCEPTED_ONLY))
    elif kind != "NoClientCert" and not config.client_ca_file:
        yield document.fault(place, f"{kind} needs client_ca_file")
    elif kind == "NoClientCert" and config.client_ca_file:
        yield document.fault(
            ("tls_server_config", "client_ca_file"),
            "a client CA has no effect with client_auth_type NoClientCert",
        )
    elif config.client_ca_file:
        authority = beside(document.path, config.client_ca_file)
        if not unreadable(str(authority)) and (why := tls.unusable_authority(authority)):
            yield document.fault(("tls_server_config", "client_ca_file"), why)
    if config.client_allowed_sans and kind != _SANS_NEED:
        yield document.fault(
            ("tls_server_config", "client_allowed_sans"), f"names are only known with {_SANS_NEED}"
        )


def _cipher_faults(document: Document[WebConfig], config: TlsServer) -> Iterator[Fault]:
    versions = {key: getattr(config, key) for key in ("min_version", "max_version")}
    for key, version in versions.items():
        if version in ("TLS10", "TLS11"):
            yield document.fault(
                ("tls_server_config", key), f"{version} is not safe; allowed: {', '.join(tls.VERSIONS)}"
            )
        elif version not in tls.VERSIONS:
            yield document.fault(("tls_server_config", key), unknown("value", version, tls.VERSIONS))
    if versions == {"min_version": "TLS13", "max_version": "TLS12"}:
        yield document.fault(("tls_server_config", "max_version"), "max_version is below min_version")
    for index, suite in enumerate(config.cipher_suites):
        if suite not in tls.SUITES and suite not in tls.SUITES_13:
            yield document.fault(
                ("tls_server_config", "cipher_suites", index),
                unknown("cipher suite", suite, [*tls.SUITES, *tls.SUITES_13]),
            )
    if config.cipher_suites and set(config.cipher_suites) <= tls.SUITES_13 and config.min_version == "TLS12":
        yield document.fault(
            ("tls_server_config", "cipher_suites"),
            "only suites of TLS 1.3 are listed, so TLS 1.2 cannot be spoken; write min_version: TLS13",
        )


def _header_faults(document: Document[WebConfig], name: str, value: str) -> Iterator[Fault]:
    place = ("http_server_config", "headers", name)
    if name not in _HEADERS:
        yield document.fault(place, unknown("header", name, _HEADERS))
        return
    allowed = _HEADERS[name]
    if value and allowed and value.lower() not in allowed:
        yield document.fault(place, unknown("value", value, allowed))
    elif not _ONE_LINE.fullmatch(value):
        yield document.fault(place, f"{name} must be one line of ASCII")
