"""TLS: contexts from the web configuration's names, and who a client's certificate says it is."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
"""Go's secure cipher suites of TLS 1.2, and what OpenSSL calls them."""
SUITES_13 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
"""Those of TLS 1.3: always on, in Go as here; naming them changes nothing."""


def server_context(
    certificate: Path,
    key: Path,
    *,
    clients: str = "NoClientCert",
    authority: Path | None = None,
    versions: tuple[str, str] = ("TLS12", "TLS13"),
    suites: Iterable[str] = (),
    prefer_ours: bool = True,
) -> ssl.SSLContext:
    """A context for the serving side, in the names of the web configuration; raises OSError or ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = (VERSIONS[name] for name in versions)
    if ciphers := [SUITES[name] for name in suites if name in SUITES]:
        context.set_ciphers(":".join(ciphers))
    if prefer_ours:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.load_cert_chain(certificate, key, password=_no_password)
    if authority is not None:
        context.load_verify_locations(authority)
    context.verify_mode = _CLIENTS[clients]
    return context


def unusable_pair(certificate: Path, key: Path) -> str | None:
    """Why a certificate and its key cannot be used, or None."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
        return None
    except ValueError as error:
        return f"{key}: {error}"
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"{key} is not the key of the certificate {certificate}"
        return f"{certificate} and {key} are not a PEM certificate and its key"
    except OSError as error:
        return f"{error.filename or certificate} cannot be read: {error.strerror}"


def unusable_authority(path: Path) -> str | None:
    """Why a file of CA certificates cannot be used, or None."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
        return None
    except ssl.SSLError:
        return f"{path} holds no PEM certificate"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"


def names_of(certificate: Mapping[str, Any] | None) -> set[str]:
    """Alternative names (DNS, IP, e-mail, URI) of a verified certificate, as `getpeercert` gives it."""
    pairs = (certificate or {}).get("subjectAltName", ())
    return {_canonical(name) if kind == "IP Address" else name for kind, name in pairs}


def is_allowed(certificate: Mapping[str, Any] | None, allowed: Iterable[str]) -> bool:
    """Whether one of a certificate's names is exactly one of `allowed`."""
    return bool(names_of(certificate) & {_canonical(name) for name in allowed})


def _canonical(name: str) -> str:
    """IP addresses have several spellings; every other name is itself."""
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name


def _no_password() -> str:
    raise ValueError("the key is encrypted; store it without a password and protect the file")
