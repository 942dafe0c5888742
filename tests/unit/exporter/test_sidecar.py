"""From collectors to pages, and what is told of them in the log and on the landing page."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from html.parser import HTMLParser

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from exporter.catalogue import GRADER_DATABASE_UP
from exporter.collector import CollectError, Deadline, RowFamily
from exporter.exposition import Format, page
from exporter.flight import Limits, Outcome
from exporter.landing import landing_page
from exporter.logs import Formatter
from exporter.registry import Registered
from exporter.sidecar import Sidecar, Status
from tests.unit.exporter.fakes import Fake, Gate


class Switch:
    """A collector's behaviour that a test turns on and off."""

    error: CollectError | None = None

    def __call__(self, deadline: Deadline) -> Iterable[Metric]:
        if self.error:
            raise self.error
        return [RowFamily(GRADER_DATABASE_UP, [("a", 1)])]


def text(sidecar: Sidecar) -> str:
    return page(sidecar.scrape(), Format.TEXT).decode()


def test_a_page_holds_what_collectors_say_and_what_is_said_of_them() -> None:
    read = text(Sidecar([Fake("a"), Fake("b")], Limits()))
    assert read.count("# TYPE grader_database_up gauge") == 1
    assert 'grader_database_up{database="a"} 1\ngrader_database_up{database="b"} 1\n' in read
    assert "grader_exporter_build_info{" in read
    assert "process_resident_memory_bytes " in read


def test_rows_that_two_collectors_have_are_counted_as_duplicates_of_the_second() -> None:
    same = Switch()
    read = text(Sidecar([Fake("x", same), Fake("y", same)], Limits()))
    assert 'grader_exporter_duplicate_rows{collector="x"} 0\n' in read
    assert 'grader_exporter_duplicate_rows{collector="y"} 1\n' in read


def test_series_vanish_with_the_error_and_come_back_with_the_answer() -> None:
    switch = Switch()
    sidecar = Sidecar([Fake("a", switch)], Limits())
    seen = []
    for error in (None, CollectError("connect", "refused"), None):
        switch.error = error
        seen.append("grader_database_up{" in text(sidecar))
    assert seen == [True, False, True]


def test_the_log_has_one_line_for_each_change(caplog: pytest.LogCaptureFixture) -> None:
    switch = Switch()
    sidecar = Sidecar([Fake("a", switch)], Limits())
    caplog.set_level(logging.INFO)
    for error in (
        None,
        None,
        CollectError("connect", "refused"),
        CollectError("connect", "refused"),
        None,
        None,
    ):
        switch.error = error
        sidecar.scrape()
    ours = [record for record in caplog.records if record.name.startswith("exporter")]
    lines = [(record.levelname, record.getMessage()) for record in ours]
    assert lines == [
        ("INFO", "collector answers"),
        ("WARNING", "collector fails"),
        ("INFO", "collector answers"),
    ]
    assert Formatter("logfmt").format(ours[1]).endswith(" reason=connect error=refused")


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("logfmt", r'ts=\S+ level=warning msg="it is \\"so\\"" url="a b" n=3'),
        ("json", r'\{"ts": "\S+", "level": "warning", "msg": "it is \\"so\\"", "url": "a b", "n": 3\}'),
    ],
)
def test_a_log_line_holds_its_fields(style: str, expected: str) -> None:
    record = logging.makeLogRecord({"levelname": "WARNING", "msg": 'it is "%s"', "args": ("so",)})
    vars(record).update(url="a b", n=3)
    assert re.fullmatch(expected, Formatter(style).format(record))


@pytest.mark.parametrize("style", ["logfmt", "json"])
def test_a_log_line_stays_one_line(style: str) -> None:
    """What a client sends cannot forge a second one."""
    try:
        raise ValueError("x")
    except ValueError as error:
        record = logging.makeLogRecord(
            {"levelname": "ERROR", "msg": "a\nb", "exc_info": (ValueError, error, error.__traceback__)}
        )
    assert "\n" not in Formatter(style).format(record)


def outcome(**changes: object) -> Outcome:
    values = {
        "collector": "a",
        "state": "ok",
        "block": None,
        "duration": 0.01,
        "last_success": 100.0,
    } | changes
    return Outcome(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        (Status(0.0, ()), False),
        (Status(1.0, ()), True),
        (Status(1.0, (outcome(), outcome(state="error"))), True),
        (Status(1.0, (outcome(state="cached"),)), True),
        (Status(1.0, (outcome(state="stale"), outcome(state="timeout"))), False),
        (Status(1.0, (outcome(),), draining=True), False),
    ],
)
def test_ready_means_that_something_is_known_of_the_grader(status: Status, ready: bool) -> None:
    assert status.ready is ready


class Outline(HTMLParser):
    """Tags that were opened and not closed, and addresses that the page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "data") or tag == "link"]
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def landing(*outcomes: Outcome, at: float = 1000.0, now: float = 1000.0) -> str:
    sidecar = Sidecar([], Limits())
    sidecar.status = Status(at, outcomes)
    return landing_page(sidecar, now)


def test_the_landing_page_is_whole_and_loads_nothing() -> None:
    outline = Outline()
    outline.feed(landing(outcome(), outcome(state="error", reason="data", message="no")))
    outline.close()
    assert (outline.open, outline.loads) == ([], [])
    assert outline.links == ["/metrics", "/-/healthy", "/-/ready"]
    assert "url(" not in landing()


def test_the_landing_page_tells_state_and_error_of_each_collector() -> None:
    read = landing(
        outcome(collector="rows", state="stale", reason="timeout", message="no answer", last_success=880.0),
        outcome(
            collector="workers", state="error", reason="query", message="no such table", last_success=0.0
        ),
        outcome(duration=2.34, last_success=1000 - 3 * 86400),
    )
    for part in (
        "rows",
        "! stale",
        "timeout: no answer",
        "2 min ago",
        "✕ error",
        "never",
        "2.3 s",
        "3 d ago",
    ):
        assert part in read


def test_the_landing_page_escapes_what_it_shows() -> None:
    read = landing(outcome(collector="<b>", state="error", reason="data", message="<script>x</script>"))
    assert "<script>" not in read
    assert "<b>" not in read
    assert "&lt;script&gt;" in read


@pytest.mark.parametrize(
    ("at", "said"), [(0.0, "Nothing was collected yet."), (999.0, "No collector is configured.")]
)
def test_an_empty_landing_page_says_why(at: float, said: str) -> None:
    assert said in landing(at=at)


def test_the_landing_page_can_be_made_while_a_collection_hangs() -> None:
    gate = Gate()
    sidecar = Sidecar([Fake("hung", gate)], Limits(timeout=0.2))
    started = time.monotonic()
    sidecar.scrape()
    assert "no answer within 0.2 s" in landing_page(sidecar)
    gate.open()
    assert time.monotonic() - started < 5


def test_our_collectors_work_in_somebody_elses_registry() -> None:
    """Registering asks nothing of the grader: only `describe` is called."""
    registry, fake = CollectorRegistry(), Fake("a")
    registry.register(Registered(fake))
    assert fake.asked == 0
    assert b'grader_database_up{database="a"} 1.0' in generate_latest(registry)
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(Registered(Fake("b")))
