"""`--check-config` finds every fault of a file at once: 30 planted ones, each on a line of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.unit.exporter.web.conftest import SECRET

ROOT = Path(__file__).parents[3]
SIDECAR = """\
listen:
  - localhost                         # fault: no port
  - ":99999"                          # fault: no such port
  - "127.0.0.1:11910"
  - "127.0.0.1:11910"                 # fault: twice
state_dir: relative/path              # fault: not absolute
surprise: 1                           # fault: unknown key
collection:
  timeout: 5                          # fault: no unit
  margin: soon                        # fault: no duration
  min_interval: -1s                   # fault: no duration
  max_label_values: 0                 # fault: below 1
  max_label_value: 5                  # fault: unknown key
databases:
  A:                                  # fault: no name
    url: "sqlite:////srv/a.db"
  b:
    url: oracle://h/b                 # fault: unknown scheme
    timeout: 0s                       # fault: no time
  c:
    url: "sqlite://relative.db"       # fault: no absolute path
    password_file: /does/not/exist    # fault: no such file
  d: {timeout: 1s}                    # fault: no url
graders:
  - profile: dmo                      # fault: unknown profile
    database: nowhere                 # fault: unknown database
    min_users: none                   # fault: no number
"""
WEB = f"""\
tls_server_config:
  cert_file: none.crt                 # fault: no such file
  key_file: none.key                  # fault: no such file
  min_version: TLS10                  # fault: not safe
  client_auth_type: RequireAnyClientCert   # fault: not verified
  cipher_suites:
    - TLS_RSA_WITH_RC4_128_SHA        # fault: unknown suite
  curve_preferences: [X25519]         # fault: not obeyed
http_server_config:
  http2: perhaps                      # fault: neither true nor false
  headers:
    X-Powered-By: gradewatch          # fault: unknown header
basic_auth_users:
  alice: hunter2                      # fault: no hash
  "b:ob": {SECRET}   # fault: colon
rate_limit:
  interval: 1 second                  # fault: no duration
proxy: true                           # fault: unknown key
"""


def test_thirty_of_thirty_planted_faults_are_found_at_once(tmp_path: Path) -> None:
    files = {tmp_path / "sidecar.yaml": SIDECAR, tmp_path / "web.yml": WEB}
    planted = set()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
        planted |= {(str(path), n) for n, line in enumerate(text.splitlines(), 1) if "# fault" in line}
    assert len(planted) >= 30
    command = [sys.executable, "-m", "exporter", "--check-config", "--config", *map(str, list(files)[:1])]
    command += ["--web.config.file", str(tmp_path / "web.yml")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    found = {
        (match[1], int(match[2]))
        for line in result.stderr.splitlines()
        if (match := re.match(r"(.*?):(\d+):\d+: \S", line))
    }
    assert found == planted
    assert "hunter2" not in result.stderr
