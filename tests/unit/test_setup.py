"""A machine that lacks something gets one sentence with the way out, and exit code 2."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ALWAYS = ("sh", "dirname", "cat", "mkdir", "mktemp", "rm", "grep", "sed", "head", "cut")


@pytest.fixture
def project(tmp_path):
    """A copy of what the set-up needs, and `bin`, a PATH with nothing but a shell's usual company."""
    shutil.copytree(PROJECT / "setup", tmp_path / "setup")
    (tmp_path / "bin").mkdir()
    for name in ALWAYS:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    put(tmp_path, "id", "echo 1000")
    return tmp_path


def run(project: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "setup" / script],
        env={"PATH": str(project / "bin"), **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def put(project: Path, name: str, does: str) -> None:
    """A program on PATH that does something simple."""
    path = project / "bin" / name
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "environment", "says"),
    [
        ("servers.sh", {}, "servers: apt-get is missing: this is not Debian. Put prometheus, promtool, "),
        ("python.sh", {}, "python: python3 is missing: install Python 3.11 or newer "),
        (
            "python.sh",
            {"PYTHON": "python3.99"},
            "python: python3.99 is missing: install ",
        ),
        ("browser.sh", {}, "browser: apt-get is missing: this is not Debian. Put chromium on PATH, "),
        ("mysql.sh", {}, "mysql: apt-get is missing: this is not Debian. Put mysqld on PATH instead."),
        (
            "databases.sh",
            {"DATABASE_FOLDERS": ""},
            "databases: apt-get is missing: this is not Debian. Put mariadbd, postgres, ",
        ),
    ],
)
def test_what_is_missing_is_named_with_the_way_out(project, script, environment, says):
    done = run(project, script, **environment)
    assert done.returncode == 2
    assert done.stderr.startswith(says)
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_is_refused_by_its_version(project):
    put(project, "python3", 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi')
    done = run(project, "python.sh")
    assert done.returncode == 2
    assert done.stderr.startswith("python: Python 3.9.2 is too old: gradewatch needs 3.11 or newer; ")


def test_a_failed_download_says_why_and_leaves_nothing(project):
    put(project, "dpkg", "echo amd64")
    put(
        project,
        "apt-get",
        "echo 'W: Failed to fetch http://deb.debian.org' >&2; echo 'E: Some failed' >&2; exit 100",
    )
    done = run(project, "servers.sh")
    assert done.returncode == 2
    assert "did not come: Failed to fetch http://deb.debian.org. Check the network" in done.stderr
    assert list((project / ".tools").iterdir()) == []


def test_servers_on_path_are_enough_where_there_is_no_debian(project):
    for name in ("prometheus", "promtool", "alertmanager", "amtool"):
        put(project, name, "exit 0")
    done = run(project, "servers.sh")
    assert (done.returncode, done.stderr) == (
        0,
        "servers: this is not Debian; the servers on PATH are used\n",
    )


def test_a_folder_that_cannot_be_written_is_named(project):
    put(project, "apt-get", "exit 0")
    put(project, "dpkg", "echo amd64")
    (project / ".tools").write_text("a file where the folder should be")
    done = run(project, "servers.sh")
    assert done.returncode == 2
    assert done.stderr == (
        f"servers: no right to write {project / '.tools'}; use a copy of the project that is yours.\n"
    )


def test_database_servers_that_are_there_are_used(project):
    for name in ("mariadbd", "postgres", "redis-server", "rabbitmq-server"):
        put(project, name, "exit 0")
    done = run(project, "databases.sh", DATABASE_FOLDERS="")
    assert (done.returncode, done.stderr) == (0, "databases: ready\n")
    assert not (project / ".tools").exists()


def test_without_root_a_missing_rabbitmq_is_told_and_no_obstacle(project):
    for name in ("mariadbd", "postgres", "redis-server"):
        put(project, name, "exit 0")
    done = run(project, "databases.sh", DATABASE_FOLDERS="")
    assert done.returncode == 0
    assert "RabbitMQ is missing and cannot be unpacked; its tests are skipped" in done.stderr


def test_root_installs_what_is_missing_and_services_are_forbidden_meanwhile(project):
    """The machine's own policy is in force again afterwards, also after a failure."""
    policy = project / "policy-rc.d"
    script = project / "setup" / "databases.sh"
    script.write_text(script.read_text().replace("/usr/sbin/policy-rc.d", str(policy)))
    for name in ("chmod", "mv"):
        (project / "bin" / name).symlink_to(shutil.which(name))
    put(project, "id", "echo 0")
    put(project, "mariadbd", "exit 0")
    put(project, "rabbitmq-server", "exit 0")
    does = f'cat {policy} >>{project}/policies; echo "$@" >>{project}/calls'
    for ends, code in (("exit 0", 0), ("echo 'E: No space left' >&2; exit 100", 2)):
        policy.write_text("the machine's own")
        put(project, "apt-get", f"{does}\ncase $* in *install*) {ends};; esac")
        done = run(project, "databases.sh", DATABASE_FOLDERS="")
        assert done.returncode == code
        assert policy.read_text() == "the machine's own"
    assert (
        "could not be installed: No space left. Run `apt-get install postgresql redis-server`" in done.stderr
    )
    assert "-y --no-install-recommends install postgresql redis-server" in (project / "calls").read_text()
    assert (project / "policies").read_text() == "#!/bin/sh\nexit 101\n" * 4


def test_a_mysql_is_enough_and_a_mariadb_of_that_name_is_not(project):
    put(project, "mysqld", "echo 'mysqld  Ver 9.7.4 for Linux'")
    done = run(project, "mysql.sh")
    assert (done.returncode, done.stderr) == (0, "mysql: ready\n")
    put(project, "mysqld", "echo 'mysqld  Ver 10.11.19-MariaDB for Linux'")
    assert run(project, "mysql.sh").returncode == 2
