"""The demo's servers as child processes: one started when the last is ready, stopped in reverse."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gradewatch.exits import UsageError

_LEASH = Path(__file__).with_name("leash.py")
_READY_WITHIN = 30.0
_STOP_WITHIN = 5.0
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """A running server and the file that takes what it says."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


class Processes:
    """Children of this process, as a context manager that leaves none behind."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[Process] = []

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all, the last one first, so that nobody reports that another one is gone."""
        for process in reversed(self._running):
            _stop(process.popen)

    def start(self, name: str, command: Sequence[str | Path], ready: str) -> Process:
        """Start a server and wait until `ready`, a URL, answers 200.

        A child has a session of its own: Ctrl-C reaches only this process, which stops them in order.
        Raises UsageError with the server's last words when it ends or does not become ready.
        """
        log = self._logs / f"{name}.log"
        with log.open("wb") as stream:
            popen = subprocess.Popen(
                [sys.executable, "-S", str(_LEASH), str(os.getpid()), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = Process(name, popen, log)
        self._running.append(process)
        _wait(process, ready)
        return process

    def ended(self) -> Process | None:
        """A server that ended by itself; None while all is well."""
        return next((process for process in self._running if process.popen.poll() is not None), None)


def _wait(process: Process, url: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while not answers(url):
        if process.popen.poll() is not None:
            raise UsageError(f"{process.name} did not start: {process.last_words()}")
        if time.monotonic() > deadline:
            raise UsageError(
                f"{process.name} does not answer at {url} after {_READY_WITHIN:.0f} s: {process.last_words()}"
            )
        time.sleep(_POLL)


def answers(url: str) -> bool:
    """Whether a GET of a local URL gives 200."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({})
    )  # a proxy does not know this machine
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _stop(popen: subprocess.Popen[bytes]) -> None:
    popen.terminate()
    try:
        popen.wait(_STOP_WITHIN)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()
