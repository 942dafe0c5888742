"""Which part of the system is broken, and what fires: the first look of whoever is on call."""

from __future__ import annotations

from typing import Any

from dashboards.fields import link, override, to_board
from dashboards.graphs import state_timeline
from dashboards.palette import CRITICAL, INFO, OK, WARNING, Json
from dashboards.places import names, with_board
from dashboards.series import ALERTS, ALERTS_FOR_STATE, UP, series
from dashboards.states import COMPONENT, categories, state
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import GRADER_DATABASE_UP
from policy.model import Policy

SELF_TEST = "self-test"
PRIORITIES = ("P1", "P2", "P3", "P4")
WEBSITE = ("availability", "latency", "errors", "throughput")


def parts(policy: Policy) -> Any:
    """Which part of the system, and since when."""
    sidecar = series(UP, job=policy.job("exporter"))

    def part(name: str, alive: str, *of: str) -> tuple[str, str]:
        return state(policy, alive, category=categories(*of)), name

    return state_timeline(
        "Parts of the system",
        "OK: no P1 or P2 alert of the part fires. Impaired: a P2 alert. Down: a P1 alert, or nothing "
        "answers. Grey: the monitoring does not see it. Causes are below their symptoms: start with the "
        "lowest part that is not OK.",
        targets=q(
            part("Website", series(UP, job=policy.job("application")), *WEBSITE),
            part("Graders", sidecar, "grading"),
            part("Queue", sidecar, "queue"),
            part("Database", series(GRADER_DATABASE_UP), "database"),
            part("Monitoring", sidecar, "monitoring"),
        ),
        mappings=[COMPONENT],
    )


def what_fires(policy: Policy) -> Any:
    """What fires, since when, and who knows by now."""
    of = {"alertstate": "firing", "service": policy.service}
    by = "alertname, priority, category"
    since = (
        f"min by ({by}) ({series(ALERTS_FOR_STATE, escalation='0', service=policy.service)} * 1000 and "
        f"ignoring (alertstate) {series(ALERTS, escalation='0', **of)})"
    )
    step = f"count by ({by}) (count by ({by}, escalation) ({series(ALERTS, **of)})) - 1"
    return table(
        "What fires",
        "Alerts that fire, and how far each was escalated (0: those called first). A click on a name "
        "opens its runbook, one on the place the board that shows its cause. Watchdog always fires: when it "
        "is missing, alerting itself is broken.",
        targets=q(with_board(named(since)), with_board(named(step))),
        columns={
            "priority": "Priority",
            "alertname": "Alert",
            "board": "Look at",
            "Value #A": "Since",
            "Value #B": "Step",
        },
        overrides=[
            override(
                "Priority",
                mappings=[priorities()],
                custom__width=80,
                custom__cellOptions={"type": "color-background", "mode": "basic"},
            ),
            override(
                "Alert",
                links=[link("Runbook", f"{policy.links.runbooks}/${{__value.raw}}")],
                custom__minWidth=190,
            ),
            override(
                "Look at",
                mappings=[names()],
                links=[to_board("Open the board", "${__value.raw}")],
                custom__width=95,
            ),
            override("Since", unit="dateTimeFromNow", custom__width=135),
            override("Step", unit="none", custom__width=55),
        ],
        sort_by="Priority",
    )


def named(expr: str) -> str:
    """The heartbeat's priority by a word that sorts behind the real ones."""
    return f'label_replace({expr}, "priority", "{SELF_TEST}", "priority", "none")'


def priorities() -> Json:
    """P1 red and P2 orange, so that two alerts at once can be told apart; the heartbeat is good news."""
    rows = {
        "P1": ("P1", CRITICAL),
        "P2": ("P2", WARNING),
        "P3": ("P3", INFO),
        "P4": ("P4", INFO),
        SELF_TEST: (SELF_TEST, OK),
    }
    results = {
        value: {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(rows.items())
    }
    return {"type": "value", "options": results}
