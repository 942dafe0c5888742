"""The demo as a user runs it: what it says, and that nothing of it is left when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gradewatch.demo.ports import shifted
from gradewatch.demo.processes import answers


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A running `gradewatch demo` whose temporary files go below `folder`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gradewatch", "demo", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(holds, what: str, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(0.1)


def servers_of(folder: Path) -> list[str]:
    """Command lines of the processes that work below `folder`."""
    found = []
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = status.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended meanwhile
        if str(folder) in command:
            found.append(command)
    return found


def running(offset: int) -> bool:
    """Whether the last server that is started, and the sinks, answer."""
    ports = shifted(offset)
    return all(answers(url) for url in (f"{ports.url('prometheus')}/-/ready", f"{ports.url('sinks')}/"))


def free(offset: int) -> bool:
    """Whether nothing listens on any port of the demo."""
    from gradewatch.demo.ports import check_free
    from gradewatch.exits import UsageError

    try:
        check_free(shifted(offset))
    except UsageError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ending_the_demo_leaves_no_process_no_port_and_no_file(tmp_path, free_offset, how):
    with demo(tmp_path, "--port-offset", str(free_offset), "--speed", "60") as process:
        first = process.stdout.readline()
        assert first.startswith("gradewatch demo"), process.communicate()[1]
        assert running(free_offset)
        assert len(servers_of(tmp_path)) == 4
        process.send_signal(how)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said.endswith("Everything is stopped and removed.\n")
    assert servers_of(tmp_path) == []
    assert free(free_offset)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_servers_die_with_a_demo_that_is_killed(tmp_path, free_offset):
    with demo(tmp_path, "--port-offset", str(free_offset), "--speed", "60") as process:
        wait_until(lambda: running(free_offset), "the demo runs")
        process.kill()
        wait_until(lambda: not servers_of(tmp_path), "its servers are gone", within=10)


def test_a_taken_port_is_named_with_the_way_out_and_nothing_is_started(tmp_path, free_offset):
    taken = shifted(free_offset).alertmanager
    with (
        socket.create_server(("127.0.0.1", taken)),
        demo(tmp_path, "--port-offset", str(free_offset)) as process,
    ):
        said, complaint = process.communicate(timeout=30)
    assert (process.returncode, said) == (2, "")
    assert complaint == (
        f"gradewatch: port {taken} (alertmanager) is taken: stop what listens there, or move all ports with "
        "`--port-offset 100` (`make run PORT_OFFSET=100`)\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused(tmp_path, free_offset):
    (tmp_path / "mine").write_text("precious")
    with demo(tmp_path, "--port-offset", str(free_offset), "--dir", str(tmp_path)) as process:
        _, complaint = process.communicate(timeout=30)
    assert process.returncode == 2
    assert complaint == f"gradewatch: --dir {tmp_path} is not empty; name a new folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
