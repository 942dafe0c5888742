"""Faults of the matrix: ready sets, several contacts, hours, digests, hand-over, SNS; one spot at a time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policy.load import FOLDER, load_policy
from policy.matrices import NAMES, ready
from typedyaml.faults import Faults

TEXT = (FOLDER / "auto-grader.yaml").read_text(encoding="utf-8")
LEAD = "- {after: 1h, to: team-lead, via: [slack, email]}"
P3 = "repeat_interval: 12h"
P4 = "repeat_interval: 1d"
P4_STEP = "- {after: 0m, to: engineering, via: [email]}"
P1_STEPS = """\
      - {after: 15m, to: team-lead, via: [sms, call]}
      - {after: 30m, to: engineering-manager, via: [call]}
"""
KEY = "routing_key_file: /etc/alertmanager/secrets/pagerduty_oncall"
HOURS = 'times: [{start: "08:00", end: "18:00"}]'
ENGINEERING = "    email: {to: engineering@example.org}"


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the policy"
        text = text.replace(old, new)
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(Faults) as caught:
        load_policy(path)
    return [(fault.line, fault.message) for fault in caught.value.faults]


CASES = {
    "nobody is told": (LEAD, LEAD.replace("team-lead", "[]"), "P2: a step must tell somebody"),
    "a contact is unknown": (
        LEAD,
        LEAD.replace("team-lead", "[team-lead, boss]"),
        'unknown contact "boss"; allowed: ',
    ),
    "a contact is there twice": (
        LEAD,
        LEAD.replace("team-lead", "[team-lead, team-lead]"),
        'contact "team-lead" is there twice',
    ),
    "one of several has not the channel": (
        LEAD,
        LEAD.replace("team-lead", "[team-lead, vendors]"),
        'contact "vendors" has no "slack"; it has sms, call, email',
    ),
    "a repeat between the ticks": (
        LEAD,
        LEAD.replace("]}", "], repeat: 3m}"),
        "repeat 3m is not a multiple of group_interval 2m",
    ),
    "hours that are not there": (
        P3,
        f"{P3}\n    hours: office",
        'unknown hours "office"; allowed: working-hours',
    ),
    "a call that waits for the morning": (
        "    respond: 15m",
        "    respond: 15m\n    hours: working-hours",
        "P1 calls at any hour; hours are for what can wait",
    ),
    "a night in one span": (
        HOURS,
        HOURS.replace("18:00", "06:00"),
        "08:00 to 06:00 is not within one day; write a night as two spans",
    ),
    "a time of day that is none": (
        HOURS,
        HOURS.replace("18:00", "18.00"),
        '"18.00" is not a time like "08:00"',
    ),
    "a digest without a rhythm": (
        P4,
        f"{P4}\n    digest: {{}}",
        'a digest needs either "every" (1h) or "at" ("09:00")',
    ),
    "a digest too late in the day": (
        P4,
        f'{P4}\n    digest: {{at: "23:55"}}',
        "the window of a digest must end before midnight: at most 23:45",
    ),
    "a digest that escalates": (
        P3,
        f"{P3}\n    digest: {{every: 1h}}",
        "P3 is a digest, which has no incident to escalate: keep step 0 only",
    ),
    "a daily digest with hours": (
        P4,
        f'{P4}\n    hours: working-hours\n    digest: {{at: "09:00"}}',
        'a digest "at" a time of day has its own weekdays: leave hours out',
    ),
    "both escalate": (
        "    respond: 15m",
        "    respond: 15m\n    handover: true",
        "P1 is handed over to PagerDuty, which escalates itself: keep step 0 only",
    ),
    "sns without its region": (
        "  lead-developer: {sms: true,",
        '  lead-developer: {sns: {phone_number: "+4930123456"},',
        None,
    ),
    "sns without an address": (
        ENGINEERING,
        f"{ENGINEERING}\n    sns: {{}}",
        "sns needs either topic_arn or phone_number",
    ),
    "a number that is none": (
        ENGINEERING,
        f'{ENGINEERING}\n    sns: {{phone_number: "030-123456"}}',
        '"030-123456" is not a phone number like "+4930123456" (E.164)',
    ),
    "a webhook without an address": (
        ENGINEERING,
        f"{ENGINEERING}\n    webhook: {{}}",
        "webhook needs either url or url_file (when it holds a secret)",
    ),
    "a ready set beside rows": (
        "priorities:\n  P1:",
        "matrix: launch-day\npriorities:\n  P1:",
        "both matrix and priorities say who is told; choose one",
    ),
    "a ready set that is not there": (
        "priorities:\n  P1:",
        "matrix: launch\npriorities:\n  P1:",
        'unknown value "launch"; did you mean "launch-day"?',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_one_sentence_at_its_line(case: str, tmp_path: Path) -> None:
    old, new, message = CASES[case]
    path = changed(tmp_path, (old, new))
    if message is None:
        load_policy(path)
        return
    found = faults(path)
    start = TEXT[: TEXT.index(old)].count("\n") + 1
    last = start + new.count("\n") + 8  # within the row: a step may be at fault for a key above it
    assert [text for line, text in found if text.startswith(message) and start <= line <= last], found


def test_a_step_by_sns_needs_a_region(tmp_path: Path) -> None:
    sns = ("  cto: {call: true}", '  cto: {call: true, sns: {phone_number: "+4930123456"}}')
    step = ("to: engineering-manager, via: [call]", "to: cto, via: [sms, call]")
    assert 'channel "sms" needs "sns" in delivery' in [
        text for _, text in faults(changed(tmp_path, sns, step))
    ]


def test_a_handover_names_the_schedule(tmp_path: Path) -> None:
    handover = ("    respond: 15m", "    respond: 15m\n    handover: true")
    alone = (P1_STEPS, "")
    message = "P1 is handed over: step 0 must go by pagerduty to a contact whose schedule is named"
    assert [text for _, text in faults(changed(tmp_path, handover, alone))] == [message]
    named = (KEY, f"{KEY}, schedule: Grading on-call")
    policy = load_policy(changed(tmp_path, handover, alone, named)).value
    assert policy.priorities["P1"].handover


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_set_takes_the_place_of_the_rows(name: str, tmp_path: Path) -> None:
    text = re.sub(r"^priorities:\n(?:[ #].*\n|\n)*", f"matrix: {name}\n", TEXT, flags=re.MULTILINE)
    path = tmp_path / "p.yaml"
    path.write_text(text, "utf-8")
    assert load_policy(path).value.priorities == ready(name)  # type: ignore[arg-type]
    path.write_text(text.replace("  cto: {call: true}\n", "").replace("  vendors: ", "  vendor: "), "utf-8")
    line = text[: text.index("\nmatrix:") + 1].count("\n") + 1
    missing = "cto" if name == "three-levels" else "vendors"
    found = faults(path)
    assert {at for at, _ in found} == {line}
    assert all(message.startswith(f'unknown contact "{missing}"') for _, message in found)


def test_a_policy_without_anybody_to_tell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(re.sub(r"^priorities:\n(?:[ #].*\n|\n)*", "", TEXT, flags=re.MULTILINE), "utf-8")
    ((_, message),) = faults(path)
    assert message == "who is told? priorities is missing, or matrix: launch-day or three-levels"


FIGURES = {
    "three-levels": ["0s", "30m", "1h", "2h", "4h", "8h", "12h"],
    "launch-day": ["0s", "30m", "1h", "1h30m"],
}
"""Of the documents: a range begins a step at its start (0-30, 30-60); 12 h for the executives is ours."""


@pytest.mark.parametrize("name", NAMES)
def test_the_times_of_a_ready_set_are_those_of_its_document(name: str) -> None:
    assert [str(step.after) for step in ready(name)["P1"].steps] == FIGURES[name]


@pytest.mark.parametrize(
    ("old", "new", "place", "hint"),
    [
        (
            "location: Europe/Berlin}",
            "location: Europe/Berln}",
            "Europe/Berln",
            'did you mean "Europe/Berlin"?',
        ),
        (
            "hours:\n",
            "holidays: {days: [2026-12-25], location: Nowhere}\nhours:\n",
            "Nowhere",
            "it must be a name",
        ),
        (
            P4,
            f"{P4}\n    digest: {{at: '09:00', location: Europe/Pariz}}",
            "Europe/Pariz",
            'did you mean "Europe/Paris"?',
        ),
    ],
)
def test_a_time_zone_must_exist(tmp_path: Path, old: str, new: str, place: str, hint: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        TEXT.replace(f"\n{old}" if old == "hours:\n" else old, f"\n{new}" if old == "hours:\n" else new),
        "utf-8",
    )
    ((line, message),) = faults(path)
    assert place in path.read_text("utf-8").splitlines()[line - 1]
    assert message.startswith(f'unknown time zone "{place}"; {hint}')


def test_who_reads_what_nobody_knows_must_be_reachable(tmp_path: Path) -> None:
    found = faults(
        changed(
            tmp_path, ("unrouted: engineering", "unrouted: cto"), ("  webhook: {base:", "  slack2: {base:")
        )
    )
    assert any(
        message == 'channel "call" needs "webhook" in delivery' and "unrouted" in _line(tmp_path, line)
        for line, message in found
    )


def _line(tmp_path: Path, line: int) -> str:
    return (tmp_path / "p.yaml").read_text("utf-8").splitlines()[line - 1]
