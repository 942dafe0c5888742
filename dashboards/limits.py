"""The figures of a policy's alerts as thresholds of panels: a board never types one itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.palette import CRITICAL, INFO, OK, WARNING, Json, steps
from policy.model import Policy
from typedyaml.units import Duration

URGENT = ("P1", "P2")
POINTS_PER_WINDOW = 5


@dataclass(frozen=True, slots=True)
class Limit:
    """An alert's threshold: from `value` on a figure has `color`; with `below` it has it under `value`."""

    alert: str
    value: float
    color: str
    below: bool = False

    @property
    def share_left(self) -> float:
        """The other side of a ratio: 0.05 bad is 0.95 good."""
        return round(1 - self.value, 9)


def limit(policy: Policy, alert: str) -> Limit | None:
    """The threshold of an alert; None when this policy has no such alert or has switched it off."""
    entry = policy.alerts.get(alert)
    if entry is None or not entry.enabled:
        return None
    figure = entry.above if entry.above is not None else entry.below
    if figure is None:
        return None
    value = figure.seconds if isinstance(figure, Duration) else float(figure)
    return Limit(alert, value, CRITICAL if entry.priority in URGENT else WARNING, entry.above is None)


def pace(policy: Policy) -> str:
    """The least step for gradings, which are rarer than requests: a fifth of their alert's window."""
    entry = policy.alerts.get("GradingFailures")
    return str(entry.window / POINTS_PER_WINDOW) if entry and entry.window else ""


def limits(policy: Policy, *alerts: str) -> list[Limit]:
    """The thresholds of several alerts on one figure, those that the policy has."""
    return [found for alert in alerts if (found := limit(policy, alert))]


def judged(*given: Limit | None) -> list[Json]:
    """Good on the right side of the limits; without one the figure informs and does not judge."""
    found = sorted((one for one in given if one), key=lambda one: one.value)
    if not found:
        return steps(base=INFO)
    if not found[0].below:
        return steps(*((one.color, one.value) for one in found), base=OK)
    better = [*(one.color for one in found[1:]), OK]
    return steps(*((color, one.value) for color, one in zip(better, found, strict=True)), base=found[0].color)


def good_share(found: Limit | None, promised: float | None = None) -> list[Json]:
    """Thresholds of the share of good events, from a limit on the share of bad ones and what was promised."""
    if not found:
        return steps((OK, promised), base=WARNING) if promised else steps(base=INFO)
    if promised is None:
        return steps((OK, found.share_left), base=found.color)
    return steps((WARNING, found.share_left), (OK, promised), base=found.color)


def line(*given: Limit | None) -> list[Json]:
    """A line in a graph at each limit, the rest of it uncoloured."""
    return steps(*((one.color, one.value) for one in given if one), base="transparent")


def sentences(found: Sequence[Limit], unit: str = "") -> str:
    """The words for all limits of a panel."""
    return "".join(sentence(one, unit) for one in found)


def sentence(found: Limit | None, unit: str = "", good: bool = False) -> str:
    """The words for a panel's description: `Red above 200 (alert GradingBacklog).`

    `good`: the panel shows the share of good events, the limit is on the bad ones.
    """
    if not found:
        return ""
    word = "Red" if found.color == CRITICAL else "Orange"
    value = found.share_left if good else found.value
    side = f"{'below' if good or found.below else 'above'} {figure(value, unit)}"
    return f" {word} {side} (alert {found.alert})."


def figure(value: float, unit: str = "") -> str:
    """A figure as people write it: 5 %, 10m, 200."""
    if unit == "percentunit":
        return f"{value * 100:g} %"
    if unit == "s":
        return str(Duration(value))
    if unit == "bytes":
        return f"{value / 1e9:g} GB"
    return f"{value:g}"
