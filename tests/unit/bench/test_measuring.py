"""What the benchmark computes from what it sees."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from bench.exporter.data import free_port
from bench.exporter.measuring import ask, load, milliseconds, percentile, ratio, serving
from bench.exporter.sides import Side


def test_a_ratio_is_that_of_the_rounds_with_its_spread() -> None:
    assert ratio((1.0, 2.0, 3.0), (2.0, 2.0, 2.0)) == "**1.00x** (0.50-1.50)"
    assert ratio((1.0,), (0.0,)) == "-"


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_a_value_that_was_seen(share: float, value: int) -> None:
    assert percentile(list(range(1, 101)), share) == value


@pytest.mark.parametrize(
    ("seconds", "text"), [((0.0123,), "12.3"), ((0.0004,), "0.40"), ((1, 2, 3), "2000.0")]
)
def test_seconds_are_shown_in_ms(seconds: tuple[float, ...], text: str) -> None:
    assert milliseconds(seconds) == text


def test_a_server_is_measured_while_it_serves() -> None:
    """prometheus_client's, because it is there; the loop of our own, because wrk may not be."""
    port = free_port()
    code = f"import prometheus_client as p, signal; p.start_http_server({port}, '127.0.0.1'); signal.pause()"
    with serving([sys.executable, "-c", code], port, expect=b"python_info") as server:
        assert len(ask(server, 3)) == 3
        seen = load(server, 2, 0.2, wrk=None)
        assert (seen.errors, seen.requests > 0) == (0, True)
        assert 0 < seen.p50 <= seen.p99
        assert server.rss > 5
        assert server.cpu > 0
    assert server.process.poll() is not None


def test_what_does_not_serve_is_told_with_its_last_words() -> None:
    with (
        pytest.raises(RuntimeError, match="no such thing"),
        serving([sys.executable, "-c", "raise SystemExit('no such thing')"], free_port()),
    ):
        pass


def test_another_statement_is_put_into_arguments_and_files(tmp_path: Path) -> None:
    path = tmp_path / "peer.yaml"
    path.write_text(yaml.safe_dump({"queries": [{"sql": "SELECT 1"}]}), encoding="utf-8")
    side = Side("peer", ["peer", 5, path, '{"sql": "SELECT 1"}'], 5, {}, "SELECT 1")
    command = side.asking("SELECT 2")
    assert command[3] == '{"sql": "SELECT 2"}'
    assert yaml.safe_load(Path(str(command[2])).read_text("utf-8")) == {"queries": [{"sql": "SELECT 2"}]}
    assert yaml.safe_load(path.read_text("utf-8")) == {"queries": [{"sql": "SELECT 1"}]}
