"""Prometheus queries of a panel."""

from __future__ import annotations

from typing import Any, Literal

import attr
from grafanalib import core

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The one form that works by UI import, provisioning, API and sidecar."""

Format = Literal["time_series", "table", "heatmap"]
Query = str | tuple[str, str]
"""An expression, or an expression and its legend."""


class _Prometheus(core.Target):  # type: ignore[misc]  # grafanalib has no types
    """grafanalib's target, written with the keys that Grafana's Prometheus editor knows and no others."""

    def to_json_data(self) -> dict[str, Any]:
        """The target; a query is either instant or over a range."""
        table = self.format == "table"
        return {
            "datasource": DATASOURCE,
            "editorMode": "code",
            "exemplar": False,
            "expr": self.expr,
            "format": self.format,
            "instant": self.instant,
            "legendFormat": "" if table else self.legendFormat or "__auto",
            "range": not self.instant,
            "refId": self.refId,
        }


Prometheus: Any = attr.s(_Prometheus)


def q(*queries: Query, instant: bool = False, format: Format = "time_series") -> list[Any]:
    """Targets A, B, C ... of the queries, each on one line."""
    pairs = [(query, "") if isinstance(query, str) else query for query in queries]
    return [
        Prometheus(
            expr=" ".join(expression.split()),
            legendFormat=legend,
            refId=chr(ord("A") + index),
            instant=instant,
            format=format,
        )
        for index, (expression, legend) in enumerate(pairs)
    ]
