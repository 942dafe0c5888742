"""promtool as a function: run it, read what it found. gradewatch/programs.py finds the program."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST = (2, 42)
"""keep_firing_for came with this version."""
TIMEOUT_SECONDS = 300


class PromtoolError(Exception):
    """promtool cannot be run, or is too old."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing promtool complains of, in its own words (they name line, rule or test)."""

    file: str
    text: str

    def __str__(self) -> str:
        return self.text if self.text.startswith(self.file) else f"{self.file}: {self.text}"


@dataclass(frozen=True, slots=True)
class Promtool:
    """One installed promtool; `path` is the program."""

    path: Path

    def version(self) -> tuple[int, int]:
        """Major and minor; PromtoolError when the program does not run or is older than supported."""
        done = self._run("--version")
        found = re.search(r"version (\d+)\.(\d+)", done.stdout + done.stderr)
        if found is None:
            raise PromtoolError(f"{self.path} does not say its version; is it promtool?")
        version = (int(found[1]), int(found[2]))
        if version < OLDEST:
            told = ".".join(map(str, version))
            raise PromtoolError(f"{self.path} is promtool {told}; the oldest supported is 2.42")
        return version

    def check_rules(self, path: Path) -> tuple[Finding, ...]:
        """Syntax, templates and duplicates. Lints are fatal, else promtool exits 0 on duplicates."""
        return self._findings(path, "check", "rules", "--lint=all", "--lint-fatal", str(path))

    def check_config(self, path: Path) -> tuple[Finding, ...]:
        """prometheus.yml and the rule files that it names."""
        return self._findings(path, "check", "config", "--lint=all", "--lint-fatal", str(path))

    def test_rules(self, *paths: Path) -> tuple[Finding, ...]:
        """Run files of unit tests; a rule file that is not there is a finding, not a warning."""
        return self._findings(paths[0], "test", "rules", *map(str, paths)) if paths else ()

    def _findings(self, path: Path, *arguments: str) -> tuple[Finding, ...]:
        done = self._run(*arguments)
        lines = [*_blocks(done.stderr), *_blocks(done.stdout)]
        warned = [text for text in lines if "WARNING" in text]
        if done.returncode == 0:
            return tuple(Finding(str(path), text) for text in warned)
        told = [text for text in lines if text not in warned] or [f"promtool exits {done.returncode}"]
        return tuple(Finding(str(path), text) for text in (*warned, *told))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [str(self.path), *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=TIMEOUT_SECONDS,
            )
        except OSError as error:
            raise PromtoolError(f"{self.path} cannot be run: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise PromtoolError(f"{self.path} did not end within {TIMEOUT_SECONDS} s") from error


def _blocks(output: str) -> list[str]:
    """Paragraphs of promtool's output without its progress lines; one paragraph is one finding."""
    dull = re.compile(
        r"^(Checking .*|Unit Testing:.*|\s*(SUCCESS|FAILED):?.*found|\s*FAILED:?|\s*SUCCESS:?)$"
    )
    blocks: list[str] = []
    for line in output.splitlines():
        if not line.strip() or dull.match(line.rstrip()) or line.strip().startswith("SUCCESS"):
            blocks.append("")
        elif blocks and blocks[-1]:
            blocks[-1] += "\n" + line.rstrip()
        else:
            blocks.append(line.strip().removeprefix("FAILED: "))
    return [block for block in blocks if block]
