"""Programs that work on queues while a test looks: started, waited for, and ended with the test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[3]


@contextmanager
def working(
    *command: object, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes for stdin and stdout; killed at the end, whatever happened."""
    import os

    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=PROJECT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def python(module: str, *arguments: object) -> tuple[object, ...]:
    """A command line that runs a module of this environment."""
    return (sys.executable, "-m", module, *arguments)
