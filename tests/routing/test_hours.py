"""Hours, holidays and digests on a real Alertmanager: what waits, what does not, what comes together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertmanager.render import config
from gradewatch.programs import Program
from policy.model import Policy
from tests.routing.conftest import Server, eventually, policy_for
from typedyaml.load import Document

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_DAY = '[{start: "00:00", end: "24:00"}]'
P3 = r"^    repeat_interval: 12h"
HOURS = r"^  working-hours: .*"
P4_STEPS = r"^    repeat_interval: 1d"


def around_now(*, open_now: bool) -> str:
    """Hours in UTC that hold today (and at midnight the days beside it), or on none of these days."""
    near = {DAYS[(datetime.now(UTC) + timedelta(days=shift)).weekday()] for shift in (-1, 0, 1)}
    days = [f'"{day}"' for day in DAYS if (day in near) is open_now]
    return f"  working-hours: {{weekdays: [{', '.join(days)}], times: {ALL_DAY}}}"


def holidays() -> str:
    today = datetime.now(UTC).date()
    days = ", ".join((today + timedelta(days=shift)).isoformat() for shift in (-1, 0, 1))
    return f"holidays: {{days: [{days}]}}\nhours:"


def with_times(policy: Policy) -> Callable[[dict[str, Any]], None]:
    """Hurried routes with the time intervals that the hurry took away."""
    wanted = config(policy)

    def copy(to: dict[str, Any], of: dict[str, Any]) -> None:
        to |= {key: value for key, value in of.items() if key.endswith("_time_intervals")}
        for child, original in zip(to.get("routes", ()), of.get("routes", ()), strict=True):
            copy(child, original)

    def change(found: dict[str, Any]) -> None:
        found["time_intervals"] = wanted["time_intervals"]
        copy(found["route"], wanted["route"])

    return change


CASES = {
    "within the hours": ([(HOURS, around_now(open_now=True))], True),
    "outside the hours": ([(HOURS, around_now(open_now=False))], False),
    "on a holiday": ([(HOURS, around_now(open_now=True)), (r"^hours:", holidays())], False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_medium_alert_keeps_to_its_hours_and_a_high_one_does_not(
    case: str, start: Callable[..., Server], alertmanager: Program, tmp_path: Path
) -> None:
    changes, told = CASES[case]
    hours = (P3, "    repeat_interval: 12h\n    hours: working-hours")
    policy = policy_for(alertmanager.release, tmp_path, hours, *changes)
    server = start(with_times(policy.value), policy=policy)
    service = server.service()
    for step in ("0", "1"):
        server.fire({"alertname": "A", "priority": "P3", "escalation": step, "service": service})
    server.fire({"alertname": "B", "priority": "P2", "escalation": "1", "service": service})
    eventually("the high one is told", lambda: ("slack", "team-lead") in server.told(service))
    both = {("email", "oncall"), ("email", "team-lead")}
    if told:
        eventually("the medium one is told, at both steps", lambda: server.told(service) >= both)
    else:
        assert not [m for m in server.sinks.messages() if m.priority == "P3"]


def digest_of(release: str, folder: Path, digest: str) -> Document[Policy]:
    return policy_for(release, folder, (P4_STEPS, f"    repeat_interval: 1d\n    digest: {{{digest}}}"))


def test_a_digest_is_one_message_for_all_alerts_of_a_service(
    start: Callable[..., Server], alertmanager: Program, tmp_path: Path
) -> None:
    """The first may go out before all have arrived; from then on there is one for all."""
    server = start(policy=digest_of(alertmanager.release, tmp_path, "every: 1h"))
    (branch,) = [r for r in config(server.policy)["route"]["routes"] if 'priority="P4"' in r["matchers"]]
    assert branch["group_by"] == ["service", "priority"]
    service = server.service()
    names = ["CertificateExpiring", "LabelValuesDropped", "CollectorFailing"]
    server.fire(*({"alertname": n, "priority": "P4", "escalation": "0", "service": service} for n in names))
    title = f"[P4] 3 alerts {service}"
    eventually("all in one", lambda: [m for m in server.sinks.messages() if title in m.text])
    mail = next(m for m in server.sinks.messages() if title in m.text)
    assert (mail.channel, mail.contact) == ("email", "engineering")
    for name in names:
        assert f"{name}: It is broken." in mail.body


def test_a_rolling_digest_lists_again_what_still_fires(
    start: Callable[..., Server], alertmanager: Program, tmp_path: Path
) -> None:
    """An hour is a second here, as repeat and tick keep their proportion."""
    server = start(
        lambda found: found["route"]["routes"][-1].update(repeat_interval="983ms"),
        policy=digest_of(alertmanager.release, tmp_path, "every: 1h"),
    )
    service = server.service()
    server.fire({"alertname": "A", "priority": "P4", "escalation": "0", "service": service})
    eventually("three digests", lambda: len(server.arrived(service)) >= 3)


def test_a_daily_digest_is_sent_in_its_window_only(tmp_path: Path) -> None:
    policy = digest_of("0.28", tmp_path, 'at: "09:00", location: Europe/Berlin').value
    found = config(policy)
    (window,) = found["time_intervals"]
    assert window == {
        "name": "digest-P4",
        "time_intervals": [
            {
                "weekdays": ["monday:saturday", "sunday:sunday"],
                "times": [{"start_time": "09:00", "end_time": "09:10"}],
                "location": "Europe/Berlin",
            }
        ],
    }
    branch = found["route"]["routes"][-1]
    assert branch["active_time_intervals"] == ["digest-P4"]
    assert (branch["group_interval"], branch["repeat_interval"]) == ("5m", "23h")
