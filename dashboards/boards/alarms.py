"""How many alerts of a board's own parts fire."""

from __future__ import annotations

from typing import Any

from dashboards.fields import to_board
from dashboards.palette import OK, WARNING, steps
from dashboards.shell import ALERTING
from dashboards.singles import stat
from dashboards.states import categories, number_firing
from dashboards.targets import q
from policy.model import Policy


def alerts_here(policy: Policy, *parts: str) -> Any:
    """The number for these categories, with the way to their names."""
    return stat(
        "Alerts on these parts",
        f"Alerts of these categories that fire: {', '.join(parts)}. Their names and steps are on the board "
        "of the alerts, their runbooks in the last row of this one.",
        unit="locale",
        targets=q(number_firing(policy, category=categories(*parts)), instant=True),
        thresholds=steps((WARNING, 1), base=OK),
        links=[to_board("Alerts", ALERTING)],
    )
