"""No signal is lost: each case runs in a process of its own, which must answer or hang."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
START = """
import os, signal, threading, time
from exporter.signals import Signals
signals = Signals()
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", START + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


def test_a_signal_that_another_thread_receives_wakes_the_one_that_waits() -> None:
    """The kernel interrupts the thread that it chose; one that waits for a lock would go on waiting."""
    result = run("""
def receive():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Thread(target=receive).start()
print(signals.next() == signal.SIGTERM)
""")
    assert (result.stdout, result.returncode) == ("True\n", 0)


def test_signals_before_the_wait_are_kept_and_the_end_goes_first() -> None:
    result = run("""
os.kill(os.getpid(), signal.SIGHUP)
print(signals.next() == signal.SIGHUP)
os.kill(os.getpid(), signal.SIGHUP)
os.kill(os.getpid(), signal.SIGTERM)
print(signals.next() == signal.SIGTERM)
""")
    assert (result.stdout, result.returncode) == ("True\nTrue\n", 0)


def test_a_storm_of_reloads_is_one_and_does_not_hide_the_end() -> None:
    """More than the socket holds: what came after them is found all the same."""
    result = run("""
for _ in range(20_000):
    os.kill(os.getpid(), signal.SIGHUP)
print(signals.next() == signal.SIGHUP)
for _ in range(20_000):
    os.kill(os.getpid(), signal.SIGHUP)
os.kill(os.getpid(), signal.SIGTERM)
print(signals.next() == signal.SIGTERM)
""")
    assert (result.stdout, result.returncode) == ("True\nTrue\n", 0)


@pytest.mark.parametrize("second", ["SIGTERM", "SIGINT"])
def test_the_second_that_ends_ends_at_once(second: str) -> None:
    result = run(f"""
os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.{second})
time.sleep(10)
""")
    assert result.returncode == 128 + {"SIGTERM": 15, "SIGINT": 2}[second]
