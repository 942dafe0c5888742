"""The wrapper around promtool: what it finds, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradewatch.programs import Program
from rules.promtool import Finding, Promtool, PromtoolError

TEST = """
rule_files: [{rules}]
evaluation_interval: 1m
tests:
- interval: 1m
  name: something
  input_series: [{{series: 'up{{job="a"}}', values: '1x5'}}]
  alert_rule_test: [{{eval_time: 3m, alertname: X, exp_alerts: []}}]
"""


def rules(path: Path, *lines: str) -> Path:
    path.write_text("groups:\n- name: a\n  rules:\n" + "".join(f"  - {line}\n" for line in lines))
    return path


def test_good_rules_have_no_findings(promtool: Program, tmp_path: Path) -> None:
    path = rules(tmp_path / "good.yaml", "{alert: X, expr: 'up == 0'}")
    assert Promtool(promtool.path).check_rules(path) == ()


def test_a_wrong_expression_is_found_with_its_line(promtool: Program, tmp_path: Path) -> None:
    path = rules(tmp_path / "bad.yaml", "{alert: X, expr: 'up =='}")
    (finding,) = Promtool(promtool.path).check_rules(path)
    assert "4:" in finding.text
    assert str(finding).startswith(str(path))


def test_rules_that_are_there_twice_are_found(promtool: Program, tmp_path: Path) -> None:
    """Without fatal lints promtool's exit code is 0."""
    path = rules(tmp_path / "twice.yaml", "{alert: X, expr: 'up == 0'}", "{alert: X, expr: 'up == 1'}")
    (finding,) = Promtool(promtool.path).check_rules(path)
    assert "1 duplicate rule(s) found" in finding.text


def test_a_failing_test_is_found_with_what_came_instead(promtool: Program, tmp_path: Path) -> None:
    rules(tmp_path / "r.yaml", "{alert: X, expr: 'up == 1'}")
    path = tmp_path / "test.yaml"
    path.write_text(TEST.format(rules="r.yaml"))
    (finding,) = Promtool(promtool.path).test_rules(path)
    assert "alertname: X, time: 3m" in finding.text
    assert 'job="a"' in finding.text


def test_a_rule_file_that_is_not_there_is_a_finding(promtool: Program, tmp_path: Path) -> None:
    """promtool only warns, and the test passes."""
    path = tmp_path / "test.yaml"
    path.write_text(TEST.format(rules="nowhere.yaml"))
    (finding,) = Promtool(promtool.path).test_rules(path)
    assert "nowhere.yaml" in finding.text


def test_a_wrong_configuration_is_found(promtool: Program, tmp_path: Path) -> None:
    path = tmp_path / "prometheus.yml"
    path.write_text("global: {scrape_interval: 5x}\n")
    (finding,) = Promtool(promtool.path).check_config(path)
    assert "5x" in finding.text


def test_the_version_is_read(promtool: Program) -> None:
    assert Promtool(promtool.path).version() == promtool.version[:2]


def test_a_promtool_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "promtool"
    old.write_text("#!/bin/sh\necho 'promtool, version 2.31.2 (branch: x)'\n")
    old.chmod(0o755)
    with pytest.raises(PromtoolError, match=r"is promtool 2\.31; the oldest supported is 2\.42"):
        Promtool(old).version()


def test_a_program_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PromtoolError, match="cannot be run: No such file or directory"):
        Promtool(tmp_path / "promtool").check_rules(tmp_path)


def test_a_finding_says_its_file_once() -> None:
    assert str(Finding("a.yaml", "a.yaml: 3:1: wrong")) == "a.yaml: 3:1: wrong"
    assert str(Finding("a.yaml", "wrong")) == "a.yaml: wrong"
