"""The command line as a process: what it prints, how it ends, what it survives."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

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

    def start(*arguments: str | Path) -> Running:
        command = [sys.executable, "-m", "exporter", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
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


def test_the_sidecar_alone_imports_nothing_it_does_not_need(config: Path) -> None:
    """Neither the rest of gradewatch nor drivers of databases that are not configured."""
    code = (
        "import sys; from exporter.__main__ import main\n"
        f"sys.argv = ['exporter', '--config', {str(config)!r}, '--once']\n"
        "assert main() == 0\n"
        "print('MODULES', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(result.stdout.splitlines()[-1].split())
    unwanted = {
        "gradewatch",
        "policy",
        "rules",
        "alertmanager",
        "dashboards",
        "requests",
        "numpy",
        "sqlalchemy",
    }
    assert not loaded & (unwanted | {"pymysql", "MySQLdb", "psycopg", "redis", "_jsonnet", "grafanalib"})


@pytest.mark.parametrize(
    ("urls", "drivers"),
    [
        (["sqlite:////a.db"], set()),
        (["mysql://u@127.0.0.1:1/a", "sqlite:////a.db"], {"pymysql", "MySQLdb"}),
        (["postgres://u@127.0.0.1:1/a"], {"psycopg"}),
    ],
)
def test_a_driver_is_imported_when_a_database_needs_it_and_not_before(
    tmp_path: Path, urls: list[str], drivers: set[str]
) -> None:
    databases = ", ".join(f'd{number}: {{url: "{url}"}}' for number, url in enumerate(urls))
    path = tmp_path / "c.yaml"
    path.write_text(f"databases: {{{databases}}}\n", encoding="utf-8")
    code = (
        "import sys; from exporter.__main__ import main\n"
        f"sys.argv = ['exporter', '--config', {str(path)!r}, '--once']\n"
        "main()\n"
        "print('MODULES', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    known = {"pymysql", "MySQLdb", "psycopg", "redis", "requests", "numpy", "scipy", "sqlalchemy"}
    assert loaded & known <= drivers
    assert bool(loaded & drivers) == bool(drivers)
    assert 'grader_database_up{database="d0"} 0' in done.stdout
