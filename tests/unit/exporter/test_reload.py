"""Another configuration while it runs: all or nothing, and no event lost or counted twice."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from exporter import server, sidecar
from exporter.collector import Deadline
from exporter.collectors.database import DatabaseCollector
from exporter.collectors.model import ModelCollector
from exporter.collectors.spaced import Spaced
from exporter.config.whole import load_config
from exporter.flight import Flights, Limits, Retired
from exporter.reload import Reloader
from exporter.server import Site
from exporter.sidecar import make_sidecar
from gradewatch.demo.store import Store
from tests.unit.exporter.fakes import Fake, Gate


class Grader:
    """A grader's database, a configuration over it, and a sidecar that serves."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, folder / "sidecar.yaml"
        self.store = Store(folder / "grader.db")
        with self.store.transaction() as db:
            db.execute("INSERT INTO courses VALUES (1, 'c')")
            db.execute("INSERT INTO assignments VALUES (1, 1, 1e12, 100)")
        self.write()
        document = load_config(self.config)
        self.site = Site(make_sidecar(document.value), document.value.listen)
        self.reload = Reloader(self.config, document.value, self.site.sidecar, self.site.use, listens=True)
        self.site.reload = self.reload
        self.site.start()

    def write(self, more: str = "", listen: str = "127.0.0.1:0", state: str = "state") -> None:
        (self.folder / state).mkdir(exist_ok=True)
        self.config.write_text(
            f"listen: ['{listen}']\nstate_dir: {self.folder / state}\n"
            f"databases: {{grader: {{url: 'sqlite://{self.store.path}'}}}}\n"
            f"graders: [{{profile: demo, database: grader}}]\n{more}",
            encoding="utf-8",
        )

    def submit(self, count: int = 1) -> None:
        with self.store.transaction() as db:
            for _ in range(count):
                db.execute(
                    "INSERT INTO submissions (assignment_id, student_id, attempt, submitted_at, started_at,"
                    " finished_at, outcome) VALUES (1, 1, 1, 1, 2, 3, 'correct')"
                )

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.site.servers[0].server_port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def value(self, series: str, text: str | None = None) -> float:
        found = re.search(rf"^{re.escape(series)} (\S+)$", text or self.ask("/metrics")[1], re.M)
        assert found, series
        return float(found[1])

    def running(self) -> bool:
        """Whether a statement runs now."""
        (health,) = [c for c in self.site.sidecar._flights.collectors if isinstance(c, DatabaseCollector)]
        return bool(health.pools[0]._busy)

    def submissions(self, text: str | None = None) -> float:
        text = text or self.ask("/metrics")[1]
        counts = re.findall(r"^grader_submissions_total\{\S+\} (\S+)$", text, re.M)
        assert counts
        return sum(map(float, counts))


@pytest.fixture
def grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Grader]:
    monkeypatch.setattr(server, "POLL_SECONDS", 0.02)
    running = Grader(tmp_path)
    running.ask("/metrics")  # counting begins here
    yield running
    running.site.stop(patience=0)
    running.store.close()


SUCCESSFUL = "grader_exporter_config_last_reload_successful"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_new_configuration_is_taken_and_told(grader: Grader, method: str) -> None:
    before = grader.value("grader_exporter_config_last_reload_success_timestamp_seconds")
    grader.write("collection: {timeout: 7s}\n")
    assert grader.ask("/-/reload", method) == (200, "reloaded\n")
    assert grader.site.sidecar.limits.timeout == 7
    text = grader.ask("/metrics")[1]
    assert grader.value(SUCCESSFUL, text) == 1
    assert grader.value("grader_exporter_config_last_reload_success_timestamp_seconds", text) > before


def test_a_broken_file_changes_nothing_and_every_fault_is_told(grader: Grader) -> None:
    grader.submit(3)
    assert grader.submissions() == 3
    old = grader.site.sidecar
    grader.write("collection: {timeout: 0s, margn: 1}\nsurprise: 1\n")
    status, text = grader.ask("/-/reload", "POST")
    assert status == 500
    assert [line.split(":")[1:2] for line in text.splitlines()[1:]] == [["5"], ["5"], ["6"]]
    assert grader.site.sidecar is old
    grader.submit(2)
    page = grader.ask("/metrics")[1]
    assert (grader.value(SUCCESSFUL, page), grader.submissions(page)) == (0, 5)
    assert "unknown key &quot;surprise&quot;" in grader.ask("/")[1]
    grader.write()
    assert grader.ask("/-/reload", "POST")[0] == 200
    assert grader.value(SUCCESSFUL) == 1
    assert "last reload failed" not in grader.ask("/")[1]


@pytest.mark.parametrize("gone", ["file", "profile"])
def test_a_file_that_is_not_there_changes_nothing(grader: Grader, gone: str) -> None:
    if gone == "file":
        grader.config.unlink()
    else:
        text = grader.config.read_text(encoding="utf-8")
        grader.config.write_text(text.replace("profile: demo", "profile: /none.yaml"), encoding="utf-8")
    status, text = grader.ask("/-/reload", "POST")
    assert (status, "cannot be read: No such file" in text) == (500, True)
    assert grader.ask("/metrics")[0] == 200


def test_nothing_that_goes_wrong_ends_what_works(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGHUP reads it in the main thread."""

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("exporter.reload.make_sidecar", fail)
    (fault,) = grader.reload()
    assert str(fault) == f"{grader.config}:1:1: cannot be taken: MemoryError"
    assert "grader_exporter_config_last_reload_successful 0" in grader.ask("/metrics")[1]


def test_the_address_cannot_change_and_the_line_is_named(grader: Grader) -> None:
    grader.write(listen="127.0.0.1:1")
    status, text = grader.ask("/-/reload", "POST")
    assert status == 500
    assert text.splitlines()[1] == (
        f"{grader.config}:1:1: listen cannot change while the sidecar runs (127.0.0.1:0); restart it"
    )
    grader.reload.listens = False  # addresses of the command line are in use
    assert grader.ask("/-/reload", "POST")[0] == 200


def test_a_state_folder_that_cannot_be_written_is_refused(grader: Grader) -> None:
    text = grader.config.read_text(encoding="utf-8")
    grader.config.write_text(re.sub("state_dir: .*", "state_dir: /proc/none", text), encoding="utf-8")
    assert "state_dir /proc/none cannot be written" in grader.ask("/-/reload", "POST")[1]


def test_counters_go_on_where_they_were(grader: Grader) -> None:
    """Also when the state goes to another folder, and when the file of the state could not be written."""
    for number, state in enumerate(("state", "state", "other"), 1):
        grader.submit(4)
        assert grader.submissions() == 4 * number
        shutil.rmtree(grader.folder / "state", ignore_errors=True)
        grader.write(state=state)
        assert grader.ask("/-/reload", "POST")[0] == 200
        assert grader.submissions() == 4 * number
    assert sorted(path.name for path in (grader.folder / "other").iterdir())


def test_what_happens_between_two_collections_of_two_configurations_counts_once(grader: Grader) -> None:
    """A writer, two scrapers and a reloader, all at once: every submission is counted exactly once."""
    stop, written, reloads = threading.Event(), 0, 0

    def scrape() -> list[float]:
        seen = []
        while not stop.is_set():
            page = grader.ask("/metrics")[1]
            # On a machine that is busy a collection may run out of time: then nothing is told, never less.
            if "grader_submissions_total{" in page:
                seen.append(grader.submissions(page))
        return seen

    with ThreadPoolExecutor(3) as pool:
        scrapes = [pool.submit(scrape), pool.submit(scrape)]
        until = time.monotonic() + 60
        while reloads < 6 and time.monotonic() < until:
            reload = pool.submit(grader.ask, "/-/reload", "POST")
            while not reload.done():
                grader.submit(3)
                written += 3
            assert reload.result()[0] == 200
            grader.submit(2)
            written += 2
            assert grader.ask("/metrics")[0] == 200
            reloads += 1
        stop.set()
    for scraper in scrapes:
        seen = scraper.result()
        assert seen == sorted(seen)
    until = time.monotonic() + 30
    while "grader_submissions_total{" not in (page := grader.ask("/metrics")[1]):
        assert time.monotonic() < until
    assert grader.submissions(page) == written


def test_another_statement_begins_anew_and_says_so(grader: Grader) -> None:
    """Rows that another query finds are not those that were counted."""
    grader.submit(4)
    assert grader.submissions() == 4
    profile = grader.folder / "mine.yaml"
    shipped = (Path(sidecar.__file__).parent / "profiles/demo.yaml").read_text(encoding="utf-8")
    profile.write_text(shipped.replace("s.id > :after", "s.id > :after AND 1"), encoding="utf-8")
    text = grader.config.read_text(encoding="utf-8").replace("profile: demo", f"profile: {profile}")
    grader.config.write_text(text, encoding="utf-8")
    assert grader.ask("/-/reload", "POST")[0] == 200
    page = grader.ask("/metrics")[1]
    assert grader.submissions(page) == 0
    grader.submit(1)
    assert grader.submissions() == 1


def test_a_reload_does_not_make_it_unready(grader: Grader) -> None:
    assert grader.ask("/-/ready")[0] == 200
    for _ in range(5):
        grader.reload()
        assert grader.ask("/-/ready")[0] == 200


def test_threads_and_files_do_not_pile_up(grader: Grader) -> None:
    def settled() -> tuple[int, int]:
        until = time.monotonic() + 10
        while any(thread.name == "retired" for thread in threading.enumerate()):
            assert time.monotonic() < until
            time.sleep(0.01)
        grader.ask("/metrics")
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    grader.reload()
    before = settled()
    for _ in range(20):
        grader.reload()
        grader.ask("/metrics")
    after = settled()
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 4


class Heiress(Fake):
    """Remembers whom it succeeded."""

    before: object = None

    def inherit(self, old: object) -> None:
        self.before = old


def test_a_collection_in_work_ends_before_its_heir_begins() -> None:
    gate = Gate()
    old_one, new_one, other = Fake("a", gate), Heiress("a"), Fake("b")
    old = Flights([old_one], Limits())
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(old.collect, Deadline.after(20))
        assert gate.entered.wait(5)
        new = Flights([new_one, other], Limits(), before=old)
        old.retire()
        quick = {outcome.collector: outcome for outcome in new.collect(Deadline.after(0.2))}
        assert (quick["a"].state, quick["b"].state) == ("timeout", "ok")
        assert new_one.asked == 0
        gate.open()
        assert first.result()[0].state == "ok"
    assert old.landed(5)
    until = time.monotonic() + 5
    while new.collect(Deadline.after(1))[0].state != "ok":
        assert time.monotonic() < until
    assert new_one.before is old_one


def test_two_reloads_during_one_collection_are_like_one() -> None:
    """The configuration in between never collects, so it has nothing to pass on."""
    gate = Gate()
    old_one, new_one = Fake("a", gate), Heiress("a")
    old = Flights([old_one], Limits())
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(old.collect, Deadline.after(20))
        assert gate.entered.wait(5)
        between = Flights([Heiress("a")], Limits(), before=old)
        old.retire()
        new = Flights([new_one], Limits(), before=between)
        between.retire()
        assert new.collect(Deadline.after(0.2))[0].state == "timeout"
        assert new_one.asked == 0
        gate.open()
        assert first.result()[0].state == "ok"
    until = time.monotonic() + 5
    while new.collect(Deadline.after(1))[0].state != "ok":
        assert time.monotonic() < until
    assert new_one.before is old_one


def test_who_asks_a_retired_collector_is_sent_on() -> None:
    flights = Flights([Fake("a")], Limits())
    flights.collect(Deadline.after(1))
    flights.retire()
    with pytest.raises(Retired):
        flights.collect(Deadline.after(1))


def test_a_collector_that_never_ran_has_landed_at_once() -> None:
    flights = Flights([Fake("a")], Limits())
    flights.retire()
    assert flights.landed(0)


def test_a_stuck_old_collection_is_a_failure_of_its_heir_only() -> None:
    gate = Gate()
    old = Flights([Fake("a", gate)], Limits())
    old.collect(Deadline.after(0.05))
    old.retire()
    new = Flights([Heiress("a")], Limits(), before=old)
    (outcome,) = new.collect(Deadline.after(0.1))
    assert outcome.reason == "timeout"
    gate.open()


SLOW = """\
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) SELECT COUNT(*)
      AS pending FROM n
"""


def test_queries_that_nobody_waits_for_are_cancelled_at_the_end(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement would run for minutes; stopping takes as long as a cancel takes."""
    profile = grader.folder / "slow.yaml"
    shipped = (Path(sidecar.__file__).parent / "profiles/demo.yaml").read_text(encoding="utf-8")
    slow = shipped.replace("SELECT COUNT(*) AS pending FROM submissions WHERE needs_review = 1", SLOW.strip())
    profile.write_text(slow, encoding="utf-8")
    text = grader.config.read_text(encoding="utf-8").replace("profile: demo", f"profile: {profile}")
    text = text.replace("grader.db'}", "grader.db', timeout: 100s}") + "collection: {timeout: 100s}\n"
    grader.config.write_text(text, encoding="utf-8")
    assert grader.ask("/-/reload", "POST")[0] == 200
    until = time.monotonic() + 10
    while not grader.running():
        assert time.monotonic() < until
    started = time.monotonic()
    grader.site.stop(patience=0.1)
    assert time.monotonic() - started < 10
    assert grader.site.sidecar._flights.landed(5)


def test_a_spaced_collector_passes_on_what_it_inherits() -> None:
    old, new = Heiress("a"), Heiress("a")
    Spaced(new, 10).inherit(Spaced(old, 5))
    assert new.before is old
    Spaced(new, 10).inherit(other := Heiress("a"))
    assert new.before is other
    Spaced(Fake("b"), 10).inherit(old)  # one that has nothing to inherit


def test_models_are_watched_by_one_worker_at_a_time() -> None:
    """The heir reads the log from where the old worker's last round has saved."""

    class Slow:
        """A watch whose round lasts until it is told to end."""

        def __init__(self) -> None:
            self.setup, self.snapshot = SimpleNamespace(name="slow"), None
            self.entered, self.released, self.ended = threading.Event(), threading.Event(), False

        def round(self, now: float) -> None:
            self.entered.set()
            assert self.released.wait(30)
            self.ended = True

    watch = Slow()
    old, new = ModelCollector([watch]), ModelCollector([])  # type: ignore[list-item]
    old.collect(Deadline.after(1))
    assert watch.entered.wait(5)
    with ThreadPoolExecutor(1) as pool:
        succession = pool.submit(new.inherit, old)
        watch.released.set()
        succession.result(30)
    assert watch.ended
