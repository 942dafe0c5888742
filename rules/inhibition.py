"""The labels by which alerts keep others quiet: both sides must carry them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from policy.model import Policy
from typedyaml.faults import Fault
from typedyaml.load import Document

_OF_SERIES = re.compile(r"\$labels\.(\w+)")


def faults_of(doc: Document[Policy], groups: Sequence[dict[str, Any]]) -> Iterator[Fault]:
    """Labels in `equal` that an alert of the pair lacks: two that both lack a label silence each other."""
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    alerts = [(rule, carried(rule)) for rule in rules if rule["labels"]["escalation"] == "0"]
    for index, inhibition in enumerate(doc.value.inhibit):
        named = {inhibition.source, *inhibition.targets.alerts}
        pair = [
            (rule["alert"], labels)
            for rule, labels in alerts
            if rule["alert"] in named or rule["labels"]["priority"] in inhibition.targets.priorities
        ]
        for label in inhibition.equal:
            if without := sorted({name for name, labels in pair if label not in labels}):
                message = (
                    f'label "{label}" in equal is missing on {", ".join(without)}: '
                    "alerts that both lack a label silence each other"
                )
                yield doc.fault(("inhibit", index, "equal"), message)


def carried(rule: dict[str, Any]) -> frozenset[str]:
    """The labels that an alert is known to carry: its rule's own, and those of the series that its text names
    (the tests compare the text, so they are there)."""
    own = {label for label, value in rule["labels"].items() if value}
    return frozenset({"alertname", *own, *_OF_SERIES.findall(rule["annotations"]["description"])})
