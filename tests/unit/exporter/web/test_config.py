"""The web configuration file: what is refused, and in which words."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from exporter.web.config import load_web_config
from tests.unit.exporter.web.conftest import SECRET, TLS, issue
from typedyaml.faults import Faults


def faults(folder: Path, text: str) -> list[str]:
    """`line:column: message` of every fault."""
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")
    try:
        load_web_config(path)
    except Faults as error:
        return [str(fault).removeprefix(f"{path}:").replace(f"{folder}/", "") for fault in error.faults]
    return []


WHOLE = f"""\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example.org, 10.0.0.7]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
http_server_config:
  http2: true
  headers: {{X-Frame-Options: deny, Strict-Transport-Security: max-age=31536000}}
basic_auth_users: {{prometheus: {SECRET}}}
rate_limit: {{interval: 1s, burst: 20}}
"""


def test_every_key_that_is_obeyed_is_accepted(folder: Path) -> None:
    assert faults(folder, WHOLE) == []


@pytest.mark.parametrize("text", ["basic_auth_users: {}\n", "http_server_config: {http2: false}\n", TLS])
def test_every_section_can_be_left_out(folder: Path, text: str) -> None:
    assert faults(folder, text) == []


def tls(line: str) -> str:
    return f"tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  {line}\n"


WRONG = {
    "tls_server_confg: {}\n": '1:1: unknown key "tls_server_confg"; did you mean "tls_server_config"? '
    "(allowed: basic_auth_users, http_server_config, rate_limit, tls_server_config)",
    tls("cert: x"): '4:9: "cert" is not supported: write it to a file, see cert_file',
    tls("client_ca: x"): '4:14: "client_ca" is not supported: write it to a file, see client_ca_file',
    tls("curve_preferences: [X25519]"): '4:3: "curve_preferences" is not supported',
    tls("min_version: TLS10"): "4:16: TLS10 is not safe; allowed: TLS12, TLS13",
    tls("max_version: SSL3"): '4:16: unknown value "SSL3"; allowed: TLS12, TLS13',
    tls("min_version: TLS13\n  max_version: TLS12"): "5:16: max_version is below min_version",
    tls("client_auth_type: RequestClientCert"): "4:21: RequestClientCert takes any certificate without "
    "verifying it; allowed: NoClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
    tls("client_auth_type: require"): '4:21: unknown value "require"; allowed: NoClientCert, '
    "RequireAndVerifyClientCert, VerifyClientCertIfGiven",
    tls("client_auth_type: RequireAndVerifyClientCert"): "4:21: RequireAndVerifyClientCert needs "
    "client_ca_file",
    tls("client_ca_file: ca.crt"): "4:19: a client CA has no effect with client_auth_type NoClientCert",
    tls("client_ca_file: server.key\n  client_auth_type: VerifyClientCertIfGiven"): "4:19: server.key holds "
    "no PEM certificate",
    tls("client_allowed_sans: [a]"): "4:3: names are only known with RequireAndVerifyClientCert",
    tls("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"): '4:19: unknown cipher suite "TLS_RSA_WITH_RC4_128_SHA"',
    tls("cipher_suites: [TLS_AES_128_GCM_SHA256]"): "4:3: only suites of TLS 1.3 are listed, so TLS 1.2 "
    "cannot be spoken; write min_version: TLS13",
    "tls_server_config: {key_file: server.key}\n": '1:1: required key "cert_file" is missing in '
    '"tls_server_config"',
    "tls_server_config: {cert_file: none.crt, key_file: server.key}\n": "1:32: none.crt cannot be read: "
    "No such file or directory",
    "tls_server_config: {cert_file: server.key, key_file: server.crt}\n": "1:32: server.key and server.crt "
    "are not a PEM certificate and its key",
    "tls_server_config: {cert_file: server.crt, key_file: other.key}\n": "1:32: other.key is not the key of "
    "the certificate server.crt",
    "tls_server_config: {cert_file: server.crt, key_file: locked.key}\n": "1:32: locked.key: the key is "
    "encrypted; store it without a password and protect the file",
    "http_server_config: {headers: {X-Powered-By: x}}\n": '1:46: unknown header "X-Powered-By"; allowed: '
    "Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, "
    "X-XSS-Protection",
    "http_server_config: {headers: {X-Frame-Options: allow}}\n": '1:49: unknown value "allow"; '
    "allowed: deny, sameorigin",
    'http_server_config: {headers: {X-XSS-Protection: "a\\r\\nb"}}\n': "1:50: X-XSS-Protection must be one "
    "line of ASCII",
    "basic_auth_users: secret\n": '1:19: "basic_auth_users" must be a mapping of names to bcrypt hashes',
    "basic_auth_users: {bob: hunter2}\n": '1:25: the password of "bob" is not a bcrypt hash; make one with: '
    "htpasswd -nBC 10 bob",
    "basic_auth_users: {bob: 12345}\n": '1:25: the password of "bob" is not a bcrypt hash; make one with: '
    "htpasswd -nBC 10 bob",
    f"basic_auth_users: {{'a:b': {SECRET}}}\n": "1:27: a user's name must not be "
    'empty and has no colon: "a:b"',
    f"basic_auth_users: {{bob: {SECRET.replace('$04$', '$31$')}}}\n": '1:25: the hash of "bob" has cost 31; '
    "allowed: 4 to 15",
    "rate_limit: {interval: 1s}\n": "1:1: a burst below 1 lets no request through",
    "rate_limit: {interval: soon, burst: 1}\n": '1:24: "soon" is not a duration like "500ms", "30s", "5m", '
    '"1h30m" or "30d"',
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_obeyed_is_refused_by_its_place(folder: Path, text: str) -> None:
    issue(folder, "other", "localhost")
    _lock(folder / "server.key", folder / "locked.key")
    (found,) = faults(folder, text)
    assert found.startswith(WRONG[text])


def test_all_faults_are_told_at_once(folder: Path) -> None:
    text = """\
tls_server_config: {cert_file: none, key_file: none, min_version: TLS11, surprise: 1}
http_server_config: {headers: {X-Frame-Options: x}, http2: maybe}
basic_auth_users: {a: b, c: d}
rate_limit: {interval: 1s, burst: 0}
"""
    lines = [fault.split(":")[0] for fault in faults(folder, text)]
    assert lines == ["1", "1", "1", "1", "2", "2", "3", "3", "4"]


def test_no_message_quotes_a_password(folder: Path) -> None:
    for text in ("basic_auth_users: hunter2\n", "basic_auth_users: {a: hunter2, 7: hunter2}\n"):
        assert faults(folder, text)
        assert not [fault for fault in faults(folder, text) if "hunter2" in fault]


def test_users_without_bcrypt_are_told_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (found,) = faults(folder, f"basic_auth_users: {{a: {SECRET}}}\n")
    assert found == "1:1: users need the package bcrypt: install gradewatch[auth]"


def _lock(key: Path, to: Path) -> None:
    """The same key, encrypted."""
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    to.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"x"),
        )
    )


def test_a_chain_of_certificates_is_accepted(folder: Path) -> None:
    middle = trustme.CA().create_child_ca()
    leaf = middle.issue_cert("localhost")
    (folder / "server.crt").write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(folder / "server.key")
    assert faults(folder, TLS) == []


def test_the_example_of_the_documentation_is_a_good_one(folder: Path) -> None:
    page = (Path(__file__).parents[4] / "docs/sidecar.md").read_text(encoding="utf-8")
    (example,) = [
        block for block in re.findall(r"```yaml\n(.*?)```", page, re.S) if "tls_server_config" in block
    ]
    assert faults(folder, example) == []
