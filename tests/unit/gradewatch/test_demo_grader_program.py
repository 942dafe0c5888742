"""`python -m gradewatch.demo.grader` as a program: starts, breaks, recovers, ends; the sidecar watches."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from exporter.collector import CollectError, Deadline
from exporter.collectors import build
from exporter.config.whole import load_config


@contextmanager
def grader(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "gradewatch.demo.grader", "--database", str(folder / "g.db")]
    process = subprocess.Popen([*command, "--port", str(port), *options], stderr=subprocess.PIPE, text=True)
    try:
        until(
            lambda: requests.get(f"http://127.0.0.1:{port}/-/healthy", timeout=1).ok, requests.ConnectionError
        )
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], object], *ignoring: type[Exception], seconds: float = 20.0) -> None:
    """Ask again and again; the last answer decides."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except ignoring:
            pass
        time.sleep(0.05)
    assert condition()


@pytest.fixture
def read(tmp_path: Path) -> Callable[[], dict[str, float]]:
    """Reads the demo's database as the sidecar does; a collector that fails is left out."""
    path = tmp_path / "sidecar.yaml"
    settings = {
        "databases": {"grader": {"url": f"sqlite://{tmp_path}/g.db"}},
        "graders": [{"profile": "demo", "database": "grader"}],
        "state_dir": str(tmp_path),
    }
    path.write_text(json.dumps(settings))  # JSON is YAML
    collectors = build(load_config(path).value)

    def collect() -> dict[str, float]:
        found: dict[str, float] = {}
        for collector in collectors:
            try:
                families = list(collector.collect(Deadline.after(5)))
            except CollectError:
                continue
            found |= {" ".join((s.name, *s.labels.values())): s.value for f in families for s in f.samples}
        return found

    return collect


def test_it_serves_breaks_recovers_and_ends(
    tmp_path: Path, free_port: Callable[[], int], read: Callable[[], dict[str, float]]
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with grader(tmp_path, port, "--speed", "60") as process:
        read()
        until(lambda: read().get("grader_gradings_total accepted", 0) > 0)
        assert (
            'http_requests_total{method="GET",status="200"}' in requests.get(f"{url}/metrics", timeout=5).text
        )
        assert requests.post(f"{url}/fault/queue-flood", timeout=5).ok
        until(lambda: read()["grader_queue_depth waiting grading"] > 200)
        assert requests.post(f"{url}/fault/database-down", timeout=5).ok
        until(lambda: read()["grader_database_up grader"] == 0)
        assert "grader_queue_depth waiting grading" not in read()
        assert requests.delete(f"{url}/fault", timeout=5).ok
        until(lambda: read()["grader_database_up grader"] == 1)
        until(lambda: read()["grader_queue_depth waiting grading"] < 200)
        assert requests.post(f"{url}/fault/grader-stuck", timeout=5).ok
        until(lambda: read()["grader_workers stale"] == 4)
        assert requests.get(url, timeout=5).text == "demo grader; fault: grader-stuck\n"
        assert requests.post(f"{url}/fault/coffee-machine", timeout=5).status_code == 404
        seen = read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    with sqlite3.connect(tmp_path / "g.db") as db:
        (rows,) = db.execute("SELECT COUNT(*) FROM submissions").fetchone()
    db.close()
    assert (
        rows >= seen["grader_submissions_total first"] + seen["grader_submissions_total resubmission"] > 200
    )


def test_a_history_is_written_before_the_first_scrape(
    tmp_path: Path, free_port: Callable[[], int], read: Callable[[], dict[str, float]]
) -> None:
    with grader(tmp_path, free_port(), "--backfill-days", "0.5"):
        with sqlite3.connect(tmp_path / "g.db") as db:
            first, rows = db.execute("SELECT MIN(submitted_at), COUNT(*) FROM submissions").fetchone()
        db.close()
        assert rows > 1000
        assert time.time() - 43_300 < first < time.time() - 40_000
        assert read()["grader_active_users 24h"] > 50


def test_a_taken_port_and_a_missing_folder_are_one_sentence(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "gradewatch.demo.grader", "--port", str(port), "--database"]
    with grader(tmp_path, port):
        taken = subprocess.run(
            [*command, str(tmp_path / "h.db")], capture_output=True, text=True, check=False
        )
    assert (taken.returncode, taken.stderr) == (2, f"port {port} cannot be used: Address already in use\n")
    missing = tmp_path / "no" / "g.db"
    absent = subprocess.run([*command, str(missing)], capture_output=True, text=True, check=False)
    assert absent.returncode == 2
    assert absent.stderr == f"{missing} cannot be used: unable to open database file\n"
