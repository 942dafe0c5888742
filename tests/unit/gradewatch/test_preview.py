"""`gradewatch preview`: what it says before it draws; see also tests/dashboards/test_pictures.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.viz.browser import NoBrowserError, draw
from dashboards.viz.pictures import hurried
from gradewatch.cli import main

NOBODY = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["overviews"], "no board overviews; there are overview, grader, "),
        (["overview", "--last", "soon"], "--last: "),
        (["overview", "--last", "0s"], "--last: must be longer than 0s"),
        (["overview", "--policy", "nobodys"], "nobodys"),
    ],
)
def test_wrong_input_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", *arguments, "--prometheus", NOBODY]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "fast"])
def test_a_speed_that_no_demo_has(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["preview", "overview", "--speed", speed])
    assert f'"{speed}" is not a speed; allowed are 1 and more' in capsys.readouterr().err


def test_a_width_that_nobody_draws(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["preview", "overview", "--width", "400"])
    assert '"400" is no width; allowed are 800 to 3840' in capsys.readouterr().err


def test_nobody_to_ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradewatch.preview.PATIENCE", 0.1)
    assert main(["preview", "--prometheus", NOBODY]) == 2
    assert f"no Prometheus at {NOBODY}" in capsys.readouterr().err


def test_what_is_no_address_is_said_like_nobody_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradewatch.preview.PATIENCE", 0.1)
    assert main(["preview", "--prometheus", "nonsense"]) == 2
    assert "no Prometheus at nonsense" in capsys.readouterr().err


def test_a_browser_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADEWATCH_CHROMIUM", "/nowhere/chromium")
    monkeypatch.setattr("dashboards.viz.browser.bundle", lambda: None)
    monkeypatch.setattr("dashboards.viz.browser.BUNDLE", Path(__file__).parent)
    with pytest.raises(NoBrowserError, match="/nowhere/chromium does not start"):
        draw({}, (800, 600))


def test_steps_that_a_panel_names_follow_the_speed() -> None:
    board = {"panels": [{"interval": "5m", "targets": [{"expr": "max_over_time(up[$__range:5m])"}]}]}
    (panel,) = hurried(board, 12)["panels"]
    assert (panel["interval"], panel["targets"][0]["expr"]) == ("25s", "max_over_time(up[$__range:25s])")
    assert hurried(board, 1) == board
