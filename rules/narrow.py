"""promtool tests against the groups that they speak of, and no others.

promtool evaluates every rule of a rule file at every step of every test: with some hundred rules a test
of one alert spends nearly all its time on the others. Here each test runs against a copy of the rule file
that holds the groups whose alerts or records it names, what those read, and what silences their steps;
the rules themselves are the same.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from rules.promtool import Finding, Promtool

Content = dict[str, Any]
Groups = list[dict[str, Any]]
_WORD = re.compile(r"[A-Za-z_][\w:]*")


def run(promtool: Promtool, path: Path) -> tuple[Finding, ...]:
    """The findings of one file of tests; a rule file that is not there is a finding."""
    content = read(path)
    sources = [path.parent / name for name in content["rule_files"]]
    if missing := [source for source in sources if not source.exists()]:
        return tuple(Finding(str(path), f"rule file {source} is not there") for source in missing)
    groups = [group for source in sources for group in read(source)["groups"]]
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), [content], groups)
        found = promtool.test_rules(*files)
        # In the words of promtool, of the file that the user knows.
        told = {finding.text.replace(str(file), str(path)) for finding in found for file in files}
        return tuple(Finding(str(path), text) for text in sorted(told) if folder not in text)


def needed(groups: Groups, tests: list[Content]) -> frozenset[str]:
    """The names of the groups that these tests speak of, what those read, and what silences their steps."""
    names = Names(groups)
    return frozenset[str]().union(*(names.needed(test) for test in tests))


def read(path: Path) -> Content:
    """A YAML file that holds a mapping."""
    content: Content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content


def write(folder: Path, contents: list[Content], groups: Groups) -> list[Path]:
    """The tests of all files below `folder`, one file for each set of groups that tests need."""
    files: list[Path] = []
    names = Names(groups)
    for content in contents:
        sets: dict[frozenset[str], list[Content]] = {}
        for test in content["tests"]:
            sets.setdefault(names.needed(test), []).append(test)
        for needed, tests in sets.items():
            stem = f"{len(files):04}"
            kept = [group for group in groups if group["name"] in needed]
            _dump(folder / f"{stem}.rules.yaml", {"groups": kept})
            files.append(folder / f"{stem}.test.yaml")
            order = [group["name"] for group in kept]
            mine = {"rule_files": [f"{stem}.rules.yaml"], "group_eval_order": order, "tests": tests}
            _dump(files[-1], content | mine)
    return files


def _dump(path: Path, value: Content) -> None:
    path.write_text(yaml.dump(value, Dumper=yaml.CSafeDumper, width=10**6, allow_unicode=True), "utf-8")


def _fed(test: Content) -> set[str]:
    return {word for series in test["input_series"] for word in _WORD.findall(series["series"])[:1]}


class Names:
    """Which group makes a name, and which names a group reads."""

    def __init__(self, groups: Groups) -> None:
        self.makers: dict[str, set[str]] = {}
        self.words: dict[str, set[str]] = {}
        self.reads: dict[str, set[str]] = {}
        self.records: set[str] = set()
        for group in groups:
            words: set[str] = set()
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                self.makers.setdefault(name, set()).add(group["name"])
                self.words.setdefault(name, set()).update(own := _WORD.findall(rule["expr"]))
                self.records |= {name} if "record" in rule else set()
                words.update(own)
            self.reads[group["name"]] = words
        self.reads = {group: words & self.makers.keys() for group, words in self.reads.items()}

    def made(self, test: Content) -> frozenset[str]:
        """What a test asks for and what this reads in turn, alerts and records; what is fed is not made."""
        fed = _fed(test)
        found: set[str] = set()
        names = set(self._asked(test))
        while names:
            found |= names
            names = {word for name in names for word in self.words[name]} & self.makers.keys() - found - fed
        return frozenset(found)

    def needed(self, test: Content) -> frozenset[str]:
        """The groups of what a test asks for and of what these read in turn; what is fed is not made."""
        fed = _fed(test)
        found: set[str] = set()
        names = set(self._asked(test))
        while names:
            new = {group for name in names for group in self.makers[name]} - found
            found |= new
            names = {name for group in new for name in self.reads[group]} - fed
        return frozenset(found)

    def reached(self, test: Content) -> frozenset[str]:
        """The alerts and records that this test asks for, and the records that those are made of."""
        fed = _fed(test)
        found: set[str] = set()
        names = set(self._asked(test, samples=False))
        while names:
            found |= names
            read = {word for name in names for word in self.words[name] & self.records}
            names = read - found - fed
        return frozenset(found)

    def _asked(self, test: Content, samples: bool = True) -> Iterator[str]:
        asks = test.get("promql_expr_test", ())
        texts = [f"{case['expr']} {case['exp_samples'] if samples else ''}" for case in asks]
        texts += [case["alertname"] for case in test.get("alert_rule_test", ())]
        for text in texts:
            yield from (word for word in _WORD.findall(text) if word in self.makers)
            # A pattern of names asks for whatever matches.
            for pattern in re.findall(r'__name__=~"([^"]+)"', text):
                yield from (name for name in self.makers if re.fullmatch(pattern, name))
