"""A real nbgrader in an environment of its own, and a course that it has graded."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TOOLS = Path(__file__).parents[3] / ".tools"
RELEASE = "0.9.5"


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process at a time: the tests may run in several."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def nbgrader_python() -> Path:
    """The Python of an environment with nbgrader, made once a machine from constraints.txt."""
    home = TOOLS / f"nbgrader-{RELEASE}"
    pins = (HERE / "constraints.txt").read_bytes()
    made_from = home / "constraints.txt"
    with alone(TOOLS / f"nbgrader-{RELEASE}.lock"):
        if not made_from.exists() or made_from.read_bytes() != pins:
            shutil.rmtree(home, ignore_errors=True)
            run(
                sys.executable, "-m", "venv", "--without-pip", home
            )  # Debian's python3 alone has no ensurepip
            pip = (
                sys.executable,
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--python",
                home / "bin/python",
            )
            run(*pip, "install", "--quiet", "--constraint", HERE / "constraints.txt", f"nbgrader=={RELEASE}")
            made_from.write_bytes(pins)
    return home / "bin/python"


@pytest.fixture(scope="session")
def play(nbgrader_python: Path) -> Callable[[Path, str], None]:
    """Plays one round of plan.py in a folder, with real kernels."""

    def round_(folder: Path, which: str) -> None:
        surroundings = {
            "PATH": f"{nbgrader_python.parent}:{os.environ['PATH']}",  # nbgrader calls alembic
            "HOME": str(folder),
            "JUPYTER_DATA_DIR": str(folder / "jupyter"),
            "IPYTHONDIR": str(folder / "ipython"),
        }
        run(nbgrader_python, HERE / "course.py", folder, which, **surroundings)

    return round_


@pytest.fixture(scope="session")
def graded(
    play: Callable[[Path, str], None], tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Path:
    """The course after its first round: made once a run, only to be read."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "nbgrader-course"
    with alone(shared / "nbgrader-course.lock"):
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            unfinished.mkdir()
            play(unfinished, "first")
            unfinished.rename(folder)
    return folder


def run(*command: object, **environment: str) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
