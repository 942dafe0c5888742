"""Every rule on every installed promtool: accepted, and tested at its boundaries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import rules.render
from gradewatch import programs
from gradewatch.programs import Program
from policy.load import load_policy
from rules import narrow
from rules.promtool import Promtool

FILES = sorted(path.name for path in Path(__file__).parent.glob("*.yaml"))
CLOCKS = tuple(name for name in rules.render.render(load_policy()).files if "/tests/" in name)


def told(findings: tuple[object, ...]) -> str:
    return "\n".join(map(str, findings))


def test_the_installed_promtools_are_of_two_majors() -> None:
    """Ranges are left-open since 3.0: a test that passes on one major only is a wrong test."""
    majors = {program.version[0] for program in programs.installed("promtool")}
    if len(majors) < 2:
        pytest.skip(f"promtool of majors 2 and 3 are needed, found {sorted(majors)}; run setup")
    assert majors >= {2, 3}


def test_promtool_accepts_the_rules_without_a_lint(promtool: Program, checkout: Path) -> None:
    rules = checkout / "generated/prometheus/auto-grader.rules.yaml"
    assert not told(Promtool(promtool.path).check_rules(rules))


def test_promtool_accepts_the_configuration_of_prometheus(promtool: Program, checkout: Path) -> None:
    config = checkout / "generated/prometheus/prometheus.yml"
    assert not told(Promtool(promtool.path).check_config(config))


@pytest.mark.parametrize("name", FILES)
def test_a_promtool_file_passes(promtool: Program, checkout: Path, name: str) -> None:
    assert not told(narrow.run(Promtool(promtool.path), checkout / "tests/rules" / name))


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_generated_clocks_pass(promtool: Program, checkout: Path, clock: str) -> None:
    assert not told(narrow.run(Promtool(promtool.path), checkout / "generated" / clock))


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_clocks_pass_where_targets_have_labels_of_their_own(
    newest_promtool: Program, checkout: Path, tmp_path: Path, clock: str
) -> None:
    """A cluster or a pod: what is summed loses it, and must still meet what is not."""
    content = narrow.read(checkout / "generated" / clock)
    content["rule_files"] = [str(checkout / "generated/prometheus/auto-grader.rules.yaml")]
    for series in (series for test in content["tests"] for series in test["input_series"]):
        if not re.match(r"ALERTS|\w+:", series["series"]):
            series["series"] = series["series"].replace("{", '{cluster="c",', 1)
    path = tmp_path / "clock.test.yaml"
    path.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, width=10**6), encoding="utf-8")
    assert not told(narrow.run(Promtool(newest_promtool.path), path))


@pytest.mark.full
@pytest.mark.parametrize("policy", ["iit-ml-service", "learning-portal", "auto-project-management"])
def test_the_clocks_of_the_other_policies_pass(newest_promtool: Program, tmp_path: Path, policy: str) -> None:
    """Their alerts and objectives are others: one of them must not feed what another one records."""
    files = rules.render.render(load_policy(policy)).files
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    clocks = [tmp_path / name for name in files if "/tests/" in name]
    assert clocks
    for clock in clocks:
        assert not told(narrow.run(Promtool(newest_promtool.path), clock)), clock.name


def test_promtool_accepts_the_rules_in_compressed_time(promtool: Program, fast: Path) -> None:
    tool = Promtool(promtool.path)
    assert not told(tool.check_rules(fast / "prometheus/auto-grader.rules.yaml"))
    assert not told(tool.check_config(fast / "prometheus/prometheus.yml"))


def test_the_clocks_pass_in_compressed_time(newest_promtool: Program, fast: Path) -> None:
    (path, *_) = sorted((fast / "prometheus/tests").iterdir(), key=lambda path: path.stat().st_size)
    assert not told(narrow.run(Promtool(newest_promtool.path), path))
