"""Every query of every board on a real Prometheus, in four states of the watched system."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.finding import Finding
from dashboards.live.ask import answers
from dashboards.live.client import Prometheus
from dashboards.live.judge import (
    accepted_when_quiet,
    annotation_findings,
    judge,
    panels_without_data,
    variable_findings,
)
from dashboards.live.variables import resolve
from dashboards.live.window import Window
from dashboards.render import documents
from gradewatch import programs
from policy.load import load_policy
from policy.model import Policy
from tests.dashboards.conftest import Serve, releases
from tests.dashboards.datasets import NAMES
from tests.dashboards.day import END, STEP
from tests.dashboards.mutations import MUTATIONS, DoesNotApplyError, Json, Mutation
from tests.dashboards.serving import served, write_blocks

BOARDS = documents(load_policy().value)
NEWEST = releases()[-1]
FEW = 3
"""Boards on which `make test` tries each defect; `make test-all` takes all of them."""
EVENTFUL = "outage"
"""The set in which something is there to be marked."""


def findings(
    uid: str,
    document: Json,
    server: Prometheus,
    name: str,
    window: Window | None = None,
) -> Iterator[Finding]:
    """What is wrong with a board's answers, as far as it is wrong in this state."""
    window = window or Window(END, 6 * 3600, scrape=STEP)
    values = resolve(document, server, window)
    found = [*variable_findings(uid, values), *judge(uid, answers(document, server, window, values))]
    if name == EVENTFUL and window.seconds >= 6 * 3600:
        found += annotation_findings(uid, document, server, window, values)
    quiet = name in ("quiet", "empty")
    yield from (finding for finding in found if not (quiet and accepted_when_quiet(finding)))


@pytest.mark.parametrize("release", releases())
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("uid", BOARDS)
def test_every_query_has_good_data(uid: str, name: str, release: str, serve: Serve) -> None:
    wrong = list(findings(uid, BOARDS[uid], serve(name, release), name))
    assert not wrong, "\n".join(map(str, wrong))


def test_without_the_rules_nothing_is_said_to_be_good(serve: Serve) -> None:
    """The servers are up, but no heartbeat comes: whether alerts fire is not known."""
    policy = dataclasses.replace(load_policy().value, service="without-rules")
    server, window = serve("busy", NEWEST), Window(END, 6 * 3600, scrape=STEP)
    silent: set[str] = set()
    for uid, document in documents(policy).items():
        values = resolve(document, server, window)
        found = judge(uid, answers(document, server, window, values))
        silent |= set(panels_without_data(document, found))
    assert {
        "Are students served?",
        "Parts of the system",
        "Alerts firing",
        "Alerts on these parts",
        "What fires",
        "Error budget left",
    } <= silent


@pytest.mark.parametrize("uid", BOARDS)
def test_each_job_alone_fills_its_panels_and_together_they_fill_all(uid: str, serve: Serve) -> None:
    """A panel is about one job; no choice of a job makes a query fail, and none is empty for all of them."""
    server, document = serve("busy", NEWEST), BOARDS[uid]
    window = Window(END, 6 * 3600, scrape=STEP)
    empty = []
    for job in sorted({job.job for job in load_policy().value.scrape.jobs.values()}):
        values = resolve(document, server, window, {"job": job})
        found = list(judge(uid, answers(document, server, window, values)))
        assert not [f for f in found if not accepted_when_quiet(f)]
        empty.append(set(panels_without_data(document, found)))
    assert not set.intersection(*empty)


@pytest.mark.parametrize(
    "mutation", [m for m in MUTATIONS if m.caught_by & {"live", "quiet"}], ids=lambda m: m.name
)
@pytest.mark.parametrize("boards", [FEW, pytest.param(len(BOARDS), marks=pytest.mark.full)])
def test_a_defect_shows_in_the_answers(mutation: Mutation, boards: int, serve: Serve) -> None:
    """On every board that has a place for it; in a quiet system, where that place has something to divide."""
    name = EVENTFUL if "live" in mutation.caught_by else "quiet"
    noticed: dict[str, bool] = {}
    for uid, document in BOARDS.items():
        if len(noticed) == boards:
            break
        try:
            mutant = mutation.apply(document)
        except DoesNotApplyError:
            continue
        noticed[uid] = bool(list(findings(uid, mutant, serve(name, NEWEST), name)))
    assert noticed, "no board has a place for this defect any more"
    assert any(noticed.values()) if name == "quiet" else all(noticed.values()), noticed


@pytest.mark.slow
@pytest.mark.full
def test_every_query_has_good_data_in_every_range(policy: Policy, tmp_path: Path) -> None:
    """A quarter of an hour, six hours and a day; on a narrow and a wide screen; scraped every 15 and 30 s."""
    promtool, prometheus = programs.newest("promtool").path, programs.newest("prometheus").path
    for name in NAMES:
        blocks = write_blocks(name, policy, 26, promtool, tmp_path / name)
        with served(blocks, prometheus, tmp_path / f"{name}-server") as server:
            windows = [
                Window(END, hours * 3600, scrape=scrape, width=width)
                for hours in (0.25, 6, 24)
                for width, scrape in ((700, STEP), (2500, 15))
            ]
            wrong = [
                f"{name}, {window}: {finding}"
                for window in windows
                for uid, document in BOARDS.items()
                for finding in findings(uid, document, server, name, window)
            ]
            assert not wrong, "\n".join(wrong)
