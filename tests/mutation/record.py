"""What has been shown of which rule with which tests: one line a rule, in noticed.tsv.

A fingerprint stands for a rule, its mutants, the tests that speak of it and the records between. As long
as it is the same, the outcome is; what differs is what changed, on any machine and without a history.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from tests.mutation import equivalent
from tests.mutation.trial import Subject

PATH = Path(__file__).parent / "noticed.tsv"
HEAD = "policy\trule\tfingerprint\tmutants\tnoticed\tequivalent"


@dataclass(frozen=True, slots=True)
class Line:
    """One rule: how many of its mutants were noticed, and how many are listed as equivalent."""

    policy: str
    rule: str
    fingerprint: str
    mutants: int
    noticed: int
    equivalent: int

    @property
    def survivors(self) -> int:
        """Mutants that nothing noticed and that are not listed."""
        return self.mutants - self.noticed - self.equivalent

    @property
    def key(self) -> tuple[str, str]:
        return self.policy, self.rule

    def __str__(self) -> str:
        figures = (self.mutants, self.noticed, self.equivalent)
        return "\t".join([self.policy, self.rule, self.fingerprint, *map(str, figures)])


def line(subject: Subject, noticed: int, listed: int) -> Line:
    """The line of a rule; `listed` of its mutants are equivalent."""
    mark = fingerprint(subject)
    return Line(subject.policy, subject.title, mark, len(subject.mutants), noticed, listed)


def fingerprint(subject: Subject) -> str:
    """Of everything that the outcome depends on; names of tests are for people."""
    tests = [
        test.content | {"tests": [{k: v for k, v in test.content["tests"][0].items() if k != "name"}]}
        for test in subject.tests
    ]
    listed = [m.change for m in subject.mutants if equivalent.entry(subject.title, m.change)]
    mutants = [(mutant.change, mutant.rule) for mutant in subject.mutants]
    whole = json.dumps([subject.rule, mutants, tests, subject.read, listed], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def current(lines: dict[tuple[str, str], Line], subject: Subject) -> bool:
    """Whether it is recorded that all mutants of a rule are noticed, of this rule with these tests."""
    line = lines.get((subject.policy, subject.title))
    return line is not None and not line.survivors and line.fingerprint == fingerprint(subject)


def read(path: Path = PATH) -> dict[tuple[str, str], Line]:
    """The lines by policy and rule; nothing when there is no file."""
    found = {}
    for text in path.read_text(encoding="utf-8").splitlines()[1:] if path.exists() else ():
        policy, rule, mark, *figures = text.split("\t")
        one = Line(policy, rule, mark, *map(int, figures))
        found[one.key] = one
    return found


def put(key: tuple[str, str], line: Line | None, path: Path = PATH) -> None:
    """One line set or taken away; whole or not at all, and beside another run."""
    with path.parent.joinpath(".noticed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = {k: v for k, v in read(path).items() if k != key}
        write(kept if line is None else kept | {key: line}, path)


def write(lines: dict[tuple[str, str], Line], path: Path = PATH) -> None:
    """All lines in order."""
    part = path.with_suffix(".part")
    part.write_text("\n".join([HEAD, *(str(lines[key]) for key in sorted(lines))]) + "\n", encoding="utf-8")
    part.replace(path)
