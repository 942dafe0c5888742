"""Runs amtool: is the configuration valid, and does every alert reach the receiver it should?"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alertmanager.features import parsed

_STRICT_SINCE = "0.27"
"""The first version whose matchers are read by a second, stricter parser."""
_WARNINGS = ("Alertmanager is moving", "disagreement")
"""What amtool prints, with exit code 0, when its two parsers read a matcher differently."""
_PARALLEL = 2
_TIMEOUT = 60


class AmtoolError(Exception):
    """amtool cannot be run, or does not end."""


@dataclass(frozen=True, slots=True)
class RouteTest:
    """Labels, and the receivers that they must reach, in the order of the tree."""

    labels: Mapping[str, str]
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Misrouted:
    """A route test that failed; `message` is amtool's own."""

    test: RouteTest
    message: str

    def __str__(self) -> str:
        labels = " ".join(f"{name}={value}" for name, value in self.test.labels.items())
        return f"{labels}: {self.message}"


@dataclass(frozen=True, slots=True)
class Amtool:
    """The program at `path`; every method raises AmtoolError when it cannot be run."""

    path: Path

    def version(self) -> str:
        """As 0.28.1."""
        answer = self._run("--version")
        found = re.search(r"version (\d+\.\d+(?:\.\d+)?)", answer.stdout + answer.stderr)
        if not found:
            raise AmtoolError(f"{self.path} does not say its version; is it amtool?")
        return found[1]

    def check_config(self, config: Path) -> list[str]:
        """What is wrong with a configuration and its templates; also in the strict mode of newer versions."""
        findings = self._check(config)
        if not findings and parsed(self.version())[:2] >= parsed(_STRICT_SINCE):
            findings = self._check(config, "--enable-feature=utf8-strict-mode")
        return findings

    def route_tests(self, config: Path, tests: Iterable[RouteTest]) -> list[Misrouted]:
        """The tests that fail; one process a label set, a few at a time."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            answers = pool.map(lambda test: self._route(config, test), tests)
            return [found for found in answers if found]

    def render(self, templates: Path, text: str, data: Mapping[str, Any], kind: str = "text") -> str:
        """A template's output for a notification; `templates` may hold wildcards, `kind` is text or html."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(data, file)
            file.flush()
            answer = self._run(
                *("template", "render", f"--template.glob={templates}", f"--template.text={text}"),
                *(f"--template.type={kind}", f"--template.data={file.name}"),
            )
        if answer.returncode:
            raise AmtoolError(_last_line(answer))
        return answer.stdout

    def _check(self, config: Path, *flags: str) -> list[str]:
        answer = self._run(*flags, "check-config", str(config))
        output = answer.stdout + answer.stderr
        if answer.returncode:
            return _reasons(output)
        return [line.strip() for line in output.splitlines() if any(word in line for word in _WARNINGS)]

    def _route(self, config: Path, test: RouteTest) -> Misrouted | None:
        labels = [f"{name}={value}" for name, value in test.labels.items()]
        verify = f"--verify.receivers={','.join(test.receivers)}"
        answer = self._run("config", "routes", "test", f"--config.file={config}", verify, *labels)
        if answer.returncode == 0:
            return None
        got = answer.stdout.split("\n")[0].strip() or _last_line(answer)
        return Misrouted(test, f"reaches {got}, not {', '.join(test.receivers)}")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [str(self.path), *arguments], capture_output=True, text=True, timeout=_TIMEOUT, check=False
            )
        except OSError as error:
            raise AmtoolError(f"{self.path} cannot be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise AmtoolError(f"{self.path} did not end within {_TIMEOUT} s") from None


def read_tests(entries: Sequence[Mapping[str, Any]]) -> tuple[RouteTest, ...]:
    """The entries of a routes.yaml."""
    return tuple(RouteTest(entry["labels"], tuple(entry["receivers"])) for entry in entries)


def _reasons(output: str) -> list[str]:
    """What follows "FAILED:", one sentence a line; amtool lists unknown fields below it."""
    told = output.partition("FAILED:")[2] or output
    lines = [
        line.strip() for line in told.splitlines() if line.strip() and "error: failed to validate" not in line
    ]
    if len(lines) > 1 and lines[0].endswith("errors:"):
        lines = lines[1:]
    return lines or ["amtool failed without a word"]


def _last_line(answer: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (answer.stdout + answer.stderr).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {answer.returncode}"
