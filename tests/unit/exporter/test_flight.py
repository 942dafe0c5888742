"""Collections: at the same time, under one deadline, each failing alone, none started twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest
from prometheus_client.core import Metric

from exporter.catalogue import GRADER_DATABASE_UP
from exporter.collector import CollectError, Deadline, Reason, RowFamily
from exporter.flight import Flight, Flights, Limits, Outcome, Run
from tests.unit.exporter.fakes import Fake, Gate

SOON = 0.2


def collect(flights: Flights, seconds: float = 5.0) -> dict[str, Outcome]:
    return {outcome.collector: outcome for outcome in flights.collect(Deadline.after(seconds))}


def fails(reason: Reason, message: str = "no") -> Fake:
    def act(deadline: Deadline) -> NoReturn:
        raise CollectError(reason, message)

    return Fake(reason, act)


def test_a_good_collector_is_ok() -> None:
    outcome = collect(Flights([Fake("a")], Limits()))["a"]
    assert (outcome.state, outcome.success, outcome.reason, outcome.series) == ("ok", True, None, 1)
    assert 0 < outcome.duration < 5
    assert abs(outcome.last_success - time.time()) < 5


@pytest.mark.parametrize("reason", ["connect", "auth", "query", "data", "limit", "timeout"])
def test_a_failed_collector_has_no_series_and_a_reason(reason: Reason) -> None:
    state = "timeout" if reason == "timeout" else "error"
    outcome = collect(Flights([fails(reason, "because")], Limits()))[reason]
    assert (outcome.state, outcome.reason, outcome.message) == (state, reason, "because")
    assert (outcome.block, outcome.last_success) == (None, 0)


def test_one_that_fails_leaves_the_others() -> None:
    outcomes = collect(Flights([Fake("a"), fails("query"), Fake("b")], Limits()))
    assert [o.state for o in outcomes.values()] == ["ok", "error", "ok"]


def test_an_error_that_nobody_foresaw_shows_no_data() -> None:
    """Its text could quote a row of the grader's database."""

    def act(deadline: Deadline) -> NoReturn:
        raise ValueError("ann@example.org failed the exam")

    outcome = collect(Flights([Fake("a", act)], Limits()))["a"]
    assert (outcome.state, outcome.reason) == ("error", "data")
    assert "ann" not in outcome.message
    assert "ValueError in act" in outcome.message


def test_a_file_that_cannot_be_read_is_named() -> None:
    def act(deadline: Deadline) -> Iterable[Metric]:
        open("/nowhere/at/all")  # noqa: SIM115
        return []

    outcome = collect(Flights([Fake("a", act)], Limits()))["a"]
    assert (outcome.reason, outcome.message) == ("data", "No such file or directory: /nowhere/at/all")


def test_collectors_work_at_the_same_time() -> None:
    """Each waits for the other, so one after the other would never end."""
    meeting = threading.Barrier(8)

    def act(deadline: Deadline) -> Iterable[Metric]:
        meeting.wait(timeout=5)
        return []

    outcomes = collect(Flights([Fake(str(n), act) for n in range(8)], Limits()))
    assert {o.state for o in outcomes.values()} == {"ok"}


def test_a_hung_collector_costs_the_page_its_deadline_and_nothing_else() -> None:
    gate = Gate()
    hung = Fake("hung", gate)
    flights = Flights([Fake("a"), hung, Fake("b")], Limits())
    started = time.monotonic()
    outcomes = collect(flights, SOON)
    took = time.monotonic() - started
    gate.open()
    assert SOON <= took < SOON + 1
    assert [o.state for o in outcomes.values()] == ["ok", "timeout", "ok"]
    assert outcomes["hung"].duration >= SOON * 0.9


def test_a_stuck_collector_is_neither_started_again_nor_waited_for() -> None:
    gate = Gate()
    stuck = Fake("stuck", gate)
    flights = Flights([stuck], Limits())
    collect(flights, SOON)
    started = time.monotonic()
    again = collect(flights, 5)["stuck"]
    assert time.monotonic() - started < 1
    assert (again.state, again.reason, stuck.asked) == ("timeout", "timeout", 1)
    gate.open()
    until = time.monotonic() + 5
    while collect(flights)["stuck"].state != "ok":
        assert time.monotonic() < until


def test_eight_scrapes_at_once_share_one_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    slow = Fake("slow", gate)
    flights = Flights([slow], Limits())
    all_there = threading.Barrier(9)
    outcome = Flight.outcome

    def arrived(flight: Flight, run: Run, deadline: Deadline) -> Outcome:
        all_there.wait(5)
        return outcome(flight, run, deadline)

    monkeypatch.setattr(Flight, "outcome", arrived)
    with ThreadPoolExecutor(8) as pool:
        scrapes = [pool.submit(collect, flights) for _ in range(8)]
        all_there.wait(5)
        gate.open()
        states = {scrape.result(5)["slow"].state for scrape in scrapes}
    assert states == {"ok"}
    assert slow.asked == 1


def test_who_has_less_time_returns_at_his_own_deadline() -> None:
    gate = Gate()
    flights = Flights([Fake("slow", gate)], Limits())
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(collect, flights, 5)
        assert gate.entered.wait(5)
        started = time.monotonic()
        assert collect(flights, SOON)["slow"].state == "timeout"
        assert time.monotonic() - started < SOON + 1
        gate.open()
        assert patient.result(5)["slow"].state == "ok"


def test_a_collector_always_works_in_the_same_thread() -> None:
    """Database connections may stay with the thread that opened them."""
    fake = Fake("a")
    flights = Flights([fake], Limits())
    for _ in range(3):
        collect(flights)
    assert fake.threads == {"collect-a"}


def test_a_good_answer_is_served_again_within_the_interval() -> None:
    fake = Fake("a")
    flights = Flights([fake], Limits(min_interval=60))
    assert [collect(flights)["a"].state for _ in range(3)] == ["ok", "cached", "cached"]
    assert fake.asked == 1
    assert collect(flights)["a"].success


def test_the_cache_ends_a_tenth_early() -> None:
    """Scrapes at the same interval must find fresh figures every time."""
    fake = Fake("a")
    flights = Flights([fake], Limits(min_interval=100))
    collect(flights)
    (flight,) = flights._flights
    assert flight._good
    flight._good.started -= 85
    assert collect(flights)["a"].state == "cached"
    flight._good.started -= 5
    assert collect(flights)["a"].state == "ok"


def test_an_error_is_not_cached() -> None:
    fake = fails("query")
    flights = Flights([fake], Limits(min_interval=60))
    assert [collect(flights)["query"].state for _ in range(2)] == ["error", "error"]
    assert fake.asked == 2


def test_after_an_error_the_last_good_answer_is_served_where_that_is_wanted() -> None:
    broken = threading.Event()

    def act(deadline: Deadline) -> Iterable[Metric]:
        if broken.is_set():
            raise CollectError("query", "gone")
        return [RowFamily(GRADER_DATABASE_UP, [("a", 1)])]

    flights = Flights([Fake("a", act)], Limits(stale_if_error=60))
    good = collect(flights)["a"]
    broken.set()
    stale = collect(flights)["a"]
    assert (stale.state, stale.success, stale.reason) == ("stale", False, "query")
    assert (stale.block, stale.last_success) == (good.block, good.last_success)


def test_without_that_wish_its_series_are_absent() -> None:
    answers = iter([True, False])

    def act(deadline: Deadline) -> Iterable[Metric]:
        if not next(answers):
            raise CollectError("query", "gone")
        return []

    flights = Flights([Fake("a", act)], Limits())
    collect(flights)
    failed = collect(flights)["a"]
    assert (failed.state, failed.block) == ("error", None)
    assert failed.last_success > 0


def test_rows_that_do_not_fit_are_that_collectors_error() -> None:
    bad = Fake("bad", lambda deadline: [RowFamily(GRADER_DATABASE_UP, [("a", "b", 1)])])
    outcomes = collect(Flights([bad, Fake("good")], Limits()))
    assert (outcomes["bad"].reason, outcomes["good"].state) == ("data", "ok")


@pytest.mark.parametrize(
    ("limits", "told", "seconds"),
    [
        (Limits(), None, 10),
        (Limits(), 10, 9.5),
        (Limits(), 60, 10),
        (Limits(timeout=2), 10, 2),
        (Limits(margin=2), 10, 8),
        (Limits(), 0.6, 0.3),
        (Limits(), 0.5, 0.25),
    ],
)
def test_the_deadline_is_the_earlier_of_ours_and_the_scrapes(
    limits: Limits, told: float | None, seconds: float
) -> None:
    """A margin is kept for sending the page; a very short scrape keeps half of its time."""
    assert limits.deadline(told).remaining() == pytest.approx(seconds, abs=0.05)


def test_threads_end_when_flights_are_closed() -> None:
    flights = Flights([Fake("a thread that ends")], Limits())
    collect(flights)
    flights.retire()
    assert flights.landed(5)
    until = time.monotonic() + 5
    while any(t.name == "collect-a thread that ends" for t in threading.enumerate()):
        assert time.monotonic() < until


def test_a_thread_that_cannot_be_had_costs_one_collection_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at a limit of processes: the collector is asked again when there is room."""
    flights = Flights([Fake("a")], Limits())

    def refuse(self: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", refuse)
        outcome = collect(flights)["a"]
    assert (outcome.state, outcome.reason) == ("error", "limit")
    assert outcome.message == "the system gives no thread to collect in"
    assert collect(flights)["a"].state == "ok"
    flights.retire()
    assert flights.landed(5)
