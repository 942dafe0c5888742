"""The other side of each ratio: packages in environments of their own in .bench/, with our sources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".bench"
PACKAGES = {
    "evidently": ("evidently==0.7.23", "pandas<3"),
    "alibi-detect": ("alibi-detect==0.13.0",),
    "nannyml": ("nannyml==0.13.1", "statsmodels"),
}
"""Those that need versions of their own; scipy and scikit-learn are in our environment for development."""
_OURS = ("numpy", "prometheus-client>=0.21", "PyYAML", "msgspec")
_CORE_CHOICES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""A choice of core for one machine's OpenBLAS; numpy and scipy of other builds warn of it, or are slower."""


def environment(peer: str) -> Path | str:
    """A peer's Python, installed when it is missing; the reason where that does not work."""
    if peer not in PACKAGES:
        return Path(sys.executable)
    folder = FOLDER / peer
    python, failure = folder / "bin/python", folder / "failure"
    if not (folder / "ready").exists() and not failure.exists():
        say(f"installing {peer} into {folder}")
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "-q", "--only-binary", ":all:"]
        done = subprocess.run(
            [*command, *PACKAGES[peer], *_OURS], check=False, stderr=subprocess.PIPE, text=True
        )
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        (failure if done.returncode else folder / "ready").write_text(lines[0] if lines else "")
    return failure.read_text() or "it cannot be installed" if failure.exists() else python


def child(python: Path, module: str, *words: str, **variables: str) -> dict[str, Any]:
    """Run a module in an environment, with our sources; its JSON."""
    done = subprocess.run(
        [str(python), "-W", "ignore", "-m", module, *words],
        cwd=ROOT,
        env=variables_of_a_child() | variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def variables_of_a_child() -> dict[str, str]:
    """The environment, the same for both sides."""
    kept = {name: value for name, value in os.environ.items() if name not in _CORE_CHOICES}
    silent = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
    return kept | silent | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def say(text: str) -> None:
    """Progress, on stderr."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
