"""Panels of words: tables and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attr
from grafanalib import core

from dashboards.fields import ModernPanel, Targets, common
from dashboards.palette import INFO, Json, steps


def table(
    title: str,
    description: str,
    *,
    targets: Targets,
    columns: Mapping[str, str],
    overrides: Sequence[Json] = (),
    sort_by: str = "",
    descending: bool = False,
    unit: str = "short",
) -> Any:
    """Figures by label. `columns` names the fields in order: label or `Value #A` to heading."""
    tabular = [attr.evolve(target, format="table", instant=True) for target in targets]
    shown = {name: index for index, name in enumerate(columns)}
    organize = {
        "id": "organize",
        "options": {
            "excludeByName": {"Time": True},
            "indexByName": shown,
            "renameByName": dict(columns),
        },
    }
    merge = [{"id": "merge", "options": {}}] if len(tabular) > 1 else []
    return ModernPanel(
        **common(title, description, tabular),
        kind="table",
        thresholds=steps(base=INFO),
        transformations=[*merge, organize],
        options={
            "showHeader": True,
            "cellHeight": "sm",
            "frameIndex": 0,
            "sortBy": [{"displayName": sort_by, "desc": descending}] if sort_by else [],
        },
        defaults={
            "unit": unit,
            "noValue": "-",
            "color": {"mode": "thresholds"},
            "custom": {
                "align": "auto",
                "cellOptions": {"type": "auto"},
                "filterable": False,
                "inspect": False,
            },
        },
        overrides=list(overrides),
    )


def text(title: str, description: str, content: str) -> Any:
    """Markdown."""
    return core.Text(
        title=title, description=description, content=content, mode="markdown", maxDataPoints=None
    )
