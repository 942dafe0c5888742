"""Would the tests notice? Each mutant changes one thing in one rule; promtool must then fail.

    python -m tests.mutation.rules [ALERT, RECORD OR RULE ...]     (a rule: 'ServiceDown 1')

The rules are first compared with the escalation matrix, then tested by promtool, with only the groups and
tests that speak of the mutated rule. Prints the survivors and the kill figure; exit 1 when a survivor is not
listed as equivalent.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

import rules.render
from gradewatch import programs
from policy.load import load_policy
from rules import narrow
from rules.promtool import Promtool
from tests.rules.cases import every_file
from tests.rules.matrix import differences
from typedyaml.units import Duration

Rule = dict[str, Any]
Groups = list[dict[str, Any]]

SWAPS = {
    ">": (">=", "<"),
    ">=": (">", "<"),
    "<": ("<=", ">"),
    "<=": ("<", ">"),
    "==": ("!=",),
    "and": ("or", "unless"),
    "or": ("and",),
    "unless": ("and",),
}
FUNCTIONS = {
    "rate": "irate",
    "increase": "rate",
    "min_over_time": "max_over_time",
    "sum_over_time": "max_over_time",
    "avg_over_time": "max_over_time",
    "sum by": "max by",
    "avg by": "max by",
}
EQUIVALENT: tuple[tuple[str, str, str], ...] = (
    (
        "^(HighErrorRate|SlowResponseTime|GradingFailures|GradingStopped) 0$",
        "^matcher dropped 'job=",
        "the other sides still select the job, and sides are matched by it",
    ),
    ("^GradingStopped 0$", "'increase'.*'rate'", "it only matters whether it is 0"),
    ("^Watchdog 0$", "^figure", "it fires whatever its value"),
    (
        "^slo:events_bad:",
        r"(window|function) .* at (1[1-9]\d|2\d\d) ",
        "0 times anything is 0: it only matters whether there were requests",
    ),
    (
        r"^slo:(sli_error|current_burn_rate|period_error)|^AvailabilityBudgetBurn \w+ 0$",
        "^matcher dropped '(job|slo)=",
        "the other side still selects it, and sides are matched by all labels",
    ),
)
"""Mutants that mean the same: patterns of the rule and of the change, and why."""


@dataclass(frozen=True, slots=True)
class Mutant:
    rule: str
    change: str
    groups: Groups


def main(wanted: list[str]) -> int:
    rendered = rules.render.render(load_policy()).files
    groups: Groups = rules.render.groups(load_policy())
    clocks = [yaml.load(text, yaml.CSafeLoader) for name, text in rendered.items() if ".test." in name]
    cases = [*every_file().values(), *clocks]
    mutants = list(every_mutant(groups, set(wanted)))
    for name in sorted({m.rule.split()[0] for m in mutants}):
        if not survives(Mutant(name, "nothing", groups), cases):
            raise SystemExit(f"{name}: the tests fail without any change")
    with ThreadPoolExecutor(2) as pool:
        lives = pool.map(partial(survives, cases=cases), mutants)
        survivors = equivalent = 0
        for number, (mutant, alive) in enumerate(zip(mutants, lives, strict=True), start=1):
            if number % 100 == 0:
                print(f"{number} of {len(mutants)}", file=sys.stderr, flush=True)
            reason = alive and why_equivalent(mutant)
            equivalent += bool(reason)
            if alive and not reason:
                survivors += 1
                print(f"survives: {mutant.rule}: {mutant.change}", flush=True)
    counted = len(mutants) - equivalent
    print(f"{counted - survivors} of {counted} killed, {equivalent} equivalent")
    return 1 if survivors else 0


def survives(mutant: Mutant, cases: list[dict[str, Any]]) -> bool:
    """Whether everything that speaks of the mutated rule still passes; texts first, they cost nothing."""
    if any(differences(mutant.groups, load_policy().value)):
        return False
    name = mutant.rule.split()[0]
    chosen = [case | {"tests": mine} for case in cases if (mine := about(name, case["tests"]))]
    chosen.sort(key=lambda case: len(case["tests"]))
    with tempfile.TemporaryDirectory() as folder:
        files = narrow.write(Path(folder), chosen, mutant.groups)
        return not any(PROMTOOL.test_rules(path) for path in files)


def about(name: str, tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tests that begin with the name of an alert, or with the subject of a record."""
    kinds = {
        "slo:": "slo",
        "service:alert": "alert_threshold",
        "service:health": "health",
        "job:requests_e": "traffic",
    }
    subject = next((kind for start, kind in kinds.items() if name.startswith(start)), "capacity")
    wanted = name if name[0].isupper() else subject
    return [test for test in tests if test["name"].startswith((f"{wanted}:", f"{wanted} "))]


def why_equivalent(mutant: Mutant) -> str:
    """The reason why no test can see this mutant; empty when there is none."""
    found = (
        why
        for rule, change, why in EQUIVALENT
        if re.search(rule, mutant.rule) and re.search(change, mutant.change)
    )
    return next(found, "")


def every_mutant(groups: Groups, wanted: set[str]) -> Iterator[Mutant]:
    for g, group in enumerate(groups):
        for r, rule in enumerate(group["rules"]):
            if wanted and not {title(rule), title(rule).split()[0]} & wanted:
                continue
            for change, changed in mutate(rule):
                rules_ = [*group["rules"][:r], changed, *group["rules"][r + 1 :]]
                yield Mutant(title(rule), change, [*groups[:g], group | {"rules": rules_}, *groups[g + 1 :]])


def title(rule: Rule) -> str:
    labels = rule.get("labels", {})
    more = [labels[label] for label in ("burn_tier", "escalation", "alertname") if label in labels]
    return " ".join([rule.get("alert") or rule["record"], *more])


def mutate(rule: Rule) -> Iterator[tuple[str, Rule]]:
    seen = {rule["expr"]}
    for change, expr in expressions(rule["expr"]):
        if expr in seen:
            raise AssertionError(f"{title(rule)}: {change} does not apply")
        yield change, rule | {"expr": expr}
    if wait := rule.get("for"):
        yield "for dropped", {k: v for k, v in rule.items() if k != "for"}
        yield "for x5", rule | {"for": str(Duration(Duration.parse(wait).seconds * 5))}
    if hold := rule.get("keep_firing_for"):
        yield "keep_firing_for dropped", {k: v for k, v in rule.items() if k != "keep_firing_for"}
        yield (
            "keep_firing_for x2",
            rule | {"keep_firing_for": str(Duration(Duration.parse(hold).seconds * 2))},
        )
    for part in ("labels", "annotations"):
        for key in rule.get(part, {}):
            yield f"{part}.{key} changed", rule | {part: rule[part] | {key: f"{rule[part][key]}x"}}


def expressions(expr: str) -> Iterator[tuple[str, str]]:
    def each(
        pattern: str, replace: Callable[[re.Match[str]], list[str]], what: str
    ) -> Iterator[tuple[str, str]]:
        for match in re.finditer(pattern, expr):
            for new in replace(match):
                yield (
                    f"{what} {match[0].strip()!r} at {match.start()} -> {new.strip()!r}",
                    expr[: match.start()] + new + expr[match.end() :],
                )

    yield from each(r"(?<= )(>=|>|<=|<|==)(?= )", lambda m: list(SWAPS[m[0]]), "operator")
    yield from each(
        r"(?m)^ *(and|or|unless)\b", lambda m: [m[0].replace(m[1], s) for s in SWAPS[m[1]]], "operator"
    )
    yield from each(r"(?<=[<>=] )[0-9.e+-]+", lambda m: figures(m[0]), "figure")
    yield from each(r"(?<=vector\()[0-9.e+-]+", lambda m: figures(m[0]), "figure")
    yield from each(r"(?m)^ *0\.\d+(?=,)", lambda m: figures(m[0].strip()), "quantile")
    yield from each(r"\[(\w+)\]", lambda m: windows(m[1]), "window")
    yield from each(r" \w+=~?\"[^\"]*\",?|(?<=\{)\w+=~?\"[^\"]*\",? ?", lambda m: [""], "matcher dropped")
    yield from each(r"(?<==\")[^\"]+(?=\")", lambda m: [f"{m[0]}x"], "matcher value")
    yield from each(r"\b(by|on) \(([^)]*)\)", labels, "label dropped")
    yield from each(rf"\b({'|'.join(FUNCTIONS)})(?= ?\()", lambda m: [FUNCTIONS[m[0]]], "function")
    yield from each(r"(?s)(?<=\()(slo:[^>]+|sum_over_time[^>]+) > 0(?=\))", lambda m: [m[1]], "guard dropped")
    for joint in re.finditer(r"\n *(and|or|unless)\b", expr):
        yield f"only before the {joint[1]} at {joint.start()}", expr[: joint.start()]
        if joint[1] != "unless":
            yield f"only after the {joint[1]} at {joint.start()}", expr[joint.end() :]


def figures(text: str) -> list[str]:
    value = float(text)
    return ["1"] if value == 0 else [f"{value * 1.05:.6g}", f"{value * 0.95:.6g}"]


def windows(text: str) -> list[str]:
    seconds = Duration.parse(text).seconds
    return [f"[{Duration(seconds * 5)}]", f"[{Duration(seconds / 2)}]"]


def labels(match: re.Match[str]) -> list[str]:
    names = match[2].split(", ") if match[2] else []
    return [f"{match[1]} ({', '.join(n for n in names if n != gone)})" for gone in names]


PROMTOOL = Promtool(programs.newest("promtool").path)

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
