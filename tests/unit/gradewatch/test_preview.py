"""`gradewatch preview`: what it says before it draws; see also tests/dashboards/test_pictures.py."""

from __future__ import annotations

import pytest

from gradewatch.cli import main

NOBODY = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["overviews"], "no board overviews; there are overview, grader, queue"),
        (["overview", "--last", "soon"], "--last: "),
        (["overview", "--policy", "nobodys"], "nobodys"),
    ],
)
def test_wrong_input_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", *arguments, "--prometheus", NOBODY]) == 2
    assert said in capsys.readouterr().err


def test_nobody_to_ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradewatch.preview.PATIENCE", 0.1)
    assert main(["preview", "--prometheus", NOBODY]) == 2
    assert f"no Prometheus at {NOBODY}" in capsys.readouterr().err
