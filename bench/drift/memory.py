"""Peak memory, imports and size on disk, each measured on a process of its own (Linux)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.drift import data, sides

ROOT = Path(__file__).parents[2]
_MB = 1 << 20
_PRESET = """
import sys
from bench.drift import data, sides
sides.evidently_preset(data.reference(), data.window(int(sys.argv[1])))()
"""
_IMPORTS = {
    "ours": "import exporter.collectors.model, sqlite3, prometheus_client\n",
    "evidently": "import evidently, evidently.presets\n",
}
_WRAPPER = """
import atexit, re, runpy, sys
_, peak, target, *words = sys.argv
def tell():
    open(peak, "w").write(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
atexit.register(tell)
sys.argv = [target, *words]
exec(target) if "\\n" in target else runpy.run_module(target, run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class Process:
    """What a process took: peak resident memory in MB, CPU in seconds."""

    peak: float
    cpu: float


def run(python: Path, target: str, *words: str) -> Process:
    """Run a module (`-m` is implied) or, if it has a line break, source; RuntimeError when it fails.

    The peak is the process's own VmHWM: what wait() tells begins with the memory of its parent.
    """
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as messages:
        peak = Path(name) / "peak"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [str(python), "-W", "ignore", "-c", _WRAPPER, str(peak), target, *words]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=messages
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            messages.seek(0)
            raise RuntimeError(f"{words} failed: {messages.read().decode()[-2000:]}")
        return Process(int(peak.read_text()) / 1024, usage.ru_utime + usage.ru_stime)


def sidecar(rows: int) -> Process:
    """The real sidecar over an SQLite log of so many rows, all of them in the last day."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cycle = sides.Cycle(folder, data.reference())
        cycle.now = time.time() - 86_000
        for number in range(max(1, rows // 50_000)):
            size = min(rows, 50_000)
            cycle.write(data.window(size, seed=50 + number), 85_000 * size / rows)
        cycle.db.close()
        features = ", ".join(f"{feature}: {{}}" for feature in cycle.names)
        (folder / "sidecar.yaml").write_text(
            f"state_dir: {folder}\ncollection: {{timeout: 10m}}\n"
            f'databases: {{grader: {{url: "sqlite://{cycle.path}", timeout: 9s}}}}\n'
            "models:\n  model:\n    log: {database: grader, table: predictions}\n"
            f"    reference: {{profile: {folder}/profile.npz}}\n    features: {{{features}}}\n"
        )
        return run(Path(sys.executable), "exporter", "--config", str(folder / "sidecar.yaml"), "--once")


def preset(python: Path, rows: int) -> Process:
    """evidently's preset in an environment of its own."""
    return run(python, _PRESET, str(rows))


def imports(side: str, python: Path) -> Process:
    """What it costs to have it at all; the better of three."""
    return min((run(python, _IMPORTS[side]) for _ in range(3)), key=lambda process: process.cpu)


def installed(python: Path, names: Sequence[str] = ()) -> float:
    """MB of an environment's packages: all but pip, or those that begin with one of `names`."""
    (packages,) = (python.parents[1] / "lib").glob("python3*/site-packages")
    chosen = [
        entry
        for entry in packages.iterdir()
        if (
            entry.name.startswith(tuple(names)) if names else not entry.name.startswith(("pip", "setuptools"))
        )
    ]
    files = [f for entry in chosen for f in ([entry] if entry.is_file() else entry.rglob("*")) if f.is_file()]
    return sum(f.stat().st_size for f in files) / _MB
