"""Peak memory, imports and size on disk, each measured on a process of its own (Linux)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.drift import data, sides
from bench.drift.peers import ROOT, variables_of_a_child

_MB = 1 << 20
_CHUNK = 50_000
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
    found = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
    heavy = [name for name in ("scipy", "sklearn", "pandas", "evidently", "pyarrow") if name in sys.modules]
    open(peak, "w").write(" ".join((found, *heavy)))
atexit.register(tell)
sys.argv = [target, *words]
exec(target) if "\\n" in target else runpy.run_module(target, run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class Process:
    """What a process took (peak resident memory in MB, CPU in seconds), printed, and had imported."""

    peak: float
    cpu: float
    printed: str
    heavy: tuple[str, ...]


@dataclass(slots=True)
class Row:
    """A line of the table: ours, what was promised of it, and the other side's."""

    name: str
    promise: float
    ours: float
    theirs: float | None = None


def run(python: Path, target: str, *words: str) -> Process:
    """Run a module (`-m` is implied) or, if it has a line break, source; RuntimeError when it fails.

    The peak is the process's own VmHWM: what wait() tells begins with the memory of its parent.
    """
    with (
        tempfile.TemporaryDirectory() as name,
        tempfile.TemporaryFile() as messages,
        tempfile.TemporaryFile() as printed,
    ):
        peak = Path(name) / "peak"
        command = [str(python), "-W", "ignore", "-c", _WRAPPER, str(peak), target, *words]
        process = subprocess.Popen(
            command, cwd=ROOT, env=variables_of_a_child(), stdout=printed, stderr=messages
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            messages.seek(0)
            raise RuntimeError(f"{words} failed: {messages.read().decode()[-2000:]}")
        printed.seek(0)
        seconds = usage.ru_utime + usage.ru_stime
        most, *heavy = peak.read_text().split()
        return Process(int(most) / 1024, seconds, printed.read().decode(), tuple(heavy))


def sidecar(rows: int, kind: str = "sqlite", versions: int = 1, hours: float = 23.6) -> Process:
    """The real sidecar over a log of so many rows of the last hours, from its start to its page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cycle = sides.Cycle(folder, data.reference(), versions)
        cycle.now = time.time() - hours * 3600 - 600
        size = min(rows, _CHUNK)
        windows = (data.window(size, seed=50 + number) for number in range(max(1, rows // _CHUNK)))
        place = "database: grader, table: predictions"
        if kind == "parquet":
            place = f"file: {folder}/log.parquet"
            _write_parquet(folder / "log.parquet", windows, cycle.now, hours * 3600 / rows)
        else:
            for window in windows:
                cycle.write(window, hours * 3600 * size / rows)
        cycle.db.close()
        features = ", ".join(f"{feature}: {{}}" for feature in cycle.names)
        (folder / "sidecar.yaml").write_text(
            f"state_dir: {folder}\ncollection: {{timeout: 10m}}\n"
            f'databases: {{grader: {{url: "sqlite://{cycle.path}", timeout: 5m}}}}\n'
            f"models:\n  model:\n    log: {{{place}}}\n    columns: {{version: version}}\n"
            f"    reference: {{profile: {folder}/profile.npz}}\n    features: {{{features}}}\n"
        )
        done = run(Path(sys.executable), "exporter", "--config", str(folder / "sidecar.yaml"), "--once")
        counted = re.findall(r"^grader_model_predictions_total{.*} (\S+)$", done.printed, re.M)
        if (found := sum(map(float, counted))) != rows:
            raise RuntimeError(f"{found:.0f} of {rows} rows were read: is the machine busy?")
        return done


def _write_parquet(path: Path, windows: Iterable[sides.Columns], start: float, step: float) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, first = None, 0
    for window in windows:
        columns: dict[str, Any] = dict(window)
        count = len(next(iter(columns.values())))
        times = start + step * np.arange(first, first + count)
        columns |= {"time": times, "version": ["v1"] * count, "score": next(iter(window.values()))}
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        first += count
    assert writer
    writer.close()


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


def versions(evidently: Path | None) -> dict[str, str]:
    """Of what was measured."""
    found = {name: version(name) for name in ("numpy", "pyarrow")}
    if evidently:
        source = "from importlib.metadata import version\nprint(version('evidently'), version('pandas'))\n"
        found |= dict(zip(("evidently", "pandas"), run(evidently, source).printed.split(), strict=True))
    return found
