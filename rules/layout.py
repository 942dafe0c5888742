"""YAML as a person would write it: keys in reading order, expressions as blocks, no folded lines."""

from __future__ import annotations

from typing import Any

import yaml

RULE_KEYS = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def document(header: str, value: Any) -> str:
    """`value` as YAML under a comment."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    return comment + yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True, default_flow_style=False
    )


def rule(raw: dict[str, Any]) -> dict[str, Any]:
    """A rule with its keys in the order of Prometheus' documentation."""
    tidy = {key: raw[key] for key in RULE_KEYS if key in raw}
    return tidy | {"expr": raw["expr"].rstrip("\n")}
