"""A private Redis and a private RabbitMQ: on free ports, in a temporary folder, gone when the tests are.

server = Redis(); server.start(); server.client().rpush("jobs", 1); server.url()
server.kill(); server.start(); server.freeze(); server.thaw(); server.remove()
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis
import requests

from tests.servers.private_process import (
    PrivateProcess,
    free_port,
    give_to_server,
    make_home,
    wait_until,
)

_UNPACKED = Path(__file__).parents[2] / ".tools" / "databases" / "bin"


class Missing(Exception):  # noqa: N818 - it says what is the case
    """A server is not on this machine; the message names the way to it."""


def program(name: str, *folders: str) -> Path:
    """A server's program: on PATH, where Debian hides it, or unpacked into .tools."""
    places = [*os.get_exec_path(), "/usr/sbin", *folders, str(_UNPACKED)]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise Missing(f"{name} is not on this machine: run setup/databases.sh")
    return Path(found)


class _Server:
    """A home, a port, a process."""

    def __init__(self, kind: str) -> None:
        self.home = make_home(f"gradewatch-{kind}")
        self.port = free_port()
        self.process = PrivateProcess([], self.home / "log", stop_signal=signal.SIGTERM)
        self.write("log", "")

    def command(self) -> Sequence[object]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def write(self, name: str, text: str) -> Path:
        """A file in the home that the server may read."""
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        give_to_server(path)
        return path

    def start(self) -> None:
        """Start and wait until it answers."""
        self.process.command = [str(part) for part in self.command()]
        self.process.start(self.answers)

    def stop(self) -> None:
        """Shut down in order."""
        self.process.stop()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()

    def freeze(self) -> None:
        """Hang: sockets stay open, nobody answers."""
        self.process.freeze()

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self.process.thaw()

    def ensure_running(self) -> None:
        """Whatever was done to it: running and answering afterwards."""
        self.thaw()
        if not self.process.running:
            self.start()
        wait_until(self.answers, what=f"{type(self).__name__} answers again")

    def remove(self) -> None:
        """Stop for good and delete the folder."""
        self.thaw()
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)


def _pings(client: Any) -> bool:
    """Whether a Redis or a Sentinel answers, be it that it wants a password."""
    try:
        client.ping()
    except redis.exceptions.AuthenticationError:
        return True
    except redis.exceptions.RedisError:
        return False
    return True


class Redis(_Server):
    """A Redis without persistence; `options` go to its command. `tls`: certificate, key and CA files."""

    def __init__(self, *options: str, tls: tuple[Path, Path, Path] | None = None) -> None:
        self._options = options
        self._program = program("redis-server")
        self.tls = tls
        super().__init__("redis")

    def command(self) -> Sequence[object]:
        ports: Sequence[object] = ("--port", self.port)
        if self.tls:
            certificate, key, ca = self.tls
            ports = ("--port", 0, "--tls-port", self.port, "--tls-auth-clients", "no")
            ports = (*ports, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", ca)
        fixed = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.home)
        return (self._program, *ports, *fixed, *self._options)

    def client(self, **options: Any) -> Any:
        """An administrator's client of redis-py."""
        if self.tls:
            options |= {"ssl": True, "ssl_ca_certs": str(self.tls[2])}
        return redis.Redis("127.0.0.1", self.port, socket_timeout=5, **options)

    def answers(self) -> bool:
        return _pings(self.client())

    def url(self, database: int = 0) -> str:
        """redis://127.0.0.1:port/database."""
        return f"redis{'s' if self.tls else ''}://127.0.0.1:{self.port}/{database}"


class RedisSentinel(_Server):
    """A Sentinel that watches `master` under a name, and decides alone. `options` are lines of its file."""

    def __init__(self, master: Redis, name: str, *options: str) -> None:
        self._program = program("redis-server")
        super().__init__("sentinel")
        lines = (
            f"port {self.port}",
            "bind 127.0.0.1",
            f"dir {self.home}",
            f"sentinel monitor {name} 127.0.0.1 {master.port} 1",
            f"sentinel down-after-milliseconds {name} 500",
            f"sentinel failover-timeout {name} 3000",
            *options,
        )
        self._file = self.write("sentinel.conf", "\n".join(lines))

    def command(self) -> Sequence[object]:
        return (self._program, self._file, "--sentinel")

    def client(self, **options: Any) -> Any:
        """A client of redis-py, which has the commands of Sentinels."""
        return redis.Redis("127.0.0.1", self.port, socket_timeout=5, **options)

    def answers(self) -> bool:
        return _pings(self.client())


class RabbitMQ(_Server):
    """A RabbitMQ node with its management plugin, an epmd of its own, and no port but its own.

    `port` is AMQP's, `management` the plugin's. The administrator is guest:guest.
    """

    def __init__(self) -> None:
        # Debian's wrapper in /usr/sbin insists on its own user; the script beside the code does not.
        scripts = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))
        self._program = program(
            "rabbitmq-server-script" if not scripts else str(scripts[-1] / "rabbitmq-server")
        )
        self._epmd = program("epmd")
        super().__init__("rabbitmq")
        self.management, self._dist_port, self._epmd_port = free_port(), free_port(), free_port()
        for folder in ("data", "logs"):
            (self.home / folder).mkdir()
            give_to_server(self.home / folder)
        self.write(
            "rabbitmq.conf",
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.management}\n"
            "collect_statistics_interval = 500\nlog.console = true\nlog.console.level = warning\n",
        )
        self.write("plugins", "[rabbitmq_management].\n")
        self.epmd = PrivateProcess(
            [self._epmd, "-port", str(self._epmd_port), "-address", "127.0.0.1"], self.home / "epmd.log"
        )

    def command(self) -> Sequence[object]:
        environment = {
            "HOME": self.home,
            "ERL_EPMD_PORT": self._epmd_port,
            "RABBITMQ_NODENAME": f"gradewatch-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": self._dist_port,
            "RABBITMQ_CONFIG_FILE": self.home / "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.home / "plugins",
            "RABBITMQ_MNESIA_BASE": self.home / "data",
            "RABBITMQ_LOG_BASE": self.home / "logs",
            "RABBITMQ_PID_FILE": self.home / "pid",
            "RABBITMQ_CONF_ENV_FILE": self.home / "no-such-file",
            # One scheduler, which sleeps when it has nothing to do: other servers need the machine too.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
        }
        return ("env", *(f"{name}={value}" for name, value in environment.items()), self._program)

    def start(self) -> None:
        if not self.epmd.running:
            self.epmd.start(lambda: _listens(self._epmd_port))
        self.process.command = [str(part) for part in self.command()]
        self.process.start(lambda: True)
        # The node is slow where the machine is busy, and must not be left behind when it comes too late.
        log = self.home / "log"
        wait_until(
            lambda: self.answers() or not self.process.running, 180, f"RabbitMQ answers; its log is {log}"
        )
        assert self.process.running, f"RabbitMQ ended:\n{log.read_text(errors='replace')[-3000:]}"

    def answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return self.api("GET", "/overview").ok and _listens(self.port)
        return False

    def api(self, method: str, path: str, body: object = None) -> requests.Response:
        """The management API as administrator; `path` begins after /api."""
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.url()}/api{path}"
            return session.request(method, url, json=body, auth=("guest", "guest"), timeout=30)

    def url(self) -> str:
        """http://127.0.0.1:port of the management plugin."""
        return f"http://127.0.0.1:{self.management}"

    def amqp(self, vhost: str = "/") -> str:
        """amqp://... for producers and consumers."""
        from urllib.parse import quote

        return f"amqp://guest:guest@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def freeze(self) -> None:
        for process in self._processes():
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    def kill(self) -> None:
        """kill -9 for the whole tree: the script that started the node, the node, its helpers."""
        processes = self._processes()
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        super().kill()
        wait_until(lambda: not any(_alive(p) for p in processes), 30, "its processes end")

    def remove(self) -> None:
        self.thaw()
        self.kill()
        self.epmd.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def _processes(self) -> list[int]:
        """The script that starts the node and all that descend from it, orphans included."""
        found = _tree(self.process.pid) if self.process.running else []
        return [*found, *(process for process in _with_argument(self.home) if process not in found)]


def _tree(parent: int) -> list[int]:
    """A process and all that descend from it."""
    found = [parent]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _tree(int(child))
    return found


def _with_argument(folder: Path) -> list[int]:
    """Processes whose command line names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found


def _alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    return False


def _listens(port: int) -> bool:
    import socket

    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
