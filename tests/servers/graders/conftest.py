"""A site of each simulated grader, in the dialects that it runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.graders.life import System
from tests.servers.graders.site import Site
from tests.servers.graders.systems.autolab import Autolab
from tests.servers.graders.systems.dmoj import DMOJ
from tests.servers.graders.systems.domjudge import DOMjudge
from tests.servers.graders.systems.judge0 import Judge0
from tests.servers.graders.systems.moodle import VPL, CodeRunner
from tests.servers.graders.systems.prairielearn import PrairieLearn
from tests.servers.graders.systems.submitty import Submitty

SYSTEMS: tuple[System, ...] = (
    PrairieLearn(),
    Judge0(),
    DOMjudge(),
    DMOJ(),
    Autolab(),
    Submitty(),
    VPL(),
    CodeRunner(),
)
EVERYWHERE = [(system, dialect) for system in SYSTEMS for dialect in system.dialects]
SERVERS = {"mysql": "mariadb", "postgresql": "postgresql"}


@pytest.fixture(scope="session")
def sites() -> dict[tuple[str, str], Site]:
    """Sites that were made in this run: making tables and roles takes longer than most tests."""
    return {}


def make_site(request: pytest.FixtureRequest, system: System, dialect: str) -> Site:
    """A site with empty tables, on the server that speaks the dialect."""
    server = request.getfixturevalue(SERVERS[dialect])
    made = request.getfixturevalue("sites")
    folder = Path(request.getfixturevalue("tmp_path"))
    key = (system.profile, dialect)
    if key in made:
        made[key].begin(folder)
    else:
        made[key] = Site(system, dialect, server.new_schema(), folder)
    return made[key]


@pytest.fixture(params=EVERYWHERE, ids=lambda where: f"{where[0].profile}-{where[1]}")
def site(request: pytest.FixtureRequest) -> Site:
    """Every grader on every server."""
    return make_site(request, *request.param)


def site_of(profile: str) -> object:
    """A fixture for one grader, on its first server."""
    (system,) = [system for system in SYSTEMS if system.profile == profile]

    @pytest.fixture(name=profile.replace("-", "_"))
    def fixture(request: pytest.FixtureRequest) -> Site:
        return make_site(request, system, system.dialects[0])

    return fixture


prairielearn = site_of("prairielearn")
judge0 = site_of("judge0")
domjudge = site_of("domjudge")
dmoj = site_of("dmoj")
autolab = site_of("autolab")
submitty = site_of("submitty")
moodle_vpl = site_of("moodle-vpl")
moodle_coderunner = site_of("moodle-coderunner")
