"""A real Prometheus that serves one data set."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboards.live.client import Prometheus
from policy.model import Policy
from tests.dashboards.datasets import samples
from tests.dashboards.day import STEP


def write_blocks(name: str, policy: Policy, hours: float, promtool: Path, folder: Path) -> Path:
    """The set as Prometheus' own blocks, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    data = samples(name, policy, hours)
    if data.families:
        text = folder.with_suffix(".om")
        data.write(text)
        command = [promtool, "tsdb", "create-blocks-from", "openmetrics", text, folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        text.unlink()
    return folder


@contextmanager
def served(blocks: Path, prometheus: Path, scratch: Path) -> Iterator[Prometheus]:
    """The server on a free port of the loopback, gone at the end."""
    scratch.mkdir(parents=True, exist_ok=True)
    config = scratch / "prometheus.yml"
    config.write_text(f"global: {{scrape_interval: {STEP}s}}\n", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (scratch / "prometheus.log").open("wb")
    process = subprocess.Popen(
        [
            prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={blocks}",
            "--storage.tsdb.retention.time=60d",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=log,
        stderr=log,
    )
    try:
        server = Prometheus(f"http://127.0.0.1:{port}")
        assert server.ready(), (scratch / "prometheus.log").read_text(encoding="utf-8")[-2000:]
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()
