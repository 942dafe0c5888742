"""The promtool files as data: what each case says about which alert, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.rules import bounds
from typedyaml.units import Duration

FOLDER = Path(__file__).parent
_ALERTS = re.compile(r"ALERTS\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Said:
    """`state` of an alert (firing, pending, quiet: neither; silent: not firing) at `time` seconds."""

    test: str
    alert: str
    state: str
    time: float
    labels: dict[str, str]
    without_input: bool
    step: float


@cache
def files() -> dict[str, dict[str, Any]]:
    """Every promtool file by name."""
    return {
        p.name: yaml.load(p.read_text(encoding="utf-8"), yaml.CSafeLoader)
        for p in sorted(FOLDER.glob("*.yaml"))
    }


@cache
def every_file() -> dict[str, dict[str, Any]]:
    """The files, and those that are made of tables of bounds."""
    return files() | bounds.files()


def every_test() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every test with the name of its file."""
    for name, content in every_file().items():
        yield from ((name, test) for test in content["tests"])


@cache
def said() -> tuple[Said, ...]:
    """All that the files say of alerts."""
    return tuple(_said())


def _said() -> Iterator[Said]:
    for name, test in every_test():
        step = Duration.parse(every_file()[name]["evaluation_interval"]).seconds
        common = (not test["input_series"], step)
        for case in test.get("alert_rule_test", ()):
            time = Duration.parse(case["eval_time"]).seconds
            expected = case.get("exp_alerts") or []
            for labels in [alert["exp_labels"] for alert in expected] or [{}]:
                state = "firing" if expected else "silent"
                yield Said(test["name"], case["alertname"], state, time, labels, *common)
        for case in test.get("promql_expr_test", ()):
            if match := _ALERTS.search(case["expr"]):
                labels = dict(re.findall(r'(\w+)="([^"]*)"', match[1]))
                time = Duration.parse(case["eval_time"]).seconds
                state = labels.get("alertstate", "firing")
                if not case["exp_samples"]:
                    state = "silent" if "alertstate" in labels else "quiet"
                yield Said(test["name"], labels["alertname"], state, time, labels, *common)
