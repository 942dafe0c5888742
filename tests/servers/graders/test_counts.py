"""Each profile on its grader's tables: what it counts is what was done, once."""

from __future__ import annotations

from itertools import count

import pytest

from tests.servers.graders.life import Db, Job, Tally
from tests.servers.graders.site import Site

pytestmark = pytest.mark.slow


class Term:
    """Students who hand in one after the other."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.numbers = count(1)

    def job(self, code: str, user: int | None = None, again: bool = False) -> Job:
        number = next(self.numbers)
        return Job(user=user or number, task=number % 30, number=number, again=again, code=code)

    def one_of_each(self) -> list[Job]:
        """A submission for every way in which a grading can end, each by another student."""
        return [self.job(code) for code in self.site.system.codes]


def expected(site: Site, jobs: list[Job]) -> Tally:
    total = Tally()
    for job in jobs:
        total += site.system.expected(job)
    return total


def grade(site: Site, db: Db, jobs: list[Job]) -> None:
    for job in jobs:
        site.system.start(db, job)
        site.system.finish(db, job)


def test_each_end_of_a_grading_counts_as_the_profile_says(site: Site) -> None:
    term, system, sidecar = Term(site), site.system, site.sidecar()
    with site.connection() as db:
        before = term.one_of_each()
        for job in before:
            system.arrive(db, job)
        grade(site, db, before)
        assert sidecar.events() == Tally(), "the past is no event"
        jobs = term.one_of_each()
        for job in jobs:
            system.arrive(db, job)
        arrived = {k: v for k, v in sidecar.events().items() if k[0] == "submissions_total"}
        for job in jobs:
            system.start(db, job)
        sidecar.events()
        for job in jobs:
            system.finish(db, job)
        assert sidecar.events() == expected(site, jobs)
        if system.profile != "moodle-coderunner":  # it grades while it takes in
            assert sum(arrived.values()) == len(jobs)
    assert sidecar.reasons() == {}
    assert site.sidecar("other", once=True).events() == expected(site, before + jobs)


def test_a_second_attempt_is_a_resubmission(site: Site) -> None:
    term, system, sidecar = Term(site), site.system, site.sidecar()
    code = next(iter(system.codes))
    with site.connection() as db:
        sidecar.events()
        jobs = []
        for again in (False, True):
            job = Job(user=7, task=3, number=next(term.numbers), again=again, code=code)
            system.arrive(db, job)
            grade(site, db, [job])
            jobs.append(job)
        assert sidecar.events() == expected(site, jobs)


def test_a_rejudge_neither_repeats_a_submission_nor_its_times(site: Site) -> None:
    """Inside the overlap, and outside of it after a restart that has forgotten nothing."""
    term, system, sidecar = Term(site), site.system, site.sidecar()
    with site.connection() as db:
        sidecar.events()
        jobs = term.one_of_each()
        for job in jobs:
            system.arrive(db, job)
        grade(site, db, jobs)
        total = expected(site, jobs)
        assert sidecar.events() == total
        for job in jobs:
            if system.rejudge(db, job):
                total += system.regraded(job)
        assert sidecar.events() == total
        again = site.sidecar()
        assert again.events() == total
        assert again.events() == total


def test_what_is_removed_was_still_counted(site: Site) -> None:
    term, system, sidecar = Term(site), site.system, site.sidecar()
    with site.connection() as db:
        sidecar.events()
        jobs = term.one_of_each()
        for job in jobs:
            system.arrive(db, job)
        grade(site, db, jobs)
        total = sidecar.events()
        assert total == expected(site, jobs)
        for job in jobs[1:]:
            system.purge(db, job)
        assert sidecar.events() == total
        assert sidecar.reasons() == {}
        late = term.job(next(iter(system.codes)))
        system.arrive(db, late)
        grade(site, db, [late])
        assert sidecar.events() == total + system.expected(late)


def test_an_unfinished_row_that_is_removed_is_forgotten(site: Site) -> None:
    term, system, sidecar = Term(site), site.system, site.sidecar()
    with site.connection() as db:
        sidecar.events()
        gone, stays = term.job(next(iter(system.codes))), term.job(next(iter(system.codes)))
        for job in (gone, stays):
            system.arrive(db, job)
        sidecar.events()
        system.purge(db, gone)
        grade(site, db, [stays])
        found = sidecar.events()
    assert sum(v for k, v in found.items() if k[0] == "gradings_total") == 1
    facts = sidecar.collect("profile")
    assert not [key for key, value in facts.items() if key[0] == "pending_rows" and value]


def test_an_empty_table_answers_zeros_and_its_first_rows_count(site: Site) -> None:
    """Also where ids are unsigned: nothing is left of them when a span is taken off."""
    term, system, sidecar = Term(site), site.system, site.sidecar()
    assert sidecar.reasons() == {}
    with site.connection() as db:
        job = term.job(next(iter(system.codes)))
        system.arrive(db, job)
        assert sidecar.reasons() == {}
        grade(site, db, [job])
        assert sidecar.events() == system.expected(job)


def test_unfinished_states_are_no_outcome(site: Site) -> None:
    term, system, sidecar = Term(site), site.system, site.sidecar()
    with site.connection() as db:
        sidecar.events()
        for code in sorted(system.unfinished):
            job = term.job(code)
            system.arrive(db, job)
            system.start(db, job)
        gradings = [key for key in sidecar.events() if key[0] == "gradings_total"]
    assert gradings == []


def test_two_sidecars_on_one_database_count_everything_once_each(site: Site) -> None:
    term, system = Term(site), site.system
    sidecars = [site.sidecar("one"), site.sidecar("two")]
    with site.connection() as db:
        for sidecar in sidecars:
            sidecar.events()
        jobs = term.one_of_each()
        for number, job in enumerate(jobs):
            system.arrive(db, job)
            sidecars[number % 2].events()
        grade(site, db, jobs)
        assert [sidecar.events() for sidecar in sidecars] == [expected(site, jobs)] * 2


@pytest.mark.parametrize(("name", "table"), [("judge0", "submissions"), ("dmoj", "judge_submission")])
def test_an_older_table_that_was_restored_gives_its_ids_again(
    name: str, table: str, request: pytest.FixtureRequest
) -> None:
    site: Site = request.getfixturevalue(name)
    term, system, sidecar = Term(site), site.system, site.sidecar()
    with site.connection() as db:
        sidecar.events()
        jobs = term.one_of_each()
        for job in jobs:
            system.arrive(db, job)
        grade(site, db, jobs)
        total = sidecar.events()
        last = jobs[2].key
        db.run(f"DELETE FROM {table} WHERE id > %s", last)
        if site.dialect == "mysql":
            db.run(f"ALTER TABLE {table} AUTO_INCREMENT = {last + 1}")
        else:
            db.run("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", table, last)
        assert sidecar.events() == total, "a counter never falls"
        assert sidecar.collect("profile")["exporter_state_rebuilds_total",] > 0
        again = term.job(next(iter(system.codes)))
        system.arrive(db, again)
        assert again.key == last + 1, "an id that was counted before"
        grade(site, db, [again])
        assert sidecar.events() == total + system.expected(again)
