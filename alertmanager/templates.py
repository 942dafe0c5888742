"""The message templates, shipped as one file; Alertmanager finds them by the names that receivers.py uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from alertmanager.table import Row, rows
from policy.model import Policy

FOLDER = Path(__file__).parent / "templates"
PARTS = ("common", "email", "chat")
OUTPUT = "templates/gradewatch.tmpl"
_STEP = '.CommonLabels.priority (or .CommonLabels.escalation "0")'
_ROW = f'{{{{ $row := printf "%s/%s" {_STEP} }}}}'
_ROW_OF_SERVICE = f'{{{{ $row := printf "%s/%s/%s" .CommonLabels.service {_STEP} }}}}'


def text(policies: Sequence[Policy]) -> str:
    """All templates; without the comment of each part, which is for who edits them here."""
    parts = [(FOLDER / f"{part}.tmpl").read_text(encoding="utf-8").strip() for part in PARTS]
    return "\n".join((_told(policies), *parts)) + "\n"


def _told(policies: Sequence[Policy]) -> str:
    """`esc.told`: who else was told before, and who comes next; nothing for an alert that no row knows.

    The rules know none of that: they only fire. With several policies `service` tells their rows apart.
    """
    alone = len(policies) == 1
    key = _ROW if alone else _ROW_OF_SERVICE
    cases = [
        (f"{'' if alone else f'{policy.service}/'}{row.priority}/{row.step}", sentence)
        for policy in policies
        for row, sentence in _sentences(policy)
    ]
    branches = "{{ else ".join(f'if eq $row "{name}" }}}}{sentence}' for name, sentence in cases)
    return f'{{{{ define "esc.told" }}}}{key}{{{{ {branches}{{{{ end }}}}{{{{ end }}}}\n'


def _sentences(policy: Policy) -> Iterator[tuple[Row, str]]:
    for priority in sorted(policy.priorities):
        steps = rows(policy, priority)
        for row in steps:
            yield row, " ".join((_before(steps[: row.step + 1]), _next(policy, steps, row)))


def _before(told: Sequence[Row]) -> str:
    first, *later = told
    return f"Told: {'; '.join([first.to, *(f'{row.to} after {row.after}' for row in later)])}."


def _next(policy: Policy, steps: Sequence[Row], row: Row) -> str:
    if row.step + 1 < len(steps):
        following = steps[row.step + 1]
        return f"Next, unless acknowledged: {following.to} after {following.after}."
    if policy.priorities[row.priority].handover:
        return "PagerDuty escalates."
    return "Nobody comes after."
