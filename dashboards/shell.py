"""What all boards share: variables, annotations, the menu of boards, the time range, the last row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attr
from grafanalib import core

from dashboards.grid import Grid
from dashboards.palette import CRITICAL, INFO, WARNING, Json
from dashboards.series import ALERTS, UP, Like, Value, series
from dashboards.tables import text
from dashboards.targets import DATASOURCE
from exporter.catalogue import GRADER_BUILD_INFO
from policy.model import Policy

TAG = "gradewatch"
OVERVIEW = "gradewatch-overview"
GRADER = "gradewatch-grader"
DATABASE = "gradewatch-database"
QUEUE = "gradewatch-queue"
ASSIGNMENTS = "gradewatch-assignments"
SYSTEM = "gradewatch-system"
MODEL = "gradewatch-model"
SLO = "gradewatch-slo"
ALERTING = "gradewatch-alerts"
ADOPTION = "gradewatch-adoption"
QUERY_REF = "PrometheusVariableQueryEditor-VariableQuery"
ALL = "$__all"
ALL_PATTERN = ".+"
EVERYTHING = ".*"
"""With the series that lack the label."""
_NO_ALERTS = "This policy has no alert about this board's parts."


class _Variable(core.Template):  # type: ignore[misc]  # grafanalib has no types
    """grafanalib's template in the shape that Grafana saves today."""

    chosen: Any = attr.ib(factory=list)
    all_pattern: Any = attr.ib(default=ALL_PATTERN)

    def to_json_data(self) -> Json:
        """A query variable with several values; `chosen` is preselected, All when empty."""
        current = {"selected": True, "text": self.chosen or ["All"], "value": self.chosen or [ALL]}
        return {
            "type": "query",
            "name": self.name,
            "label": self.label,
            "datasource": DATASOURCE,
            "query": {"qryType": 1, "query": self.query, "refId": QUERY_REF},
            "definition": self.query,
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": self.all_pattern,
            "current": current,
            "options": [],
            "hide": 0,
            "regex": "",
            "skipUrlSync": False,
        }


Variable: Any = attr.s(_Variable)


class _SourceVariable(core.Template):  # type: ignore[misc]  # grafanalib has no types
    """The Prometheus that the board asks."""

    def to_json_data(self) -> Json:
        """A variable over data sources of type Prometheus, the default one first."""
        return {
            "type": "datasource",
            "name": self.name,
            "label": self.label,
            "query": self.query,
            "current": {"selected": True, "text": "default", "value": "default"},
            "options": [],
            "hide": 0,
            "multi": False,
            "includeAll": False,
            "refresh": 1,
            "regex": "",
            "skipUrlSync": False,
        }


SourceVariable: Any = attr.s(_SourceVariable)


def board(
    policy: Policy,
    uid: str,
    title: str,
    description: str,
    grid: Grid,
    *,
    hours: int,
    refresh: str = "1m",
    variables: Sequence[Any] = (),
) -> Any:
    """The dashboard around the panels; `variables` are those of this board alone."""
    return core.Dashboard(
        uid=uid,
        title=title,
        description=description,
        tags=[TAG],
        panels=grid.panels,
        templating=core.Templating(list=[*_variables(policy), *variables]),
        annotations=core.Annotations(list=_annotations(policy)),
        links=[_menu(), _alertmanager(policy)],
        time=core.Time(f"now-{hours}h", "now"),
        refresh=refresh,
        timezone="browser",
        editable=False,
        graphTooltip=1,
        schemaVersion=39,
        version=1,
    )


def help_row(policy: Policy, grid: Grid, categories: Sequence[str], words: str) -> Grid:
    """The last row, folded: the meaning of the words, and the runbook of each alert of these categories."""
    runbooks = "\n".join(
        f"- [{name}]({policy.links.runbooks}/{name}) ({alert.priority})"
        for name, alert in policy.alerts.items()
        if alert.category in categories and alert.enabled
    )
    return grid.row(
        "Help",
        (
            9,
            [
                text("Words and colours", "What the words and colours of this board mean.", words),
                text("Runbooks", "What to do when one of these alerts fires.", runbooks or _NO_ALERTS),
            ],
        ),
        collapsed=True,
    )


def _variables(policy: Policy) -> list[Any]:
    # All boards preselect the same jobs: a link hands them on to a board with panels of other exporters.
    jobs = sorted({job.job for job in policy.scrape.jobs.values()})
    return [
        SourceVariable(name="datasource", label="Data source", query="prometheus"),
        Variable(name="job", label="Job", query=f"label_values({UP.name}, job)", chosen=jobs),
        Variable(
            name="instance", label="Instance", query=f'label_values({UP.name}{{job=~"$job"}}, instance)'
        ),
    ]


def _annotations(policy: Policy) -> list[Json]:
    fires: list[tuple[str, Value, str, bool]] = [
        ("P1 alerts", "P1", CRITICAL, True),
        ("P2 and P3 alerts", Like("P[23]"), WARNING, False),
    ]
    built_in = {
        "builtIn": 1,
        "name": "Annotations & Alerts",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": INFO,
        "type": "dashboard",
    }
    alerts = [
        _annotation(
            name,
            # One mark an alert: the later steps of escalation are series of their own.
            "max by (alertname, priority) ("
            + series(ALERTS, alertstate="firing", escalation="0", service=policy.service, priority=priority)
            + ")",
            color,
            enabled,
            title="{{alertname}}",
            body="{{priority}}",
            tags="alertname,priority",
        )
        for name, priority, color, enabled in fires
    ]
    built = series(GRADER_BUILD_INFO)
    deployments = _annotation(
        "Deployments",
        f"count by (version) ({built}) unless count by (version) ({built} offset 5m)",
        INFO,
        True,
        title="Release {{version}}",
        body="A new release of the grader",
        tags="version",
    )
    return [built_in, *alerts, deployments]


def _annotation(name: str, expr: str, color: str, enable: bool, *, title: str, body: str, tags: str) -> Json:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": enable,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "step": "60s",
        "titleFormat": title,
        "textFormat": body,
        "tagKeys": tags,
        "useValueForTime": False,
    }


def _menu() -> Any:
    return core.DashboardLink(
        title="gradewatch",
        type="dashboards",
        tags=[TAG],
        asDropdown=True,
        includeVars=True,
        keepTime=True,
        icon="external link",
        tooltip="The other boards, with the same time and variables",
    )


def _alertmanager(policy: Policy) -> Any:
    return core.DashboardLink(
        title="Alertmanager",
        type="link",
        uri=policy.links.alertmanager,
        icon="bolt",
        keepTime=False,
        targetBlank=True,
        tooltip="What fires, silences and acknowledgements",
    )
