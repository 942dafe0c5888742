"""The routing tree. Alertmanager knows priorities and steps only; when a step is due is decided by the rules.

Matchers are part of a group's key: changing one while an incident is open opens a second one at PagerDuty and
never resolves the first. So they name nothing but priority and step; receivers may change freely.
"""

from __future__ import annotations

from typing import Any

from alertmanager.hours import limits
from alertmanager.table import HEARTBEAT, UNROUTED, WATCHDOG, rows
from policy.escalation import Digest
from policy.model import Policy, Priority
from typedyaml.units import Duration

Config = dict[str, Any]


def tree(policy: Policy) -> Config:
    """The `route` block: heartbeat first, then one branch a priority, then what nobody knows."""
    calmest = policy.priorities[max(policy.priorities)]
    return {
        "receiver": UNROUTED,
        "group_by": list(policy.identity),
        "group_wait": str(calmest.group_wait),
        "group_interval": str(calmest.group_interval),
        "repeat_interval": str(calmest.repeat_interval),
        "routes": [_heartbeat(), *(_branch(policy, priority) for priority in sorted(policy.priorities))],
    }


def equals(label: str, value: str) -> str:
    """A matcher that both of Alertmanager's parsers read without a warning: the value is quoted."""
    return f'{label}="{value}"'


def one_of(label: str, values: tuple[str, ...]) -> str:
    """A matcher for several values; a single one is matched as it is."""
    return equals(label, values[0]) if len(values) == 1 else f'{label}=~"{"|".join(values)}"'


def _heartbeat() -> Config:
    """One ping a minute: a repeat goes out at the first tick after repeat_interval, which must be shorter."""
    return {
        "matchers": [equals("alertname", WATCHDOG)],
        "receiver": HEARTBEAT,
        "group_wait": "0s",
        "group_interval": "1m",
        "repeat_interval": "50s",
    }


def _branch(policy: Policy, priority: Priority) -> Config:
    """A priority: step 0 (and hand-written alerts without a step) at its head, later steps below."""
    matrix = policy.priorities[priority]
    first, *later = rows(policy, priority)
    kept = limits(policy, priority)
    branch: Config = {
        "matchers": [equals("priority", priority)],
        "receiver": first.receiver,
        "group_wait": str(matrix.group_wait),
        "group_interval": str(matrix.group_interval),
        "repeat_interval": str(first.repeat),
        **(_digest(matrix.digest) if matrix.digest else {}),
        **kept,
    }
    if later:
        branch["routes"] = [
            {
                "matchers": [equals("escalation", str(row.step))],
                "receiver": row.receiver,
                **({"repeat_interval": str(row.repeat)} if row.repeat != first.repeat else {}),
                **kept,
            }
            for row in later
        ]
    return branch


def _digest(digest: Digest) -> Config:
    """One message for all alerts of a priority. What still fires is listed again each time.

    A repeat goes out at the first tick of group_interval after repeat_interval, so a rolling digest repeats a
    little before its tick. A daily one is held by its window; 23 hours let the next day's through.
    """
    grouping: Config = {"group_by": ["service", "priority"]}
    if digest.every:
        shorter = Duration(digest.every.seconds * 59 / 60)
        return grouping | {"group_interval": str(digest.every), "repeat_interval": str(shorter)}
    return grouping | {"group_interval": "5m", "repeat_interval": "23h"}
