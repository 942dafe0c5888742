"""Faults of inhibition and routing that `amtool check-config` does not mention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alertmanager.inhibition import is_target
from alertmanager.table import WATCHDOG, alert_labels
from policy.model import Policy
from typedyaml.faults import Fault
from typedyaml.load import Document
from typedyaml.units import Duration

Route = Mapping[str, Any]
_INHERITED = ("receiver", "group_interval", "repeat_interval")


def inhibition_faults(document: Document[Policy]) -> Iterator[Fault]:
    """Alerts that would silence each other or themselves."""
    policy = document.value
    alerts = [{**labels, "escalation": "0"} for labels in alert_labels(policy)]
    edges: dict[str, set[str]] = {}
    circles: set[frozenset[str]] = set()
    for index, rule in enumerate(policy.inhibit):
        sources = [labels for labels in alerts if labels["alertname"] == rule.source]
        targets = [labels for labels in alerts if is_target(rule, labels) and labels not in sources]
        edges.setdefault(rule.source, set()).update(labels["alertname"] for labels in targets)
        place = ("inhibit", index)
        if WATCHDOG in (rule.source, *rule.targets.alerts):
            yield document.fault(place, f"{WATCHDOG} always fires: it neither silences nor is silenced")
        if any(is_target(rule, labels) for labels in sources):
            message = f"{rule.source} is itself among the targets (its priority is listed)"
            yield document.fault((*place, "targets"), message)
        elif (loop := _loop(edges, rule.source)) and frozenset(loop) not in circles:
            circles.add(frozenset(loop))
            yield document.fault((*place, "targets"), f"a circle of silence: {' -> '.join(loop)}")
    yield from _tier_faults(document)


def _tier_faults(document: Document[Policy]) -> Iterator[Fault]:
    """A faster tier keeps slower ones of its objective quiet, so it must not be less urgent than they are."""
    tiers = sorted(document.value.burn_tiers.items(), key=lambda item: item[1].long)
    for index, (name, tier) in enumerate(tiers):
        for faster, other in tiers[:index]:
            if tier.priority < other.priority:
                message = f"is silenced by {faster} ({other.priority}), which is less urgent"
                place = ("burn_tiers", name, "priority")
                yield document.fault(place, f"{name} ({tier.priority}) {message}")
                break


def _loop(edges: Mapping[str, set[str]], start: str) -> list[str]:
    """The way from `start` back to itself, or nothing."""
    stack = [[start]]
    seen: set[str] = set()
    while stack:
        way = stack.pop()
        for name in sorted(edges.get(way[-1], ())):
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                stack.append([*way, name])
    return []


def config_findings(config: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a configuration file though Alertmanager accepts it; one sentence each."""
    used = {route["receiver"] for _, route in _walk(config["route"], {}) if "receiver" in route}
    for receiver in config.get("receivers", ()):
        if receiver["name"] not in used:
            yield f"receiver {receiver['name']} is used by no route"
    for path, route in _walk(config["route"], {}):
        yield from _timing(path, route)
        yield from _unreachable(path, route)
    for rule in config.get("inhibit_rules", ()):
        if f'alertname="{WATCHDOG}"' in rule.get("target_matchers", ()):
            yield f"{WATCHDOG} is inhibited: its silence would be taken for the death of the monitoring"
        if not rule.get("equal"):
            yield f"inhibit rule {rule.get('source_matchers')} has no equal: it silences across all systems"


def _walk(route: Route, inherited: Route, path: str = "route") -> Iterator[tuple[str, Route]]:
    """Every route with what it inherits; the path names it in findings."""
    full = {**{key: inherited[key] for key in _INHERITED if key in inherited}, **route}
    yield path, full
    for index, child in enumerate(route.get("routes", ())):
        yield from _walk(child, full, f"{path}.routes[{index}]")


def _timing(path: str, route: Route) -> Iterator[str]:
    """A repeat goes out at the first tick of group_interval after repeat_interval: that rounds it up."""
    if "group_interval" not in route or "repeat_interval" not in route:
        return
    tick, repeat = (Duration.parse(str(route[key])) for key in ("group_interval", "repeat_interval"))
    heartbeat = any(WATCHDOG in matcher for matcher in route.get("matchers", ()))
    digest = "alertname" not in route.get("group_by", ("alertname",))
    if heartbeat or (digest and repeat < tick):
        if repeat >= tick:
            yield f"{path}: the heartbeat's repeat_interval {repeat} must be below its group_interval {tick}"
    elif repeat.seconds % tick.seconds:
        yield f"{path}: repeat_interval {repeat} is not a multiple of group_interval {tick} and is rounded up"


def _unreachable(path: str, route: Route) -> Iterator[str]:
    """A sibling that matches everything that a later one does takes its alerts."""
    children = route.get("routes", ())
    for index, child in enumerate(children):
        for first, earlier in enumerate(children[:index]):
            if not earlier.get("continue") and _matchers(earlier) <= _matchers(child):
                yield f"{path}.routes[{index}] is never reached: routes[{first}] takes its alerts"
                break


def _matchers(route: Route) -> set[str]:
    return set(route.get("matchers", ()))
