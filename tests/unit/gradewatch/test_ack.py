"""`gradewatch ack`: what it refuses before it talks to Alertmanager. The rest is in tests/routing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gradewatch.cli import main

WRONG = [
    (["ServiceDown"], "say who is on it: --by NAME"),
    (["--by", "alice", "ServiceDown", "priority=P1"], 'known by alertname and service, not by "priority"'),
    (["--by", "alice", "service=shop"], "which incident? add alertname=..."),
    (["--by", "alice", "ServiceDown", "shop"], '"shop" is not LABEL=VALUE'),
    (["--by", "alice", "--for", "long", "ServiceDown"], '--for: "long" is not a duration like'),
    (["--by", "alice", "--for", "0s", "ServiceDown"], "--for must be longer than 0s"),
    (["--by", "", "ServiceDown"], "say who is on it: --by NAME"),
    (["end"], "which acknowledgement? `gradewatch ack end ID`; `gradewatch ack list` shows them"),
    (["end", "a", "b"], "which acknowledgement? `gradewatch ack end ID`; `gradewatch ack list` shows them"),
    (["list", "ServiceDown"], "`gradewatch ack list` takes nothing further"),
    (["gc", "now"], "`gradewatch ack gc` takes nothing further"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_is_one_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ack", "--url", "http://127.0.0.1:1", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["list"], ["gc"], ["end", "abc"], ["--by", "alice", "ServiceDown"]])
def test_an_alertmanager_that_is_away_is_one_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str], free_port: Callable[[], int]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert main(["ack", "--url", url, *arguments]) == 2
    sentence = f"gradewatch: Alertmanager at {url} cannot be reached: Connection refused\n"
    assert capsys.readouterr().err == sentence
