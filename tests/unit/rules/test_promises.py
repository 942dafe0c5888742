"""What a policy promises of the monitoring itself: how late a message is at most, how much is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

import rules.render
from policy.load import FOLDER, load_policy
from rules import budget, deadlines
from typedyaml.faults import Faults
from typedyaml.units import Duration

TEXT = (FOLDER / "learning-portal.yaml").read_text("utf-8")


def build(folder: Path, *changes: tuple[str, str]) -> tuple[str, ...]:
    """Notes of the portal's rules, with some text changed."""
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "p.yaml"
    path.write_text(text, "utf-8")
    return rules.render.render(load_policy(path)).notes


def faults(folder: Path, *changes: tuple[str, str]) -> list[tuple[int, str]]:
    with pytest.raises(Faults) as caught:
        build(folder, *changes)
    return [(fault.line, fault.message) for fault in caught.value.faults]


def line_of(snippet: str) -> int:
    return TEXT[: TEXT.index(snippet)].count("\n") + 1


def test_a_critical_fault_of_the_portal_is_told_within_half_a_minute() -> None:
    """5 s scrape, 5 s timeout, 5 s evaluation, 10 s `for`, no group_wait."""
    policy = load_policy("learning-portal").value
    assert policy.notify_within["ServiceDown"] == Duration(30)
    assert deadlines.latest(policy, "ServiceDown") == Duration(25)
    assert deadlines.latest(policy, "DatabaseConnectionFailed") == Duration(20)


SERVICE_DOWN = "for: 10s, keep_firing_for: 1m"


@pytest.mark.parametrize(("wait", "late"), [("15s", None), ("16s", "35s"), ("2m", "2m15s")])
def test_a_promise_that_cannot_be_kept_is_refused(wait: str, late: str | None, tmp_path: Path) -> None:
    """`for` is rounded up to evaluations: 16 s are 20 s."""
    change = (SERVICE_DOWN, f"for: {wait}, keep_firing_for: 1m")
    if late is None:
        build(tmp_path, change)
        return
    message = f"ServiceDown can be told {late} after the fault, later than 30s"
    assert [(line, text.partition(":")[0]) for line, text in faults(tmp_path, change)] == [
        (line_of("notify_within: {"), message)
    ]


def test_a_promise_for_an_alert_that_is_not_there_is_refused(tmp_path: Path) -> None:
    change = ("{ServiceDown: 30s,", "{ServiceDwon: 30s,")
    ((_, message),) = faults(tmp_path, change)
    assert message.startswith('unknown alert "ServiceDwon"; did you mean "ServiceDown"?')


def test_a_promise_for_a_ratio_over_time_is_refused(tmp_path: Path) -> None:
    ((_, message),) = faults(tmp_path, ("{ServiceDown: 30s,", "{HighErrorRate: 30s,"))
    assert message == "HighErrorRate looks back over a window: how late it is depends on the fault"


def test_the_samples_of_a_month_are_added_up() -> None:
    """By hand: series and four of Prometheus' own, two bytes; 5 s make 518 400 scrapes, a minute 43 200."""
    policy = load_policy("learning-portal").value
    parts = budget.bytes_per_month(policy, [])
    assert parts["application"] == (150 + 4) * 2 * 518_400
    assert parts["node"] == (600 + 4) * 2 * 43_200
    groups = [{"rules": [{"record": "a"}, {"alert": "B"}]}, {"interval": "1h", "rules": [{"record": "c"}]}]
    assert budget.bytes_per_month(policy, groups)["rules"] == 2 * (518_400 + 720)


def test_the_portal_stays_within_a_gigabyte_a_month(tmp_path: Path) -> None:
    (note,) = [note for note in build(tmp_path) if "of samples a month" in note]
    assert note.endswith("1000 MB are allowed")


def test_a_budget_that_is_exceeded_is_refused_with_the_largest_first(tmp_path: Path) -> None:
    change = ("interval: 5s, series: 150}\n    exporter", "interval: 5s, series: 1500}\n    exporter")
    ((line, message),) = faults(tmp_path, change)
    assert line == line_of("budget: {")
    assert "1000 MB are allowed: application 1559 MB, " in message


def test_a_budget_needs_the_size_of_every_job(tmp_path: Path) -> None:
    ((line, message),) = faults(tmp_path, (", series: 600}", "}"))
    assert message == 'the budget needs "series": how many node-learning-portal exposes'
    assert line == line_of("node: {job")
