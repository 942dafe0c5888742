"""`gradewatch push grafana` against a stub of the documented interface: what is sent, and what is said.

The stub is ours, made after the documentation; that a real Grafana takes the same is not shown here.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradewatch.cli import main
from tests.unit.gradewatch.grafana_stub import TOKEN, VIEWER, State, grafana_stub

BOARDS = {"gradewatch-one": "One", "gradewatch-two": "Two"}


@pytest.fixture
def grafana() -> Iterator[State]:
    with grafana_stub() as state:
        yield state


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "generated"
    (folder / "grafana").mkdir(parents=True)
    for uid, title in BOARDS.items():
        _write(folder, {"id": None, "uid": uid, "title": title, "version": 1, "panels": [{"id": 1}]})
    return folder


def _write(folder: Path, document: dict[str, object]) -> None:
    (folder / "grafana" / f"{document['uid']}.json").write_text(json.dumps(document), encoding="utf-8")


def push(grafana: State, built: Path, *more: str, token: str = TOKEN) -> int:
    file = built / "token"
    file.write_text(f"{token}\n", encoding="utf-8")
    return main(
        [
            "push",
            "grafana",
            "--url",
            f"{grafana.url}/",
            "--token-file",
            str(file),
            "--from",
            str(built),
            *more,
        ]
    )


def test_boards_come_into_a_new_folder_and_a_second_run_writes_nothing(
    grafana: State, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(grafana, built, "--folder", "Monitoring", "--folder-uid", "mon") == 0
    assert grafana.folders == {"mon": "Monitoring"}
    assert grafana.folder_of == dict.fromkeys(BOARDS, "mon")
    assert f"{grafana.url}/d/gradewatch-one/x" in capsys.readouterr().out
    grafana.writes.clear()
    assert push(grafana, built, "--folder-uid", "mon") == 0
    assert grafana.writes == []
    assert capsys.readouterr().out.splitlines() == ["as was   gradewatch-one", "as was   gradewatch-two"]


def test_only_what_differs_is_written(grafana: State, built: Path) -> None:
    assert push(grafana, built) == 0
    _write(built, {"id": None, "uid": "gradewatch-two", "title": "Two", "version": 1, "panels": []})
    grafana.writes.clear()
    assert push(grafana, built) == 0
    assert grafana.writes == ["/api/dashboards/db"]
    assert grafana.dashboards["gradewatch-two"]["panels"] == []
    assert grafana.dashboards["gradewatch-two"]["version"] == 2


def test_a_board_that_lies_in_another_folder_is_moved(grafana: State, built: Path) -> None:
    assert push(grafana, built) == 0
    grafana.folder_of["gradewatch-one"] = "elsewhere"
    assert push(grafana, built) == 0
    assert grafana.folder_of["gradewatch-one"] == "gradewatch"


def test_a_dry_run_shows_the_difference_and_writes_nothing(
    grafana: State, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(grafana, built, "--dry-run") == 1
    assert grafana.writes == []
    assert "would create folder gradewatch" in capsys.readouterr().out
    assert push(grafana, built) == 0
    grafana.dashboards["gradewatch-one"]["title"] = "Edited by hand"
    capsys.readouterr()
    assert push(grafana, built, "--dry-run") == 1
    shown = capsys.readouterr().out
    assert '-"title": "Edited by hand"' in shown.replace("  ", "").replace('- "', '-"')
    assert "would change gradewatch-one" in shown
    assert "as was gradewatch-two" in shown
    assert grafana.dashboards["gradewatch-one"]["title"] == "Edited by hand"


def test_a_dry_run_without_differences_is_good(grafana: State, built: Path) -> None:
    assert push(grafana, built) == 0
    assert push(grafana, built, "--dry-run") == 0


def test_boards_of_several_policies_come_from_their_folders_and_other_forms_do_not(
    grafana: State, built: Path
) -> None:
    (built / "grafana" / "api").mkdir()
    (built / "grafana" / "second").mkdir()
    (built / "grafana" / "api" / "gradewatch-one.json").write_text('{"dashboard": {}}', encoding="utf-8")
    board = {"id": None, "uid": "gradewatch-second-one", "title": "Second", "version": 1}
    path = built / "grafana" / "second" / "gradewatch-second-one.json"
    path.write_text(json.dumps(board), encoding="utf-8")
    assert push(grafana, built) == 0
    assert set(grafana.dashboards) == {*BOARDS, "gradewatch-second-one"}


def test_one_board_alone(grafana: State, built: Path) -> None:
    assert push(grafana, built, "--board", "gradewatch-two") == 0
    assert list(grafana.dashboards) == ["gradewatch-two"]


def test_a_provisioned_board_stops_before_anything_is_written(
    grafana: State, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grafana.dashboards["gradewatch-two"] = {"uid": "gradewatch-two", "title": "Two"}
    grafana.folder_of["gradewatch-two"] = "files"
    grafana.provisioned.add("gradewatch-two")
    assert push(grafana, built) == 2
    assert grafana.writes == []
    assert "gradewatch-two is provisioned from a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("token", "said"), [("wrong", "does not accept the token"), (VIEWER, "needs the role Editor")]
)
def test_a_refusal_is_one_sentence_without_the_token(
    token: str, said: str, grafana: State, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(grafana, built, token=token) == 2
    error = capsys.readouterr().err
    assert said in error
    assert token not in error
    assert len(error.splitlines()) == 1


def test_a_title_that_is_taken_is_named_with_what_was_done_before(
    grafana: State, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grafana.folders["gradewatch"] = "gradewatch"
    grafana.dashboards["foreign"] = {"uid": "foreign", "title": "Two"}
    grafana.folder_of["foreign"] = "gradewatch"
    assert push(grafana, built) == 2
    error = capsys.readouterr().err
    assert "another dashboard of this title" in error
    assert "before that: gradewatch-one" in error


def test_what_is_no_grafana_is_said_so(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_: None  # type: ignore[method-assign,assignment]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        assert push(State(url=f"http://127.0.0.1:{server.server_port}"), built) == 2
    finally:
        server.shutdown()
        server.server_close()
    assert "does not answer like Grafana" in capsys.readouterr().err


def test_what_is_no_address_is_said_so(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert push(State(url="grafana.example.org"), built) == 2
    assert "that is no address like https://" in capsys.readouterr().err


def test_nobody_there(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert push(State(url="http://127.0.0.1:1"), built) == 2
    assert "does not answer: no connection" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"), [("", "does not hold one token"), ("two words", "does not hold one token")]
)
def test_a_token_file_without_a_token(
    content: str, said: str, grafana: State, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(grafana, built, token=content) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_board_and_a_folder_that_was_not_built(
    grafana: State, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(grafana, built, "--board", "gradewatch-three") == 2
    assert "there are gradewatch-one, gradewatch-two" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert push(grafana, tmp_path / "empty") == 2
    assert "build them first" in capsys.readouterr().err
