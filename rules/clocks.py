"""promtool tests of every alert's clock, made from the policy: silent until `for`, then step by step.

Each alert's declaration brings an example: series that make its condition hold from the second sample on. The
tests ask which steps fire (ALERTS) one evaluation before each step is due and when it is due.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from policy.escalation import Step
from policy.model import Policy
from rules import layout
from rules.mixin import Mixin
from typedyaml.units import Duration

MOST_EVALUATIONS = 200
"""The fine clock of a long escalation uses a coarser step, for the sake of time."""
COARSER = 4
OTHER_SERVICE = "another-service"


def tests(policy: Policy, mixin: Mixin, rule_file: str, header: str) -> dict[str, str]:
    """Test files by the end of their name, one a step of evaluation; `rule_file` is relative to them.

    The first alert of each priority is looked at with every evaluation, the others at the largest step that
    meets all their times: each evaluation costs time, and what there is to see lies at these times.
    """
    files: dict[float, list[dict[str, Any]]] = {}
    seen: set[str] = set()
    for alert in mixin.alerts:
        step = _meeting(policy, alert) if alert["priority"] in seen else _fine(policy, alert)
        seen.add(alert["priority"])
        files.setdefault(step, []).append(_test(policy, alert, step))
    return {
        f"escalation-{Duration(step)}": layout.document(
            header,
            {
                "rule_files": [rule_file],
                "evaluation_interval": str(Duration(step)),
                # Groups that are not listed are evaluated in random order (prometheus/prometheus#5241).
                "group_eval_order": [group["name"] for group in mixin.groups],
                "tests": files[step],
            },
        )
        for step in sorted(files)
    }


def _times(policy: Policy, alert: dict[str, Any]) -> list[float]:
    """Seconds from the condition to the alert, and from there to each later step."""
    later = [told.after.seconds for told in policy.priorities[alert["priority"]].steps[1:]]
    return [Duration.parse(alert["for"]).seconds, *later]


def _fine(policy: Policy, alert: dict[str, Any]) -> float:
    fine = policy.scrape.evaluation.seconds
    waits, *later = _times(policy, alert)
    long = (waits + max(later, default=0)) / fine > MOST_EVALUATIONS
    return fine * COARSER if long else fine


def _meeting(policy: Policy, alert: dict[str, Any]) -> float:
    """The largest multiple of the evaluation interval that all times are multiples of."""
    fine = policy.scrape.evaluation.seconds
    return fine * (math.gcd(*(math.ceil(time / fine) for time in _times(policy, alert))) or 1)


def _test(policy: Policy, alert: dict[str, Any], step: float) -> dict[str, Any]:
    due = list(_due(policy, alert, step))
    fine = policy.scrape.evaluation.seconds
    last = math.ceil((due[-1] + COARSER) * step / fine)
    # An objective's records are fed: of an `up` that is there they would be made a second time.
    healthy = {} if "burn_tier" in alert["apart"] else _healthy(policy)
    series = healthy | _strangers(policy, alert) | alert["example"]
    told = policy.priorities[alert["priority"]].steps
    who = ", ".join(
        f"to {_all(s)} {s.after} later" if s.after else f"to {_all(s)} after {alert['for']}" for s in told
    )
    tier = f" ({alert['apart']['burn_tier']})" if "burn_tier" in alert["apart"] else ""
    return {
        "name": f"{alert['name']}{tier} is told {who}",
        "interval": str(Duration(fine)),
        "input_series": [
            {"series": name, "values": values.replace("{ticks}", str(last))}
            for name, values in series.items()
        ],
        "promql_expr_test": [
            _ask(policy, alert, Duration((tick - early) * step), steps=number + 1 - early)
            for number, tick in enumerate(due)
            for early in (1, 0)
        ],
    }


def _all(step: Step) -> str:
    return ", ".join(step.contacts)


def _due(policy: Policy, alert: dict[str, Any], step: float) -> Iterator[int]:
    """The evaluation at which each step fires: the condition holds from the first one after the start."""
    fires = 1 + math.ceil(Duration.parse(alert["for"]).seconds / step)
    for told in policy.priorities[alert["priority"]].steps:
        yield fires + math.ceil(told.after.seconds / step)


def _healthy(policy: Policy) -> dict[str, str]:
    """Every scraped job answers; an example overrides this."""
    jobs = policy.scrape.jobs.values()
    return {f'up{{job="{job.job}",instance="one"}}': "1x{ticks}" for job in jobs}


def _strangers(policy: Policy, alert: dict[str, Any]) -> dict[str, str]:
    """Another alert of this service, this alert of another one, other tiers: no step may follow them."""
    own = {"alertname": alert["name"], "service": policy.service, **alert["apart"]}
    common = {"alertstate": "firing", "escalation": "0", "priority": alert["priority"], "job": "another"}
    others = [{"alertname": "AnotherAlert"}, {"service": OTHER_SERVICE}]
    others += [{label: "another"} for label in alert["apart"]]
    return {f"ALERTS{{{_matchers(common | own | other)}}}": "1x{ticks}" for other in others}


def _matchers(labels: dict[str, str]) -> str:
    return ", ".join(f'{label}="{value}"' for label, value in labels.items())


def _ask(policy: Policy, alert: dict[str, Any], when: Duration, steps: int) -> dict[str, Any]:
    """Which steps of the alert fire; the other service's alert is always there."""
    common = {"alertname": alert["name"], "priority": alert["priority"]}
    fire = [common | {"escalation": "0", "service": OTHER_SERVICE}]
    fire += [common | {"escalation": str(n), "service": policy.service} for n in range(steps)]
    selector = _matchers({"alertname": alert["name"], "alertstate": "firing", **alert["apart"]})
    return {
        "expr": f"count by (alertname, escalation, priority, service) (ALERTS{{{selector}}})",
        "eval_time": str(when),
        "exp_samples": [{"labels": f"{{{_matchers(labels)}}}", "value": 1} for labels in fire],
    }
