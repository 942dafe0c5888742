"""The command line as a process: what it prints, how it ends, what it survives."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def grader(tmp_path: Path) -> Path:
    """An SQLite database."""
    path = tmp_path / "grader.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (a)")
    return path


@pytest.fixture
def config(tmp_path: Path, grader: Path) -> Path:
    """A configuration that only watches the health of that database, and of one that does not exist."""
    path = tmp_path / "sidecar.yaml"
    path.write_text(
        f"""\
listen: ["127.0.0.1:0"]
state_dir: {tmp_path}/state
databases:
  grader: {{url: "sqlite://{grader}"}}
  missing: {{url: "sqlite://{tmp_path}/missing.db"}}
""",
        encoding="utf-8",
    )
    return path


def run(*arguments: str | Path, module: str = "exporter") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *module.split(), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


class Running:
    """A sidecar that serves."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        self.log: list[str] = []
        for line in process.stderr:
            self.log.append(line)
            if match := re.search(r"msg=serving url=(\S+)", line):
                self.url = match[1]
                return
        raise AssertionError("".join(self.log))

    def read_until(self, text: str) -> None:
        """Read the log up to a line with this text."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if text in line:
                return
        raise AssertionError("".join(self.log))

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=30)
        return self.process.returncode, "".join(self.log) + rest


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    """Starts a sidecar on a free port."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path, before: Sequence[str] = (), **more: Any) -> Running:
        command = [*before, sys.executable, "-m", "exporter", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, **more)
        processes.append(process)
        return Running(process)

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("module", ["exporter", "gradewatch exporter"])
def test_once_prints_one_page(config: Path, module: str) -> None:
    """Alone and as a verb of gradewatch alike; nothing is left behind."""
    result = run("--config", config, "--once", module=module)
    assert (result.returncode, result.stderr) == (0, "")
    assert 'grader_database_up{database="grader"} 1\n' in result.stdout
    assert 'grader_database_up{database="missing"} 0\n' in result.stdout
    assert not (config.parent / "state").exists()


def test_once_fails_when_a_collector_does(config: Path, grader: Path) -> None:
    """The database has none of the demo grader's tables: the page says so, and so does the exit code."""
    with config.open("a", encoding="utf-8") as file:
        file.write("graders: [{profile: demo, database: grader}]\n")
    result = run("--config", config, "--once")
    assert result.returncode == 1
    assert 'grader_exporter_collector_success{collector="submissions"} 0\n' in result.stdout
    assert 'grader_exporter_collector_error{collector="submissions",reason="query"} 1\n' in result.stdout
    assert 'grader_database_up{database="grader"} 1\n' in result.stdout
    assert re.search(
        r'level=warning msg="collector fails" collector=submissions .*reason=query', result.stderr
    )


def test_once_prints_what_is_served_whatever_the_terminal_is(config: Path) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write(
            "queries: {q: {database: grader, sql: \"SELECT 1 AS n, 'Übung' AS k\", metrics: [{"
            "metric: desk_open, type: gauge, help: x, value: n, labels: {k: k}}]}}\n"
        )
    command = [sys.executable, "-m", "exporter", "--config", str(config), "--once"]
    more = {"cwd": ROOT, "env": {**os.environ, "PYTHONIOENCODING": "ascii"}}
    result = subprocess.run(command, capture_output=True, check=False, **more)
    assert 'desk_open{k="Übung"} 1\n' in result.stdout.decode()
    assert result.stderr == b""


def test_once_may_be_read_in_part_only(config: Path) -> None:
    """As by `head`: no traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "exporter", "--config", str(config), "--once"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.parametrize("flag", ["--check-config", "--config.check"])
def test_a_good_configuration_is_ok(config: Path, flag: str) -> None:
    result = run("--config.file", config, flag)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{config}: ok\n", "")


@pytest.mark.parametrize("mode", [["--check-config"], ["--once"], []])
def test_a_wrong_configuration_is_refused_with_all_faults(tmp_path: Path, mode: list[str]) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "listen: [x]\ndatabases:\n  a: {url: mysql://h/a, timeout: 1}\nstate: /x\n", encoding="utf-8"
    )
    result = run("--config", path, *mode)
    assert (result.returncode, result.stdout) == (2, "")
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == ["1", "3", "3", "4"]


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = run("--config", tmp_path / "none.yaml")
    assert result.returncode == 2
    assert result.stderr == f"{tmp_path}/none.yaml:1:1: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("address", ["localhost", "a:b", ":70000", "[::1"])
def test_a_wrong_address_is_refused(config: Path, address: str) -> None:
    result = run("--config", config, "--listen", address)
    assert result.returncode == 2
    assert f'"{address}" is not an address like "0.0.0.0:11910"' in result.stderr


def test_a_taken_port_is_told_in_one_sentence(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run("--config", config, "--listen", address)
    assert result.returncode == 2
    assert result.stderr == f"{address}: Address already in use; choose another address with --listen\n"


def test_a_state_folder_that_cannot_be_written_is_told_at_start(config: Path) -> None:
    """A file in its place: also root cannot write there."""
    (config.parent / "state").write_text("", encoding="utf-8")
    result = run("--config", config)
    assert result.returncode == 2
    assert f"state_dir {config.parent}/state cannot be written" in result.stderr


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"gradewatch sidecar \d+\.\d+\.\d+\n", run("--version").stdout)


def test_it_serves_until_it_is_told_to_end(config: Path, serve: Callable[..., Running]) -> None:
    sidecar = serve("--config", config)
    assert sidecar.get("-/healthy") == (200, "ok\n")
    assert 'grader_database_up{database="grader"} 1' in sidecar.get("metrics")[1]
    assert "<h1>gradewatch" in sidecar.get("")[1]
    code, log = sidecar.end()
    assert code == 0
    assert log.count("\n") == len([line for line in log.splitlines() if line.startswith("ts=")])
    assert "msg=ending" in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(config: Path, serve: Callable[..., Running], number: signal.Signals) -> None:
    assert serve("--config", config).end(number)[0] == 0


def test_it_is_ready_without_a_scrape(config: Path, serve: Callable[..., Running]) -> None:
    """It collects once at its start, so that counting begins there and faults are told at once."""
    sidecar = serve("--config", config)
    until = time.monotonic() + 10
    while sidecar.get("-/ready")[0] != 200:
        assert time.monotonic() < until


def test_a_database_that_comes_later_is_found(config: Path, serve: Callable[..., Running]) -> None:
    sidecar = serve("--config", config)
    assert 'grader_database_up{database="missing"} 0\n' in sidecar.get("metrics")[1]
    with contextlib.closing(sqlite3.connect(config.parent / "missing.db")) as database:
        database.execute("CREATE TABLE t (a)")
    assert 'grader_database_up{database="missing"} 1\n' in sidecar.get("metrics")[1]
    (config.parent / "missing.db").unlink()
    assert 'grader_database_up{database="missing"} 0\n' in sidecar.get("metrics")[1]


def test_several_addresses_and_json_logs(config: Path, serve: Callable[..., Running]) -> None:
    sidecar = serve("--config", config, "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0")
    assert sidecar.process.stderr
    assert "msg=serving" in sidecar.process.stderr.readline()
    sidecar.end()
    result = run("--config", config, "--once", "--log.level", "debug", "--log.format", "json")
    assert result.stderr.startswith('{"ts": "')


HEAVY = {"pymysql", "MySQLdb", "psycopg", "redis", "requests", "numpy", "scipy", "pyarrow"}
NEVER = {
    "gradewatch",
    "policy",
    "rules",
    "alertmanager",
    "dashboards",
    "sqlalchemy",
    "_jsonnet",
    "rjsonnet",
    "grafanalib",
}


@pytest.mark.parametrize(
    ("source", "drivers"),
    [
        ("databases: {{a: {{url: 'sqlite://{grader}'}}}}", [set()]),
        ("databases: {{a: {{url: 'mysql://u@127.0.0.1:1/d'}}}}", [{"pymysql"}, {"MySQLdb"}]),
        ("databases: {{a: {{url: 'postgresql://u@127.0.0.1:1/d'}}}}", [{"psycopg"}]),
        (
            "brokers: {{b: {{url: 'redis://127.0.0.1:1/0'}}}}\nqueues: [{{queue: q, broker: b, kind: list}}]",
            [{"redis"}],
        ),
        ("probes: {{p: {{url: 'http://127.0.0.1:1/'}}}}", [{"requests"}]),
    ],
)
def test_what_is_not_configured_is_not_imported(
    tmp_path: Path, grader: Path, source: str, drivers: list[set[str]]
) -> None:
    """It would cost memory and start. Whether the sources answer does not matter here."""
    config = tmp_path / "sidecar.yaml"
    config.write_text(source.format(grader=grader) + "\n", encoding="utf-8")
    code = (
        "import sys; from exporter.__main__ import main\n"
        f"sys.argv = ['exporter', '--config', {str(config)!r}, '--once']\n"
        "code = main()\n"
        "print('MODULES', code, *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    _, code_, *modules = result.stdout.splitlines()[-1].split()
    assert code_ in ("0", "1"), result.stderr
    assert set(modules) & HEAVY in drivers
    assert not set(modules) & NEVER


def test_both_files_are_checked_at_once(config: Path, tmp_path: Path) -> None:
    web = tmp_path / "web.yml"
    web.write_text("http_server_config: {}\n", encoding="utf-8")
    good = run("--config", config, "--web.config.file", web, "--check-config")
    assert (good.returncode, good.stdout) == (0, f"{config}: ok\n{web}: ok\n")
    web.write_text("tls_server_config: {min_version: TLS10}\n", encoding="utf-8")
    config.write_text("databases: {}\nstate: /x\n", encoding="utf-8")
    for mode in (["--check-config"], []):
        wrong = run("--config", config, "--web.config.file", web, *mode)
        assert wrong.returncode == 2
        assert [line.split(":")[:2] for line in wrong.stderr.splitlines()] == [
            [str(config), "2"],
            *[[str(web), "1"]] * 3,
        ]


def test_a_hangup_reads_the_configuration_again(config: Path, serve: Callable[..., Running]) -> None:
    sidecar = serve("--config", config)
    text = config.read_text(encoding="utf-8")
    for change, line in (
        ("collection: {timeout: 5s}\n", 'msg="configuration read again"'),
        ("surprise: 1\n", "unknown key"),
    ):
        config.write_text(text + change, encoding="utf-8")
        sidecar.process.send_signal(signal.SIGHUP)
        sidecar.read_until(line)
    assert "grader_exporter_config_last_reload_successful 0\n" in sidecar.get("metrics")[1]
    assert sidecar.end()[0] == 0


def test_the_metrics_can_be_elsewhere(config: Path, serve: Callable[..., Running]) -> None:
    sidecar = serve("--config", config, "--web.telemetry-path", "/grader/metrics", "--web.max-requests", "3")
    assert sidecar.get("grader/metrics")[0] == 200
    assert sidecar.get("metrics")[0] == 404
    assert '<a href="/grader/metrics">' in sidecar.get("")[1]


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--web.telemetry-path", "metrics", '"metrics" is not a path like "/metrics"; /-/ is taken'),
        ("--web.telemetry-path", "/-/ready", '"/-/ready" is not a path like "/metrics"; /-/ is taken'),
        ("--web.max-requests", "0", '"0" is not a number from 1 to 9999'),
    ],
)
def test_a_wrong_option_is_refused(config: Path, option: str, value: str, says: str) -> None:
    result = run("--config", config, option, value)
    assert (result.returncode, says in result.stderr) == (2, True)


def test_a_socket_that_was_handed_over_is_served(config: Path, serve: Callable[..., Running]) -> None:
    """As systemd does it: descriptor 3, and the process that it is meant for."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        descriptor = listening.fileno()

        shell = shutil.which("sh")
        assert shell
        before = (shell, "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh")
        sidecar = serve(
            "--config",
            config,
            "--web.systemd-socket",
            before=before,
            preexec_fn=lambda: os.dup2(descriptor, 3),
            pass_fds=(3,),
        )
        assert sidecar.url == f"http://127.0.0.1:{listening.getsockname()[1]}/"
        assert sidecar.get("-/healthy")[0] == 200
        assert sidecar.end()[0] == 0


def test_without_a_socket_that_was_handed_over_it_says_so(config: Path) -> None:
    result = run("--config", config, "--web.systemd-socket")
    assert result.returncode == 2
    assert "systemd handed over no socket" in result.stderr


def _own_processes() -> bool:
    """Whether a process can be number 1 of a namespace of its own here."""
    probe = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "true"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not _own_processes(), reason="no namespaces for processes here")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_as_the_first_process_of_a_container(
    config: Path, serve: Callable[..., Running], number: signal.Signals
) -> None:
    """The kernel gives process 1 no default action: an unhandled signal would be ignored."""
    before = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child=SIGKILL")
    sidecar = serve("--config", config, before=before)
    children = Path(f"/proc/{sidecar.process.pid}/task/{sidecar.process.pid}/children")
    os.kill(int(children.read_text(encoding="utf-8")), number)
    assert sidecar.process.wait(20) == 0


def test_a_second_signal_ends_it_at_once(config: Path, grader: Path, serve: Callable[..., Running]) -> None:
    """While a scrape is in work that would hold the end up: a client that does not read its answer."""
    sidecar = serve("--config", config)
    port = int(sidecar.url.rsplit(":", 1)[1].strip("/"))
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        client.connect(("127.0.0.1", port))
        # Many requests, whose answers fill every buffer on the way.
        with contextlib.suppress(OSError):
            client.settimeout(3)
            while True:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        sidecar.process.send_signal(signal.SIGTERM)
        sidecar.read_until("msg=ending")
        sidecar.process.send_signal(signal.SIGTERM)
        assert sidecar.process.wait(5) == 128 + signal.SIGTERM
