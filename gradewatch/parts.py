"""The parts of a check: each reads a built folder and says what it looked at and what it found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alertmanager.amtool import Amtool, read_tests
from alertmanager.checks import config_findings
from alertmanager.secrets import secret_files, unreadable
from gradewatch.boards import board_files
from gradewatch.exits import UsageError
from gradewatch.programs import Program, find
from policy.model import Policy
from rules import narrow
from rules.promtool import Promtool
from typedyaml.load import Document


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the table: what was checked, by which program, and the findings, one text each."""

    name: str
    what: str
    tool: str
    findings: tuple[str, ...]


def parts(folder: Path, document: Document[Policy] | None = None, *, secrets: bool = False) -> Iterator[Part]:
    """The parts whose files are in `folder`, in the order of the way of an alert.

    With the policy that the folder was built from, the boards' thresholds are compared with it, too.
    Raises UsageError when there is nothing to check, or a program is missing.
    """
    rules = sorted((folder / "prometheus").glob("*.rules.yaml"))
    config = folder / "alertmanager/alertmanager.yml"
    boards = board_files(folder / "grafana")
    if not (rules or boards or config.exists()):
        raise UsageError(
            f"nothing to check in {folder}: build it first with `gradewatch build --out {folder}`"
        )
    if rules:
        yield from _rules(folder / "prometheus", rules)
    if config.exists():
        yield _routes(config)
    if secrets and config.exists():
        yield _secrets(config)
    if boards:
        yield _dashboards(folder, boards, document)


def _rules(folder: Path, files: list[Path]) -> Iterator[Part]:
    program = find("promtool", "2.42")
    promtool = Promtool(program.path)
    found = [finding for file in files for finding in promtool.check_rules(file)]
    config = folder / "prometheus.yml"
    if config.exists():
        found += promtool.check_config(config)
    counts = _count(files)
    yield _part("rules", f"{counts['alert']} alerts, {counts['record']} records", program, found)
    tests = sorted((folder / "tests").glob("*.test.yaml"))
    if tests:
        failed = [finding for file in tests for finding in narrow.run(promtool, file)]
        yield _part("escalation", f"{_cases(tests)} cases in {len(tests)} files", program, failed)


def _routes(config: Path) -> Part:
    program = find("amtool", "0.25")
    amtool = Amtool(program.path)
    found: list[object] = list(amtool.check_config(config))
    tests = read_tests(_read(config.with_name("routes.yaml")) or [])
    if not found:
        found += config_findings(_read(config))
        found += amtool.route_tests(config, tests)
    return _part("routes", f"{len(tests)} label sets reach their receiver", program, found)


def _secrets(config: Path) -> Part:
    content = _read(config)
    named = len(list(secret_files(content)))
    return Part("secrets", f"{named} files exist and can be read", "", tuple(unreadable(content)))


def _dashboards(folder: Path, boards: list[Path], document: Document[Policy] | None) -> Part:
    """The boards of each folder link among themselves; several policies have a folder each."""
    from dashboards.check.run import check

    folders = dict.fromkeys(board.parent for board in boards)
    found = [finding for place in folders for finding in check(folder, document, place)]
    return _part("dashboards", f"{len(boards)} boards: structure, queries, links", None, found)


def _part(name: str, what: str, program: Program | None, findings: Any) -> Part:
    return Part(name, what, str(program or ""), tuple(str(finding) for finding in findings))


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _count(files: list[Path]) -> dict[str, int]:
    """How many rules of each kind; what is not a rule file counts as none, promtool says what is wrong."""
    kinds = {"alert": 0, "record": 0}
    for file in files:
        try:
            groups = (_read(file) or {}).get("groups", ())
            for kind in kinds:
                kinds[kind] += sum(kind in rule for group in groups for rule in group["rules"])
        except (yaml.YAMLError, AttributeError, KeyError, TypeError):
            continue
    return kinds


def _cases(files: list[Path]) -> int:
    kinds = ("alert_rule_test", "promql_expr_test")
    return sum(len(test.get(kind, ())) for file in files for test in _read(file)["tests"] for kind in kinds)
