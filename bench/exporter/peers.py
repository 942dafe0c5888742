"""The peers: Debian's exporters unpacked, PyPI's in environments of their own, others where they are on PATH.

Nothing is installed into the system. What does not come is left out, and the tables say "not measured".
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(os.environ.get("GRADEWATCH_PEERS", f"{tempfile.gettempdir()}/gradewatch-peers-{os.getuid()}"))
_DEBIAN = (
    "prometheus-sql-exporter",
    "prometheus-mysqld-exporter",
    "prometheus-postgres-exporter",
    "prometheus-redis-exporter",
    "wrk",
    "libluajit-5.1-2",
)
_PYPI = {
    "query-exporter": ("query-exporter", "PyMySQL", "psycopg[binary]"),
    "rq-exporter": ("rq-exporter",),
    "celery-exporter": ("celery-exporter",),
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A program and its version."""

    path: Path
    version: str


def fetch() -> None:
    """Bring what is missing; prints what does not come."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    _debian()
    for name, packages in _PYPI.items():
        _pypi(name, packages)
    _sidecar()
    _faster_driver()


def sidecar_python() -> str:
    """The Python of an environment with what the sidecar needs and nothing else; ours when there is none.

    Packages of the tests are found by drivers and loaded: PyMySQL takes 7 MB more where cryptography is.
    """
    python = FOLDER / "sidecar/bin/python"
    return str(python) if (FOLDER / "sidecar/complete").exists() else sys.executable


def find(name: str) -> Peer | None:
    """A peer by its program's name: on PATH, unpacked, or in its environment."""
    for place in (shutil.which(name), FOLDER / "debian/usr/bin" / name, FOLDER / name / "bin" / name):
        if place and Path(place).exists():
            return Peer(Path(place), _version(Path(place), name))
    return None


def faster_driver() -> dict[str, str] | None:
    """Environment in which our side finds mysqlclient; None where it could not be built."""
    folder = FOLDER / "mysqlclient"
    return {"PYTHONPATH": f"{folder}{os.pathsep}{Path.cwd()}"} if (folder / "MySQLdb").exists() else None


def _debian() -> None:
    unpacked, packages = FOLDER / "debian", FOLDER / "packages"
    wanted = [name for name in _DEBIAN if not list(packages.glob(f"{name}_*.deb"))]
    if not shutil.which("apt-get") or not wanted:
        return
    packages.mkdir(exist_ok=True)
    for name in wanted:
        _try(["apt-get", "download", "--quiet", name], packages)
    for package in packages.glob("*.deb"):
        _try(["dpkg", "-x", str(package), str(unpacked)], packages)


def _pypi(name: str, packages: tuple[str, ...]) -> None:
    home = FOLDER / name
    if (home / "tried").exists():
        return
    _try([sys.executable, "-m", "venv", "--without-pip", str(home)], FOLDER)
    # Wheels only: nothing is compiled but the driver that we compare ourselves with.
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin/python"), "install", "--quiet"]
    _try([*pip, "--only-binary", ":all:", *packages], FOLDER)
    (home / "tried").touch()


def _sidecar() -> None:
    home = FOLDER / "sidecar"
    if (home / "complete").exists():
        return
    project = Path(__file__).parents[2]
    lines = (project / "deploy/sidecar-requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "mysqlclient", "numpy"))]
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin/python"), "install", "--quiet"]
    if _try([sys.executable, "-m", "venv", "--without-pip", str(home)], FOLDER) and _try(
        [*pip, "--only-binary", ":all:", "--constraint", str(project / "constraints.txt"), *wanted], FOLDER
    ):
        (home / "complete").touch()


def _faster_driver() -> None:
    folder = FOLDER / "mysqlclient"
    if not (folder / "MySQLdb").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
        if not _try([*pip, "--no-binary", "mysqlclient", "mysqlclient>=2.2.4,<3"], FOLDER):
            needs = "default-libmysqlclient-dev, pkg-config and a C compiler"
            print(
                f"peers: without mysqlclient its rows are left out; it is built with {needs}", file=sys.stderr
            )


def _try(command: list[str], folder: Path) -> bool:
    """Run; whether it went well."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        print(f"peers: {' '.join(command[-2:])} did not come: {lines[-1]}", file=sys.stderr)
    return done.returncode == 0


def _version(path: Path, name: str) -> str:
    python = path.parent / "python"
    if python.exists() and FOLDER in path.parents:
        code = f"from importlib.metadata import version; print(version({name!r}))"
        return subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=False
        ).stdout.strip()
    packages = list((FOLDER / "packages").glob(f"{name}_*.deb"))
    return packages[0].name.split("_")[1] if packages else "of PATH"
