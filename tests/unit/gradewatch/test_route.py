"""`gradewatch route`: who is told, when and how, at 80 columns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from textwrap import dedent

import pytest

from alertmanager.calendar import goes_out
from gradewatch.cli import main
from policy.load import FOLDER, load_policy

WIDTH = 80


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))


def route(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["route", *arguments]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if len(line) > WIDTH] == []
    return out


def test_an_alert_by_its_labels(capsys: pytest.CaptureFixture[str]) -> None:
    assert route(capsys, "alertname=ServiceDown", "priority=P1") == dedent("""\
        ServiceDown  P1 critical  grouped by alertname, service
        STEP  AFTER  WHO                  HOW             RECEIVER
        0     0m     oncall               pagerduty, sms  P1-0-oncall
        1     15m    team-lead            sms, call       P1-1-team-lead
        2     30m    engineering-manager  call            P1-2-engineering-manager
        With step 0 a copy goes to oncall by slack, msteams, for information.
        After an acknowledgement steps 1 and 2 stay silent; oncall still hears of the
        recovery.
        """)


def test_an_alert_of_the_policy_is_known_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    by_labels = route(capsys, "alertname=ServiceDown", "priority=P1")
    assert route(capsys, "--alert", "ServiceDown") == by_labels
    assert route(capsys, "alertname=ServiceDown") == by_labels


def test_times_of_day_and_who_was_told_by_then(capsys: pytest.CaptureFixture[str]) -> None:
    out = route(capsys, "--alert", "ServiceDown", "--at", "16m", "--when", "2026-11-21T23:50")
    assert out == dedent("""\
        ServiceDown  P1 critical  grouped by alertname, service
        STEP  AFTER  TIME          WHO                  HOW
        0     0m     23:50         oncall               pagerduty, sms
        1     15m    22 Nov 00:05  team-lead            sms, call
        2     30m    22 Nov 00:20  engineering-manager  call
        With step 0 a copy goes to oncall by slack, msteams, for information.
        16m after it fired oncall and team-lead were told; engineering-manager follows
        in 14m.
        After an acknowledgement steps 1 and 2 stay silent; oncall still hears of the
        recovery.
        """)


SENTENCES = [
    (
        ["--alert", "ServiceDown", "--at", "0s"],
        "0s after it fired oncall was told; team-lead follows in 15m.",
    ),
    (
        ["--alert", "CollectorFailing", "--at", "5h"],
        "oncall and team-lead were told; there is no further step.",
    ),
    (["alertname=Mine", "priority=P2", "escalation=1"], "escalation=1 reaches P2-1-team-lead."),
    (["alertname=Mine", "priority=P4"], "There is no later step to stop"),
    (["alertname=Mine"], "Mine goes to unrouted: engineering by email, no escalation."),
    (["alertname=Mine"], "To be escalated an alert needs a label priority: P1, P2, P3, P4."),
    (["alertname=Watchdog"], "Watchdog goes to heartbeat: it always fires, and its absence is the alarm."),
    (["priority=P2"], "(any alert)  P2 high"),
    (["--alert", "WorkersMissing"], "Nobody is told while this fires: ServiceDown."),
    (
        ["--alert", "AvailabilityBudgetBurn", "burn_tier=slow"],
        "Nobody is told while this fires: ServiceDown, AvailabilityBudgetBurn (fast, medium).",
    ),
]


@pytest.mark.parametrize(("arguments", "sentence"), SENTENCES)
def test_it_says(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert sentence in " ".join(route(capsys, *arguments).split()).replace(
        "(any alert) P2", "(any alert)  P2"
    )


def test_an_error_budget_has_a_table_for_each_tier(capsys: pytest.CaptureFixture[str]) -> None:
    heads = [
        line for line in route(capsys, "--alert", "AvailabilityBudgetBurn").splitlines() if "grouped" in line
    ]
    assert [head.split("  ")[0] for head in heads] == [
        "AvailabilityBudgetBurn fast",
        "AvailabilityBudgetBurn medium",
        "AvailabilityBudgetBurn slow",
        "AvailabilityBudgetBurn longterm",
    ]


def test_without_an_alert_the_whole_matrix_one_line_an_alert(capsys: pytest.CaptureFixture[str]) -> None:
    lines = route(capsys).splitlines()
    assert lines[0].split() == ["ALERT", "P", *["WHO", "IS", "TOLD", "WHEN", "NOBODY", "ACKNOWLEDGES"]]
    told = [" ".join(line.split()) for line in lines[1:] if not line.startswith(" ")]
    assert told[0].startswith("ServiceDown P1 0m oncall, 15m team-lead,")
    assert "AvailabilityBudgetBurn P4 0m engineering" in told
    priorities = [line.split()[1] for line in told]
    assert priorities == sorted(priorities)


WRONG = [
    (["ServiceDown"], '"ServiceDown" is not LABEL=VALUE, such as alertname=ServiceDown'),
    (["=x"], '"=x" is not LABEL=VALUE'),
    (["--alert", "ServiceDwn"], 'unknown alert "ServiceDwn"; did you mean "ServiceDown"?'),
    (["--alert", "ServiceDown", "--at", "soon"], '--at: "soon" is not a duration like'),
    (["--alert", "ServiceDown", "--when", "soon"], '--when: "soon" is not a time such as 2026-11-21T03:00'),
    (["--at", "5m"], "--at and --when need an alert"),
    (["--policy", "nothing"], 'unknown policy "nothing"'),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_is_one_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["route", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


def waiting(tmp_path: Path, *changes: tuple[str, str]) -> str:
    """A policy whose P3 keeps to working hours in Berlin, closed on the 25th."""
    text = (FOLDER / "auto-grader.yaml").read_text("utf-8")
    hours = ("repeat_interval: 12h", "repeat_interval: 12h\n    hours: working-hours")
    for old, new in (hours, ("\nhours:", "\nholidays: {days: [2026-12-25]}\nhours:"), *changes):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "p.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_message_that_waits_says_until_when_and_why(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Thursday evening before a holiday and a week-end: both steps come on Monday morning."""
    policy = waiting(tmp_path)
    out = route(capsys, "--policy", policy, "--alert", "CollectorFailing", "--when", "2026-12-24T17:00")
    assert out.startswith(
        dedent("""\
            CollectorFailing  P3 medium  grouped by alertname, service
            STEP  AFTER  TIME          WHO        HOW    WHY THEN
            0     0m     17:00         oncall     email
            1     4h     28 Dec 08:00  team-lead  email  waits for working-hours
            """)
    )
    assert "Messages keep to working-hours and wait over holidays" in out
    closed = route(capsys, "--policy", policy, "--alert", "CollectorFailing", "--when", "2026-12-25T10:00")
    assert "0     0m     28 Dec 08:00  oncall     email  holiday" in closed
    high = route(capsys, "--policy", policy, "--alert", "SlowResponseTime", "--when", "2026-12-25T10:00")
    assert "WHY" not in high, "P2 does not wait"


def test_a_time_with_a_zone_is_compared_in_the_zone_of_the_hours(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = route(
        capsys, "--policy", waiting(tmp_path), "--alert", "CollectorFailing", "--when", "2026-11-23T06:30Z"
    )
    assert "0     0m     08:00" in out, "half past six UTC is half past seven in Berlin, before the hours"


def test_digests_repeats_and_a_handover_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    steps = """\
      - {after: 15m, to: team-lead, via: [sms, call]}
      - {after: 30m, to: engineering-manager, via: [call]}
"""
    policy = waiting(
        tmp_path,
        ("repeat_interval: 1d", "repeat_interval: 1d\n    digest: {every: 1h}"),
        (steps, ""),
        ("    respond: 15m", "    respond: 15m\n    handover: true"),
        ("pagerduty_oncall}", "pagerduty_oncall, schedule: Grading on-call}"),
        (
            "- {after: 1h, to: team-lead, via: [slack, email]}",
            "- {after: 1h, to: team-lead, via: [slack, email], repeat: 30m}",
        ),
    )
    low = route(capsys, "--policy", policy, "--alert", "LabelValuesDropped")
    assert "One message for all P4 alerts of the service, again every 1h." in low
    high = route(capsys, "--policy", policy, "--alert", "SlowResponseTime")
    assert "Step 1 is told again every 30m while it fires." in high
    critical = route(capsys, "--policy", policy, "--alert", "ServiceDown")
    assert "PagerDuty escalates, by its own Grading on-call; an acknowledgement" in critical


@pytest.mark.parametrize(
    ("due", "opens"),
    [
        ("2026-11-20T17:59", "2026-11-20T17:59"),
        ("2026-11-20T18:00", "2026-11-23T08:00"),
        ("2026-11-21T12:00", "2026-11-23T08:00"),
        ("2026-11-23T07:59", "2026-11-23T08:00"),
        ("2026-12-24T18:00", "2026-12-28T08:00"),
    ],
)
def test_the_calendar_counts_as_alertmanager_does(due: str, opens: str, tmp_path: Path) -> None:
    """A span ends before its last minute; a holiday is closed for the whole day."""
    policy = load_policy(waiting(tmp_path)).value
    found, _ = goes_out(policy, "P3", datetime.fromisoformat(due))
    assert found == datetime.fromisoformat(opens)


def test_the_order_in_which_hours_are_written_does_not_matter(tmp_path: Path) -> None:
    times = '[{start: "14:00", end: "18:00"}, {start: "08:00", end: "12:00"}]'
    policy = load_policy(waiting(tmp_path, ('[{start: "08:00", end: "18:00"}]', times))).value
    for due, opens in (("07:00", "08:00"), ("09:00", "09:00"), ("13:00", "14:00")):
        found, _ = goes_out(policy, "P3", datetime.fromisoformat(f"2026-11-23T{due}"))
        assert found == datetime.fromisoformat(f"2026-11-23T{opens}")
