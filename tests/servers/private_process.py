"""A server program run for tests: as an ordinary user, in a folder of its own, gone when the tests are."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START_SECONDS = 60.0
"""What a start may take on a busy machine; a quiet one needs one or two seconds."""
STOP_SECONDS = 30.0
_ROOM = 1 << 30
_UNPRIVILEGED = "nobody"
"""Who runs the servers when the tests run as root: database servers refuse root."""


def free_port() -> int:
    """A TCP port of the loopback interface on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], seconds: float = START_SECONDS, what: str = "") -> None:
    """Poll until `condition` holds; fails the test, naming `what`, when it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what or condition}"
        time.sleep(0.02)


def make_home(prefix: str) -> Path:
    """A temporary folder that the user of the servers can write and every user can enter."""
    # Not pytest's own folder: that is closed to other users, and too long for the path of a socket.
    home = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=_memory()))
    home.chmod(0o755)
    give_to_server(home)
    return home


def _memory() -> str | None:
    """A file system in memory, if there is room: to start a server is mostly to wait for the disk."""
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return None
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) and room.f_bavail * room.f_frsize > _ROOM else None


def give_to_server(path: Path) -> None:
    """Let the user of the servers own a file or folder."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _other_user() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def run_as_server(*command: object, environment: Mapping[str, str] | None = None) -> None:
    """Run a preparing program as the user of the servers; its output is the failure's message."""
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **(environment or {})},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
        **_other_user(),  # type: ignore[call-overload]
    )
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout[-3000:]}"


def stopped(pid: int) -> bool:
    """Whether every thread of a process stands still: a busy machine takes its time to stop them."""
    states = (
        path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")
    )
    return all(state in "Tt" for state in states)


class PrivateProcess:
    """One server process that can be started, stopped, killed, frozen and started again.

    It dies with the process that runs the tests, however that ends. `log` holds what it wrote.
    """

    def __init__(self, command: Sequence[object], log: Path, *, stop_signal: int = signal.SIGTERM) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process, f"{self.command[0]} was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there, be it frozen."""
        return self._process is not None and self._process.poll() is None

    def start(self, answers: Callable[[], bool]) -> None:
        """Start and wait until `answers` holds."""
        assert not self.running, f"{self.command[0]} runs already"
        leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*leash, *self.command],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_other_user(),  # type: ignore[call-overload]
            )

        def ready_or_dead() -> bool:
            return not self.running or answers()

        try:
            wait_until(ready_or_dead, what=f"{self.command[0]} answers; its log is {self.log}")
        except AssertionError:
            self.kill()
            raise
        assert self.running, f"{self.command[0]} ended:\n{self.log.read_text(errors='replace')[-3000:]}"

    def stop(self) -> None:
        """End it in order; a frozen one is thawed first, one that does not end is killed."""
        if not self.running:
            return
        self.thaw()
        self.send(self._stop_signal)
        assert self._process
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9: nothing is written, no connection is closed in order."""
        self.send(signal.SIGKILL)
        if self._process:
            self._process.wait(STOP_SECONDS)

    def freeze(self) -> None:
        """SIGSTOP: sockets stay open and nobody answers."""
        self.send(signal.SIGSTOP)
        wait_until(lambda: stopped(self.pid), what=f"{self.command[0]} stands still")

    def thaw(self) -> None:
        """SIGCONT."""
        self.send(signal.SIGCONT)

    def send(self, number: int) -> None:
        """Send a signal to the process, if it is there."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
