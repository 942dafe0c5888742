"""docs/escalation.md says what is built. `GOLDEN=write` puts the table into it anew."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
from pathlib import Path

import pytest
import yaml

from alertmanager.docs import matrix_table
from alertmanager.features import SINCE
from alertmanager.render import CONFIG, render
from alertmanager.secrets import secret_files
from gradewatch.cli import main
from policy.load import load_policy, shipped
from policy.matrices import NAMES, ready

PAGE = Path(__file__).parents[3] / "docs/escalation.md"
TABLES = (*(name for name in shipped() if name != "iit-ml-service"), *NAMES)
"""Policies and ready sets that have a table; the one left out has the matrix of the default policy."""


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_the_matrix(name: str) -> None:
    text = PAGE.read_text("utf-8")
    policy = load_policy(name if name in shipped() else "auto-grader").value
    rows = ready(name) if name in NAMES else policy.priorities  # type: ignore[arg-type]
    table = matrix_table(dataclasses.replace(policy, priorities=rows))
    place = re.compile(rf"(<!-- matrix {name}: begin -->\n).*?(<!-- matrix {name}: end -->)", re.DOTALL)
    wanted = place.sub(lambda match: f"{match[1]}\n{table}\n\n{match[2]}", text)
    if os.environ.get("GOLDEN") == "write":
        PAGE.write_text(wanted, "utf-8")
        text = wanted
    assert table in text
    assert text == wanted


def test_the_commands_print_what_the_page_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.findall(r"```console\n\$ gradewatch ([^\n]*)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert shown
    for command, output in shown:
        assert main(shlex.split(command)) == 0
        assert capsys.readouterr().out == output


def test_every_secret_file_is_explained() -> None:
    config = yaml.safe_load(render(load_policy()).files[CONFIG])
    explained = re.findall(r"^\| `(/etc/\S+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(secret_files(config))


def test_the_versions_are_those_of_the_table_of_features() -> None:
    text = PAGE.read_text("utf-8")
    assert f"(`msteamsv2_configs`, Workflows) | {SINCE['msteamsv2_configs']} |" in text
    assert f"(webhook `url_file`) | {SINCE['webhook_configs.url_file']} |" in text
