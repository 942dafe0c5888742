"""Mutants on trial: which tests speak of a rule, and which of its mutants none of them notices.

The text of a mutant is compared with the escalation matrix first, which costs nothing. Then the tests run,
one after the other on all mutants that are left, many files in one process of promtool: cheap ones first, and
those that compare all labels and texts.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import rules.render
from gradewatch import programs
from policy.load import DEFAULT, load_policy, shipped
from policy.model import Policy
from rules import narrow
from tests.mutation import operators
from tests.mutation.operators import Rule
from tests.rules import bounds
from tests.rules.cases import every_file
from tests.rules.matrix import differences
from typedyaml.units import Duration

Groups = list[dict[str, Any]]
FILES_AT_ONCE = 48
TESTS_OF_LISTED = 6
WHOLE_IS_WORTH = 4
TIMEOUT_SECONDS = 900


class WrongBefore(Exception):  # noqa: N818 - says what happened
    """A test that fails without any change cannot notice one."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test of promtool: its text without rule files, the groups it needs, the names it asks for."""

    name: str
    content: dict[str, Any]
    groups: frozenset[str]
    names: frozenset[str]
    made: frozenset[str]
    """What its rules make that it looks at, alerts that silence steps included."""
    words: frozenset[str]
    whole: bool
    """Whether labels and texts of an alert are compared."""
    cost: float


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one change; `change` says which."""

    change: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Subject:
    """One rule of a policy with its mutants and the tests that speak of it."""

    policy: str
    title: str
    group: int
    index: int
    rule: Rule
    mutants: tuple[Mutant, ...]
    tests: tuple[Test, ...]
    read: tuple[Rule, ...]
    """The records that the tests of the rule need besides."""


@dataclass(slots=True)
class Bench:
    """What one policy ships, and which of its tests have passed without a change."""

    name: str
    policy: Policy
    groups: Groups
    tests: tuple[Test, ...]
    passed: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    """Tests that pass only with every rule of their groups, not with those alone that they speak of."""

    def survivors(self, subject: Subject, listed: Container[str] = ()) -> list[Mutant]:
        """The mutants of a rule that nothing notices; WrongBefore when a test fails as it is.

        Those that are listed as equivalent are put to the first tests only, which notice nearly all others.
        """
        alive = [m for m in subject.mutants if not self._told_by_text(subject, m)]
        survivors: list[Mutant] = []
        tests = list(subject.tests)
        while alive and tests:
            count = max(1, FILES_AT_ONCE // len(alive) // 2)
            now, tests = tests[:count], tests[count:]
            alive = self._noticed_by_none(subject, alive, now)
            if len(subject.tests) - len(tests) >= TESTS_OF_LISTED:
                survivors += [mutant for mutant in alive if mutant.change in listed]
                alive = [mutant for mutant in alive if mutant.change not in listed]
        return alive + survivors

    def _told_by_text(self, subject: Subject, mutant: Mutant) -> bool:
        if "alert" not in mutant.rule:
            return False
        return any(differences([self._changed(subject, mutant)], self.policy))

    def _changed(self, subject: Subject, mutant: Mutant) -> dict[str, Any]:
        group = self.groups[subject.group]
        kept = list(group["rules"])
        kept[subject.index] = mutant.rule
        return group | {"rules": kept}

    def _needed(self, group: dict[str, Any], test: Test) -> dict[str, Any]:
        """A group with only those rules that a test speaks of: the others cost most of its time."""
        if test.name in self.whole:
            return group
        kept = [
            rule
            for rule in group["rules"]
            if (rule.get("alert") or rule["record"]) in test.made and _speaks_of(test, rule, "slo")
        ]
        return group | {"rules": kept}

    def _noticed_by_none(self, subject: Subject, alive: list[Mutant], tests: list[Test]) -> list[Mutant]:
        self._pass_before(subject, [test for test in tests if test.name not in self.passed])
        runs = [(mutant, test) for mutant in alive for test in tests]
        caught = {id(mutant) for (mutant, _), passes in self._run(subject, runs) if not passes}
        return [mutant for mutant in alive if id(mutant) not in caught]

    def _pass_before(self, subject: Subject, tests: list[Test]) -> None:
        unchanged = Mutant("nothing", subject.rule)
        for again in (False, True):
            runs = [(unchanged, test) for test in tests]
            tests = [test for (_, test), passes in self._run(subject, runs) if not passes]
            if tests and again:
                raise WrongBefore(f"{subject.title}: {tests[0].name!r} fails without any change")
            self.passed.update(test.name for _, test in runs if test not in tests)
            self.whole.update(test.name for test in tests)

    def _run(
        self, subject: Subject, runs: Sequence[tuple[Mutant, Test]]
    ) -> Iterator[tuple[tuple[Mutant, Test], bool]]:
        for start in range(0, len(runs), FILES_AT_ONCE):
            some = runs[start : start + FILES_AT_ONCE]
            yield from zip(some, self._passing(subject, some), strict=True)

    def _passing(self, subject: Subject, runs: Sequence[tuple[Mutant, Test]]) -> list[bool]:
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, (mutant, test) in enumerate(runs):
                kept = [
                    self._needed(self._changed(subject, mutant) if place == subject.group else group, test)
                    for place, group in enumerate(self.groups)
                    if group["name"] in test.groups
                ]
                order = [group["name"] for group in kept]
                given = {"rule_files": [f"{number}.rules.yaml"], "group_eval_order": order}
                _dump(Path(folder) / f"{number}.rules.yaml", {"groups": kept})
                files.append(Path(folder) / f"{number}.test.yaml")
                _dump(files[-1], test.content | given)
            return passing(files)


def _dump(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML, and is written in no time


def passing(files: Sequence[Path]) -> list[bool]:
    """Whether each file passes, from one process of promtool."""
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", *map(str, files)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    told = re.findall(r"^  (SUCCESS|FAILED:)", done.stdout, re.M)
    if len(told) != len(files):
        raise RuntimeError(f"promtool tells of {len(told)} files instead of {len(files)}:\n{done.stdout}")
    return [word == "SUCCESS" for word in told]


PROMTOOL = programs.newest("promtool").path


def benches() -> Iterator[Bench]:
    """The default policy first: it has nearly every rule."""
    for name in (DEFAULT, *(other for other in shipped() if other != DEFAULT)):
        document = load_policy(name)
        rendered = rules.render.render(document)
        groups = rules.render.groups(document)
        clocks = [yaml.load(t, yaml.CSafeLoader) for n, t in rendered.files.items() if ".test." in n]
        own = [c for c in every_file().values() if c["rule_files"] == [bounds.rule_file(name)]]
        yield Bench(name, document.value, groups, tuple(_tests([*own, *clocks], groups)))


def subjects(benches: Iterable[Bench]) -> Iterator[tuple[Bench, Subject]]:
    """Every rule once: of the first policy that has it. The figures of the others are data, not rules."""
    seen: set[str] = set()
    for bench in benches:
        new = {operators.title(rule) for group in bench.groups for rule in group["rules"]} - seen
        seen |= new
        yield from ((bench, subject) for subject in _subjects(bench, new))


def _subjects(bench: Bench, titles: set[str]) -> Iterator[Subject]:
    every = [rule for group in bench.groups for rule in group["rules"]]
    records = frozenset(rule["record"] for rule in every if "record" in rule)
    for g, group in enumerate(bench.groups):
        for r, rule in enumerate(group["rules"]):
            if (title := operators.title(rule)) in titles:
                name = rule.get("alert") or rule["record"]
                mine = [
                    test
                    for test in bench.tests
                    if name in test.names and group["name"] in test.groups and _about(test, rule)
                ]
                mine.sort(key=lambda test: test.cost / WHOLE_IS_WORTH if test.whole else test.cost)
                mutants = tuple(Mutant(*change) for change in operators.changes(rule, records))
                asked = frozenset[str]().union(*(test.names for test in mine))
                read = tuple(other for other in every if other.get("record") in asked and other != rule)
                yield Subject(bench.name, title, g, r, rule, mutants, tuple(mine), read)


def _about(test: Test, rule: Rule) -> bool:
    """Whether a test that asks for the name of a rule speaks of its objective and of its tier too."""
    labels = rule.get("labels", {})
    tier = labels.get("burn_tier")
    tiers = re.findall(r"\((\w+)\) is told|the (\w+) tier", test.name)
    own = not tiers or not tier or any(tier in found for found in tiers)
    return own and _speaks_of(test, rule, "slo")


def _speaks_of(test: Test, rule: Rule, label: str) -> bool:
    value = rule.get("labels", {}).get(label)
    return not value or value in test.words


def _tests(contents: list[dict[str, Any]], groups: Groups) -> Iterator[Test]:
    names = narrow.Names(groups)
    sizes = {group["name"]: len(group["rules"]) for group in groups}
    for content in contents:
        step = Duration.parse(content["evaluation_interval"]).seconds
        for test in content["tests"]:
            asks = [*test.get("promql_expr_test", ()), *test.get("alert_rule_test", ())]
            last = max((Duration.parse(ask["eval_time"]).seconds for ask in asks), default=0)
            needed = names.needed(test)
            text = json.dumps(test)
            yield Test(
                name=test["name"],
                content={k: v for k, v in content.items() if k != "tests"} | {"tests": [test]},
                groups=needed,
                names=names.reached(test),
                made=names.made(test),
                words=frozenset(re.findall(r"[\w-]+", text)),
                whole='"exp_annotations"' in text,
                cost=last / step * (4 + sum(sizes[name] for name in needed)) + len(text) / 100,
            )
