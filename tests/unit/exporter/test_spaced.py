"""A dear question is asked seldom, and heartbeats are observed."""

from __future__ import annotations

import pytest

from exporter.collector import CollectError, Deadline
from exporter.collectors.facts import Facts
from exporter.collectors.heartbeats import Heartbeats
from exporter.collectors.spaced import Spaced
from exporter.collectors.state_blocks import StateCollector
from exporter.databases import open_pool
from tests.unit.exporter.fakes import Fake


def test_an_answer_is_served_again_until_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("exporter.collectors.spaced.time.monotonic", lambda: now[0])
    fake = Fake("dear")
    spaced = Spaced(fake, 60)
    assert spaced.name == "dear"
    assert spaced.families() == fake.families()
    for seconds, asked in ((0, 1), (30, 1), (23, 1), (2, 2), (59, 3)):
        now[0] += seconds
        assert spaced.collect(Deadline.after(1))
        assert fake.asked == asked


def test_a_failure_is_not_kept() -> None:
    def fail(deadline: Deadline) -> list[object]:
        raise CollectError("query", "gone")

    fake = Fake("dear", fail)  # type: ignore[arg-type]
    spaced = Spaced(fake, 60)
    for _ in range(2):
        with pytest.raises(CollectError):
            spaced.collect(Deadline.after(1))
    fake.act = None
    assert spaced.collect(Deadline.after(1))
    assert fake.asked == 3


def test_a_worker_that_is_seen_for_the_first_time_was_just_heard() -> None:
    now = [0.0]
    heartbeats = Heartbeats(60, lambda: now[0])

    def seen(**beats: int) -> dict[str, str]:
        rows = [{"worker": w, "beat": b, "state": "online", "workers": 1} for w, b in beats.items()]
        return {str(row["worker"]): str(row["state"]) for row in heartbeats.observe(rows)}

    assert seen(a=1) == {"a": "online"}
    now[0] = 60
    assert seen(a=1, b=1) == {"a": "online", "b": "online"}
    now[0] = 61
    assert seen(a=1, b=1) == {"a": "stale", "b": "online"}
    assert seen(b=1) == {"b": "online"}
    now[0] = 200
    assert seen(a=1) == {"a": "online"}, "one that was away is new"


@pytest.mark.parametrize(("database", "state"), [("a.db", "stale"), ("b.db", "online")])
def test_a_reload_makes_no_worker_alive(database: str, state: str) -> None:
    now = [0.0]

    def collector(name: str) -> StateCollector:
        pool = open_pool("grader", f"sqlite:////srv/{name}")
        return StateCollector("workers", {}, (), pool, Facts(), heartbeats=Heartbeats(60, lambda: now[0]))

    row = {"worker": 1, "beat": 1, "state": "online", "workers": 1}
    old, new = collector("a.db"), collector(database)
    assert old.heartbeats
    assert new.heartbeats
    old.heartbeats.observe([row])
    now[0] = 61
    new.inherit(old)
    assert [seen["state"] for seen in new.heartbeats.observe([row])] == [state]


def test_after_a_reload_the_collector_itself_goes_on() -> None:
    class Follower(Fake):
        heir_of: object = None

        def inherit(self, old: object) -> None:
            self.heir_of = old

    old, new = Follower("dear"), Follower("dear")
    Spaced(new, 60).inherit(Spaced(old, 60))
    assert new.heir_of is old
    Spaced(new, 60).inherit(old)
    assert new.heir_of is old
    Spaced(Fake("plain"), 60).inherit(old)
