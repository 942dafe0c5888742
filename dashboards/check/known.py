"""Every metric that a board may ask for, by its name on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from dashboards.records import all_records
from dashboards.series import HISTOGRAM_PARTS, RULE_LABELS, request_duration, requests
from exporter.catalogue import ADDED_LABELS, FAMILIES, FOREIGN, LABELLED, Family, ForeignFamily
from policy.model import Policy

_SELECTED = re.compile(r"[a-zA-Z_:][\w:]*(?=\{)")
_COUNTED = ("_total", "_bucket", "_count", "_sum")
_TARGET = frozenset({"job", "instance"})
_OBJECTIVE = frozenset({"slo", "burn_tier", "short", "long"})


@dataclass(frozen=True, slots=True)
class Known:
    """A metric: what may be done with it, and which labels it has (None: not known).

    `ruled`: rules write it, so it is of a service and has no instance.
    """

    counter: bool
    labels: frozenset[str] | None
    ruled: bool = False
    bucket: bool = False
    values: Mapping[str, tuple[str, ...]] | None = None


def known(policy: Policy | None) -> dict[str, Known]:
    """By name; histograms by their three parts. Without a policy the application's default names hold."""
    found: dict[str, Known] = {}
    families: list[Family | ForeignFamily] = [*FAMILIES.values(), *FOREIGN.values()]
    if policy:
        families += [requests(policy), request_duration(policy)]
    for family in families:
        labels = frozenset(family.labels) | _TARGET | frozenset(ADDED_LABELS if family in LABELLED else ())
        values = getattr(family, "values", None)
        if family.type == "histogram":
            for part in HISTOGRAM_PARTS:
                own = labels | {"le"} if part == "bucket" else labels
                found[f"{family.name}_{part}"] = Known(True, own, bucket=part == "bucket", values=values)
        else:
            found[family.name] = Known(family.type == "counter", labels, values=values)
    for name in ("ALERTS", "ALERTS_FOR_STATE"):
        own = frozenset(found[name].labels or ()) | frozenset(RULE_LABELS) | _OBJECTIVE
        found[name] = Known(False, own, ruled=True)
    for record in all_records(policy) if policy else ():
        found[record.name] = Known(False, frozenset(record.labels) | _TARGET, ruled=True)
    return found


def from_rules(folder: Path) -> dict[str, Known]:
    """What the rule files in `folder` write and ask for, for boards whose policy is not at hand."""
    found: dict[str, Known] = {}
    for path in sorted(folder.glob("*.rules.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for rule in (rule for group in content.get("groups", ()) for rule in group.get("rules", ())):
            if "record" in rule:
                found[rule["record"]] = Known(False, None, ruled=True)
            for name in _SELECTED.findall(str(rule.get("expr", ""))):
                found.setdefault(name, Known(name.endswith(_COUNTED), None, bucket=name.endswith("_bucket")))
    return found
