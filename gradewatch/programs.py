"""Where Prometheus, Alertmanager and their tools are on this machine, and of which version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from gradewatch.exits import UsageError

Name = Literal["prometheus", "promtool", "alertmanager", "amtool"]
Version = tuple[int, ...]

_ALSO_CALLED: dict[str, str] = {"alertmanager": "prometheus-alertmanager"}  # Debian's name
_PACKAGE: dict[str, str] = {
    "prometheus": "prometheus",
    "promtool": "promtool (prometheus on bookworm)",
    "alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
}
_VERSION = re.compile(r"version (\d+(?:\.\d+)+)")


class ProgramMissing(UsageError):  # noqa: N818  reads as what happened, and is one sentence
    """A program, or a new enough one, is not on this machine; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that answered `--version`."""

    name: str
    path: Path
    version: Version

    @property
    def release(self) -> str:
        """Major and minor, such as "3.5": what folders and targets are named after."""
        return ".".join(map(str, self.version[:2]))

    def __str__(self) -> str:
        """Name and full version, such as "promtool 3.5.3"."""
        return f"{self.name} {'.'.join(map(str, self.version))}"


def find(name: Name, minimum_version: str | None = None) -> Program:
    """The program to use: GRADEWATCH_<NAME>, else the first on PATH, else the newest in `.tools`.

    Those older than `minimum_version` ("2.53") are passed over. Raises ProgramMissing.
    """
    least = _parse(minimum_version or "0")
    found = _all(name)
    for program in found:
        if program.version >= least:
            return program
        if os.environ.get(_variable(name)):
            break  # who names a program means that one
    raise ProgramMissing(_advice(name, found, minimum_version))


def installed(name: Name) -> tuple[Program, ...]:
    """Every version on this machine, one each, newest first; empty when there is none."""
    by_version = {program.version: program for program in reversed(_all(name))}
    return tuple(sorted(by_version.values(), key=lambda program: program.version, reverse=True))


def newest(name: Name) -> Program:
    """The program named by GRADEWATCH_<NAME>, else the newest on this machine. Raises ProgramMissing."""
    if os.environ.get(_variable(name)):
        return find(name)
    if not (programs := installed(name)):
        raise ProgramMissing(_advice(name, (), None))
    return programs[0]


def _all(name: str) -> tuple[Program, ...]:
    """All that answer, in order of preference."""
    named = os.environ.get(_variable(name))
    if named and not _version_of(Path(named)):
        raise ProgramMissing(
            f"{_variable(name)}={named} does not answer --version: name the program's file, or unset it"
        )
    candidates = [Path(named)] if named else []
    candidates += [Path(path) for alias in _names(name) if (path := shutil.which(alias))]
    candidates += _unpacked(name)
    return tuple(Program(name, path, version) for path in candidates if (version := _version_of(path)))


def _unpacked(name: str) -> list[Path]:
    """What setup/servers.sh put into `.tools` of this folder or of the checkout, newest first."""
    roots = dict.fromkeys((Path.cwd() / ".tools", Path(__file__).resolve().parent.parent / ".tools"))
    paths = [path for root in roots for path in root.glob(f"*-*/bin/{name}")]
    return sorted(paths, key=lambda path: _parse(path.parent.parent.name), reverse=True)


@cache
def _version_of(path: Path) -> Version | None:
    """What `--version` says; None when it does not run or says nothing of the kind."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer.stdout + answer.stderr)
    return _parse(match[1]) if match else None


def _parse(text: str) -> Version:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _names(name: str) -> tuple[str, ...]:
    return (name, _ALSO_CALLED[name]) if name in _ALSO_CALLED else (name,)


def _variable(name: str) -> str:
    return f"GRADEWATCH_{name.upper()}"


def _advice(name: str, found: tuple[Program, ...], minimum_version: str | None) -> str:
    if found and minimum_version:
        fault = f"{found[0]} at {found[0].path} is too old, {minimum_version} or newer is needed"
    else:
        fault = f"{name} is missing"
    return (
        f"{fault}: run `make tools` in the checkout, install Debian's package {_PACKAGE[name]}, "
        f"or set {_variable(name)} to the program's path"
    )
