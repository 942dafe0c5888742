"""A real Prometheus scrapes a real sidecar over TLS, with a client certificate and a password."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from gradewatch.programs import Program
from tests.unit.exporter.web.conftest import SECRET, Serve, issue

WEB = f"""\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example.org]
  min_version: TLS13
basic_auth_users: {{prometheus: {SECRET}}}
"""
SCRAPES = """\
global: {{scrape_interval: 300ms, scrape_timeout: 300ms}}
scrape_configs:
  - job_name: allowed
    scheme: https
    basic_auth: {{username: prometheus, password: secret}}
    tls_config: {{ca_file: ca.crt, cert_file: client.crt, key_file: client.key}}
    static_configs: [{{targets: ["localhost:{port}"]}}]
  - job_name: wrong_password
    scheme: https
    basic_auth: {{username: prometheus, password: guess}}
    tls_config: {{ca_file: ca.crt, cert_file: client.crt, key_file: client.key}}
    static_configs: [{{targets: ["localhost:{port}"]}}]
  - job_name: no_certificate
    scheme: https
    basic_auth: {{username: prometheus, password: secret}}
    tls_config: {{ca_file: ca.crt}}
    static_configs: [{{targets: ["localhost:{port}"]}}]
"""


def targets(address: str) -> dict[str, dict[str, str]]:
    """State of each job's target; empty while Prometheus does not answer."""
    try:
        with urllib.request.urlopen(f"{address}/api/v1/targets?state=active", timeout=5) as answer:
            found = json.load(answer)["data"]["activeTargets"]
    except (OSError, urllib.error.URLError):
        return {}
    return {target["labels"]["job"]: target for target in found}


@pytest.mark.slow
def test_only_the_prometheus_that_is_allowed_scrapes(
    serve: Serve, folder: Path, prometheus: Program, free_port: Callable[[], int]
) -> None:
    issue(folder, "client", "prometheus.example.org")
    served = serve(WEB)
    config = folder / "prometheus.yml"
    config.write_text(SCRAPES.format(port=served.port), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        prometheus.path,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 30
        while True:
            found = targets(f"http://{address}")
            if len(found) == 3 and all(target["health"] != "unknown" for target in found.values()):
                break
            assert time.monotonic() < until, (folder / "log").read_text(encoding="utf-8")
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    assert {job: target["health"] for job, target in found.items()} == {
        "allowed": "up",
        "wrong_password": "down",
        "no_certificate": "down",
    }
    assert "401" in found["wrong_password"]["lastError"]
    # In TLS 1.3 the refusal follows the client's handshake: who writes at once may see the closed line first.
    refused = ("certificate", "broken pipe", "connection reset")
    assert any(word in found["no_certificate"]["lastError"] for word in refused)
