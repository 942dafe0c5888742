"""Pictures by Grafana's own components: nothing breaks, nothing is cut off, no data looks like no data."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from dashboards.finding import panels_of, single_values
from dashboards.palette import NO_DATA
from dashboards.render import documents
from dashboards.viz.browser import NoBrowserError, bundle, chromium
from dashboards.viz.pictures import THEMES, faults, picture_of, window_of
from gradewatch.cli import main
from policy.load import load_policy
from tests.dashboards.conftest import Serve, releases
from tests.dashboards.day import END, STEP

BOARDS = documents(load_policy().value)
WINDOW = window_of("6h", f"{STEP}s", END)
PNG = b"\x89PNG"
pytestmark = pytest.mark.slow


ALWAYS = ("gradewatch-overview",)
"""Drawn by `make test`; the other boards by `make test-all`."""


def _of(uid: str) -> tuple[pytest.MarkDecorator, ...]:
    return () if uid in ALWAYS else (pytest.mark.full,)


def every_board() -> list[ParameterSet]:
    return [pytest.param(uid, marks=_of(uid)) for uid in BOARDS]


def every_picture() -> list[ParameterSet]:
    return [pytest.param(uid, theme, marks=_of(uid)) for uid in BOARDS for theme in THEMES]


@pytest.fixture(scope="session", autouse=True)
def browser() -> None:
    """Chromium and the page, or a skip that says what the set-up has to bring."""
    try:
        chromium()
        bundle()
    except NoBrowserError as problem:
        pytest.skip(f"no pictures: {problem}")


@pytest.mark.parametrize(("uid", "theme"), every_picture())
def test_a_busy_board_is_drawn_whole(uid: str, theme: str, serve: Serve, tmp_path: Path) -> None:
    picture = tmp_path / "board.png"
    facts = picture_of(BOARDS[uid], serve("busy", releases()[-1]), WINDOW, theme, picture)
    assert list(faults(facts)) == []
    assert picture.read_bytes().startswith(PNG)


@pytest.mark.parametrize("uid", every_board())
def test_without_data_every_single_figure_is_grey_and_says_so(uid: str, serve: Serve) -> None:
    facts = picture_of(BOARDS[uid], serve("empty", releases()[-1]), WINDOW, "dark")
    assert list(faults(facts, busy=False)) == []
    grey = [
        (panel["title"], panel["fieldConfig"]["defaults"]["noValue"], NO_DATA)
        for panel in panels_of(BOARDS[uid])
        if single_values(panel)
    ]
    assert [(one["panel"], one["text"], one["color"].upper()) for one in facts.singles] == grey


def test_a_figure_that_lost_its_grey_is_noticed(serve: Serve) -> None:
    document = documents(load_policy().value)["gradewatch-overview"]
    changed = next(panel for panel in panels_of(document) if panel["title"] == "Submissions waiting")
    changed["fieldConfig"]["defaults"]["mappings"] = []
    facts = picture_of(document, serve("empty", releases()[-1]), WINDOW, "dark")
    wrong = [one["panel"] for one in facts.singles if one["color"].upper() != NO_DATA]
    assert wrong == ["Submissions waiting"]


def test_words_without_room_are_noticed(serve: Serve) -> None:
    document = documents(load_policy().value)["gradewatch-overview"]
    document["panels"][1]["title"] = "Are students served? " * 20
    facts = picture_of(document, serve("empty", releases()[-1]), WINDOW, "dark")
    assert [text for text in facts.clipped if "has no room" in text]


def test_a_panel_that_breaks_is_noticed(serve: Serve) -> None:
    document = documents(load_policy().value)["gradewatch-overview"]
    document["panels"][1]["type"] = "singlestat"
    facts = picture_of(document, serve("busy", releases()[-1]), WINDOW, "dark")
    assert any("singlestat" in fault for fault in faults(facts))


def test_a_preview_is_a_picture_and_a_page_from_any_prometheus(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("busy", releases()[-1])
    monkeypatch.setattr("time.time", lambda: float(END))
    common = ["preview", "queue", "--prometheus", server.url, "--out", str(tmp_path)]
    assert main(common) == 0
    assert (tmp_path / "gradewatch-queue-dark.png").read_bytes().startswith(PNG)
    assert main([*common, "--format", "html", "--theme", "light"]) == 0
    page = (tmp_path / "gradewatch-queue-light.html").read_text(encoding="utf-8")
    assert "Waiting by queue" in page
    assert ' src="' not in page.partition("<script>")[0]
