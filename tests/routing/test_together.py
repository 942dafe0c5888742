"""The four shipped policies in one Alertmanager and one Prometheus: no collision, everybody's own people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from alertmanager import amtool as wrapper
from alertmanager.render import CONFIG, ROUTES
from alertmanager.table import Row, all_rows
from gradewatch.programs import Program
from gradewatch.render import render_all
from policy.load import load_policy, shipped
from policy.model import Policy
from policy.rendered import Rendered
from rules.promtool import Promtool
from tests.routing.conftest import Server, eventually, write

NEW_ENOUGH = (0, 28)
"""What the policies say themselves: the oldest target of the four decides."""


@pytest.fixture(scope="session")
def policies() -> tuple[Policy, ...]:
    return tuple(load_policy(name).value for name in shipped())


@pytest.fixture(scope="session")
def together() -> Rendered:
    return render_all([load_policy(name) for name in shipped()])


@pytest.fixture(scope="session")
def built(together: Rendered, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("four")
    write(together, folder)
    return folder


def skip_if_too_old(program: Program) -> None:
    if program.version < NEW_ENOUGH:
        pytest.skip(f"{program} is older than the policies' target")


def test_amtool_accepts_it_and_each_receiver_is_reached_by_its_own_alerts(
    amtool: Program, built: Path
) -> None:
    skip_if_too_old(amtool)
    program = wrapper.Amtool(amtool.path)
    assert program.check_config(built / CONFIG) == []
    tests = wrapper.read_tests(yaml.safe_load((built / ROUTES).read_text("utf-8")))
    once = {test.receivers: test for test in tests}.values()
    assert [str(wrong) for wrong in program.route_tests(built / CONFIG, once)] == []
    named = {
        receiver["name"] for receiver in yaml.safe_load((built / CONFIG).read_text("utf-8"))["receivers"]
    }
    assert {receiver for test in once for receiver in test.receivers} == named


@pytest.mark.full
def test_every_alert_at_every_step_of_every_service_reaches_its_receiver(
    newest_amtool: Program, built: Path
) -> None:
    program = wrapper.Amtool(newest_amtool.path)
    tests = wrapper.read_tests(yaml.safe_load((built / ROUTES).read_text("utf-8")))
    assert [str(wrong) for wrong in program.route_tests(built / CONFIG, tests)] == []


def test_promtool_accepts_rules_and_configuration(promtool: Program, built: Path, policies: object) -> None:
    program = Promtool(promtool.path)
    for name in shipped():
        assert not program.check_rules(built / f"prometheus/{name}.rules.yaml")
    assert not program.check_config(built / "prometheus/prometheus.yml")


def test_nothing_is_lost_and_nothing_is_there_twice(built: Path) -> None:
    jobs = [
        job["job_name"]
        for job in yaml.safe_load((built / "prometheus/prometheus.yml").read_text("utf-8"))["scrape_configs"]
    ]
    assert len(jobs) == len(set(jobs))
    alone = {job.job for name in shipped() for job in load_policy(name).value.scrape.jobs.values()}
    assert set(jobs) == alone
    boards = [path.name for path in built.rglob("grafana/*/*.json")]
    assert len(boards) == len(set(boards)) > len(shipped())


def test_every_row_of_each_policy_tells_its_contacts_and_nobody_elses(
    start: Callable[..., Server], alertmanager: Program, policies: tuple[Policy, ...], together: Rendered
) -> None:
    """Alerts of all services at once; what each contact hears of is their own service."""
    skip_if_too_old(alertmanager)
    contacts = {f"{p.policy}.{role}": contact for p in policies for role, contact in p.contacts.items()}
    server = start(rendered=together, contacts=contacts)
    wanted: dict[str, tuple[Policy, Row]] = {}
    for policy in policies:
        for row in all_rows(policy):
            wanted[f"A{len(wanted)}x"] = (policy, row)
    server.fire(
        *(
            {"alertname": name, "service": p.service, "priority": r.priority, "escalation": str(r.step)}
            for name, (p, r) in wanted.items()
        )
    )
    for name, (policy, row) in wanted.items():
        who = {(channel, f"{policy.policy}.{to}") for channel, to in (*row.told, *row.copied)}
        digest = policy.priorities[row.priority].digest

        def told(name: str = name) -> set[tuple[str, str]]:
            return {
                (m.channel, _role(m.contact, policy))  # noqa: B023  called before the loop goes on
                for m in server.sinks.messages()
                if name in m.body
            }

        expected = {(channel, _role(to, policy)) for channel, to in who}
        eventually(f"{policy.policy} {row.receiver} is told", lambda e=expected, t=told: t() >= e)
        assert told() == expected, (policy.policy, row, digest)
    assert server.sinks.unread == []


def _role(contact: str, policy: Policy) -> str:
    """SMS and calls say the role only: their address has no policy in it."""
    return contact.removeprefix(f"{policy.policy}.")
