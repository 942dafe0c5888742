"""The terminal view: what it says, and that it fits every terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alertmanager.table import rows
from gradewatch.demo.clock import Clock
from gradewatch.demo.incidents import Incident, Pending, StepNow
from gradewatch.demo.messages import Message
from gradewatch.demo.story import Told
from gradewatch.demo.view import Picture, Span, closing_table, figures_line, lines, paint
from policy.compress import compress
from policy.load import load_policy

START = datetime(2026, 11, 21, 3, tzinfo=UTC)
SPEED = 30
FAST = compress(load_policy().value, SPEED)
ACK = ".venv/bin/gradewatch ack DatabaseConnectionFailed --by you --url http://127.0.0.1:9093"


def after(minutes: float) -> datetime:
    """A moment so many minutes of the demo after its start."""
    return START + timedelta(minutes=minutes) / SPEED


def incident(name: str = "DatabaseConnectionFailed", by: str = "", *, inhibited: bool = False) -> Incident:
    """Fired at minute 16, step 0 told at once, step 1 after 15 minutes."""
    one, two, three = rows(FAST, "P1")
    last = "stopped" if by else "due"
    steps = (
        StepNow(one, after(16), "told", after(16)),
        StepNow(two, after(31), "told", after(31.5)),
        StepNow(three, after(46), last, None),
    )
    return Incident(name, "P1", "", {}, "The database cannot be reached.", after(16), steps, inhibited, by)


def picture(**changes) -> Picture:
    known = {
        "title": "gradewatch demo",
        "clock": Clock(START, SPEED),
        "now": after(40),
        "addresses": [("metrics", "http://127.0.0.1:11910/"), ("alerts", "http://127.0.0.1:9090/alerts")],
        "figures": "3 waiting",
        "story": ["All is well.", "The database is gone.", "It fires."],
        "incidents": [incident()],
        "pending": [],
        "messages": [message(n) for n in range(9)],
        "ack": ACK,
    }
    return Picture(**{**known, **changes})


def message(number: int, status="firing") -> Message:
    return Message(
        after(16 + number),
        "sms",
        "oncall",
        status,
        "DatabaseConnectionFailed",
        "P1",
        0,
        f"[P1] no. {number}",
        "",
    )


def drawn(shown: Picture, width: int = 80, height: int = 24) -> list[str]:
    return [paint(line, width, colour=False) for line in lines(shown, width, height)]


def test_a_screen_of_80_by_24_says_who_was_told_and_who_is_next():
    assert [line.rstrip() for line in drawn(picture())] == [
        f" gradewatch demo{'00:40:00':>63}",
        "",
        " Open    metrics  http://127.0.0.1:11910/",
        "         alerts   http://127.0.0.1:9090/alerts",
        " Grader  3 waiting",
        " Story   The database is gone.",
        "         It fires.",
        "",
        " P1 DatabaseConnectionFailed  for 24m  The database cannot be reached.",
        "    0  at once  oncall               pagerduty, sms  told after 0s",
        "    1  15m      team-lead            sms, call       told after 15m30s",
        "    2  30m      engineering-manager  call            in 6m",
        "",
        " Messages, 9 so far",
        *(f" 00:{16 + n}:00  oncall  sms        [P1] no. {n}" for n in range(2, 9)),
        " Ctrl-C ends the demo. To acknowledge, in another terminal:",
        " .venv/bin/gradewatch ack DatabaseConnectionFailed \\",
        "     --by you --url http://127.0.0.1:9093",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("height", [5, 10, 24, 60])
@pytest.mark.parametrize("incidents", [0, 1, 7])
def test_every_terminal_is_filled_and_never_overrun(width, height, incidents):
    found = drawn(picture(incidents=[incident(f"Alert{n}") for n in range(incidents)]), width, height)
    assert len(found) == height
    assert max(map(len, found)) <= width


def test_what_has_no_room_is_counted():
    crowd = [incident(f"Alert{n}") for n in range(12)]
    found = drawn(picture(incidents=crowd))
    assert [line for line in found if "more in a taller terminal" in line]
    assert not [
        line for line in drawn(picture(incidents=crowd), height=80) if "more in a taller terminal" in line
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"incidents": [], "messages": []}, " Nothing fires."),
        (
            {"incidents": [incident(by="ada")]},
            "    2  30m      engineering-manager  call            silent: ada is on it",
        ),
        (
            {"incidents": [incident("Other", inhibited=True)]},
            " P1 Other  for 24m, held back by a greater alert: nobody is told",
        ),
        (
            {"pending": [Pending("GradingBacklog", "P2", after(43))]},
            " P2 GradingBacklog  not yet firing: in 3m unless it goes away",
        ),
    ],
)
def test_states_are_words_and_not_only_colours(changes, line):
    assert line in drawn(picture(**changes))


def test_colour_is_only_used_where_it_is_wanted():
    line = [Span(" P1 ", "P1"), Span("name")]
    assert paint(line, 80, colour=True) == "\x1b[1;31m P1 \x1b[0mname"
    assert paint(line, 80, colour=False) == " P1 name"
    assert paint(line, 6, colour=False) == " P1 n…"


def test_the_closing_table_says_who_was_told_when():
    told = [
        Told("oncall", "sms", 0, after(16), after(50)),
        Told("team-lead", "call", 1, after(31), None),
        Told("team-lead", "sms", 1, after(31), None),
    ]
    assert closing_table(told, Clock(START, SPEED), after(16)) == [
        "  STEP  WHO        HOW   TOLD       RESOLVED",
        "  0     oncall     sms   after 0s   after 34m",
        "  1     team-lead  call  after 15m  calls are not made for good news",
        "  1     team-lead  sms   after 15m  not told",
    ]


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({}, "first figures in a moment"),
        ({"up": 1}, "its database does not answer"),
        (
            {"up": 1, "waiting": 3, "oldest": 2, "graded": 6, "errors": 0.015},
            "3 waiting, oldest 1m, 12 graded/min, 1.5% errors, 1 heartbeat",
        ),
    ],
)
def test_the_grader_in_one_line_is_in_the_demos_time(found, line):
    assert figures_line(found, SPEED, heartbeats=1) == line
