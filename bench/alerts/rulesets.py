"""The sets of rules that are scored: ours as built, sloth's, the documents', plain thresholds."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.alerts.world import Labels
from rules.contract import used
from typedyaml.units import Duration

_HERE = Path(__file__).parent
_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*')


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule that calls somebody. `for_` and `keep` in seconds; `labels` are those of the rule."""

    name: str
    expr: str
    for_: float
    keep: float
    priority: str
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One recording rule."""

    name: str
    expr: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """A later step of the escalation: told `after` seconds of firing without an acknowledgement."""

    alert: str
    after: float
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While a source fires, targets with the same `equal` labels are silent."""

    source: tuple[tuple[str, str, str], ...]
    target: tuple[tuple[str, str, str], ...]
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules, and how Alertmanager treats them: `wait`, `interval`, `repeat` in seconds by priority."""

    title: str
    alerts: tuple[Alert, ...]
    grouped_by: tuple[str, ...]
    wait: dict[str, float]
    interval: dict[str, float]
    repeat: dict[str, float]
    records: tuple[Record, ...] = ()
    steps: tuple[Step, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()

    def reads(self, expr: str) -> frozenset[str]:
        """The metrics that an expression reads, through records down to what is scraped."""
        by_name: dict[str, list[str]] = {}
        for record in self.records:
            by_name.setdefault(record.name, []).append(record.expr)
        found: set[str] = set()
        left, seen = list(used(expr)), set[str]()
        while left:
            name = left.pop()
            if name in by_name and name not in seen:
                left += [inner for text in by_name[name] for inner in used(text)]
            elif name not in by_name:
                found.add(name)
            seen.add(name)
        return frozenset(found)


def ours(generated: Path, policy: Any) -> RuleSet:
    """What `gradewatch build` made of a policy."""
    raw = [rule for path in sorted((generated / "prometheus").glob("*.rules.yaml")) for rule in _rules(path)]
    alerts = [rule for rule in raw if "alert" in rule]
    first = [rule for rule in alerts if "ALERTS" not in rule["expr"] and rule["labels"]["priority"] != "none"]
    later = [rule for rule in alerts if rule["labels"].get("escalation", "0") != "0"]
    manager = yaml.safe_load((generated / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"))
    return RuleSet(
        "gradewatch",
        tuple(_alert(rule) for rule in first),
        tuple(policy.identity),
        {name: priority.group_wait.seconds for name, priority in policy.priorities.items()},
        {name: priority.group_interval.seconds for name, priority in policy.priorities.items()},
        {name: priority.repeat_interval.seconds for name, priority in policy.priorities.items()},
        tuple(map(_record, (rule for rule in raw if "record" in rule))),
        tuple(Step(rule["alert"], Duration.parse(rule["for"]).seconds, rule["labels"]) for rule in later),
        tuple(_inhibitions(manager)),
    )


def public(name: str, title: str) -> RuleSet:
    """A set of this folder (literal, plain)."""
    raw = yaml.safe_load((_HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return _usual(title, tuple(_public(rule) for rule in raw))


def sloth(program: Path, title: str) -> RuleSet:
    """What sloth makes of the objectives in sloth.yaml; raises CalledProcessError when it refuses them."""
    with tempfile.TemporaryDirectory(prefix="gradewatch-sloth-") as folder:
        made = Path(folder, "rules.yaml")
        command = [program, "generate", "-i", _HERE / "sloth.yaml", "-o", made]
        subprocess.run(command, check=True, capture_output=True)
        raw = _rules(made)
    alerts = tuple(_alert(rule) for rule in raw if "alert" in rule)
    return _usual(title, alerts, tuple(_record(rule) for rule in raw if "record" in rule))


def _usual(title: str, alerts: tuple[Alert, ...], records: tuple[Record, ...] = ()) -> RuleSet:
    """Grouped by name and told again as in Alertmanager's documentation."""
    priorities = ("P1", "P2", "P3", "P4")
    return RuleSet(
        title,
        alerts,
        ("alertname",),
        dict.fromkeys(priorities, 30.0),
        dict.fromkeys(priorities, 300.0),
        dict.fromkeys(priorities, 14400.0),
        records,
    )


def _rules(path: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _public(rule: dict[str, Any]) -> Alert:
    return Alert(rule["alert"], rule["expr"], Duration.parse(rule["for"]).seconds, 0.0, rule["priority"])


def _record(rule: dict[str, Any]) -> Record:
    return Record(rule["record"], rule["expr"], rule.get("labels", {}))


def _alert(rule: dict[str, Any]) -> Alert:
    labels = {key: value for key, value in rule["labels"].items() if value}
    keep, for_ = (Duration.parse(rule.get(key, "0s")).seconds for key in ("keep_firing_for", "for"))
    return Alert(rule["alert"], rule["expr"], for_, keep, labels["priority"], tuple(sorted(labels.items())))


def _inhibitions(manager: dict[str, Any]) -> Iterator[Inhibition]:
    for rule in manager.get("inhibit_rules", ()):
        source, target = (tuple(map(_matcher, rule[key])) for key in ("source_matchers", "target_matchers"))
        yield Inhibition(source, target, tuple(rule.get("equal", ())))


def _matcher(text: str) -> tuple[str, str, str]:
    found = _MATCHER.fullmatch(text)
    if not found:
        raise ValueError(f"not a matcher: {text}")
    return found[1], found[2], found[3]
