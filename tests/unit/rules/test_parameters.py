"""Figures of alerts that do not fit their rule: every fault at once, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

import rules.render
from policy.load import FOLDER, load_policy
from typedyaml.faults import Faults

SHIPPED = (FOLDER / "auto-grader.yaml").read_text(encoding="utf-8")
BACKLOG = "{priority: P2, category: queue, type: symptom, above: 200, for: 5m, keep_firing_for: 5m}"


def faults(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """What is wrong with the shipped policy after these replacements, as `line: message`."""
    text = SHIPPED
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Faults) as raised:
        rules.render.render(load_policy(path))
    assert {fault.file for fault in raised.value.faults} == {str(path)}
    return [f"{fault.line}: {fault.message}" for fault in raised.value.faults]


def line(text: str) -> int:
    """The line of the shipped policy on which a text stands."""
    return SHIPPED[: SHIPPED.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("above: 200, ", 'GradingBacklog takes no "window"; it takes above'),
        ("above: 5m", "GradingBacklog, above: must be a number, 0 or more, found 5m"),
        ("above: -1", "GradingBacklog, above: must be a number, 0 or more, found -1.0"),
    ],
)
def test_a_figure_that_the_rule_does_not_take_is_named(tmp_path: Path, change: str, message: str) -> None:
    written = change + "window: 5m" if change.endswith(", ") else change
    new = BACKLOG.replace("above: 200", written)
    assert faults(tmp_path, (BACKLOG, new)) == [f"{line(BACKLOG)}: {message}"]


def test_a_missing_figure_is_named(tmp_path: Path) -> None:
    found = faults(tmp_path, (BACKLOG, BACKLOG.replace("above: 200, ", "")))
    assert found == [f'{line("  GradingBacklog:")}: GradingBacklog needs "above"; it takes above']


def test_an_alert_that_no_rule_declares_is_named_with_its_neighbour(tmp_path: Path) -> None:
    found = faults(tmp_path, ("  GradesDisagree:\n", "  GradesDisagre:\n"))
    (text,) = found
    hint = f'{line("  GradesDisagree:")}: unknown alert "GradesDisagre"; did you mean "GradesDisagree"?'
    assert text == hint


def test_a_share_that_can_never_be_passed_is_refused(tmp_path: Path) -> None:
    old = "above: 0.05, window: 5m, minimum: 50"
    found = faults(tmp_path, (old, old.replace("0.05", "5")))
    assert found == [
        f"{line(old)}: HighErrorRate, above: must be a ratio between 0 and 1 (0.05 is 5 %), found 5.0"
    ]


def test_a_window_without_room_for_scrapes_is_refused(tmp_path: Path) -> None:
    old = "above: 0.05, window: 5m, minimum: 50"
    found = faults(tmp_path, (old, old.replace("5m", "30s")))
    assert found == [f"{line(old)}: 30s holds fewer than 4 scrapes (10s); at least 40s"]


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        (BACKLOG, BACKLOG.replace("above: 200, ", "")),
        ("above: 0.15, window: 1d, minimum: 20", "above: 0.15, minimum: 20"),
        ("quantile: 0.99, ", ""),
    )
    assert len(found) == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "limits: {errors: 0.10, latency: 10s}",
            "limits: {errors: 0.10}",
            'RollbackRequired needs "limits.latency"',
        ),
        (
            "limits: {errors: 0.10, latency",
            "limits: {errors: 10, latency",
            "RollbackRequired, limits.errors: must be a",
        ),
        ("{critical: 1h, high: 4h", "{critical: 1h, urgent: 2h, high: 4h", 'takes no "limits.urgent"'),
        (
            "horizon: 180d, for: 6h}\n  Conn",
            "horizon: 90d, for: 6h}\n  Conn",
            "must be one of capacity.horizons (180d, 365d)",
        ),
        (
            "above: 24h, window: 1d",
            "above: 23h, window: 1d",
            "must be a bucket of grader_compliance_incident_report",
        ),
        (
            "below: 0.995, window: 30d",
            "below: 0.995, window: 100d",
            "100d is longer than Prometheus keeps samples (90d)",
        ),
        (
            "window: 15m, offset: 1d",
            "window: 15m, offset: 91d",
            "91d is longer than Prometheus keeps samples (90d)",
        ),
        ("window: 15m, offset: 1d, ", "window: 15m, ", 'TrafficStopped needs "offset"'),
        (
            "    redis: {job",
            "    cache: {job",
            'CacheDown watches job "redis", which scrape.jobs does not have',
        ),
    ],
)
def test_a_further_figure_that_does_not_fit_is_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert any(message in found for found in faults(tmp_path, (old, new)))


def test_an_alert_on_a_job_that_is_not_there_may_be_disabled(tmp_path: Path) -> None:
    text = SHIPPED.replace('    nginx: {job: nginx, targets: ["localhost:9113"]}\n', "")
    for name in ("ProxyDown:\n    {", "at night there are none.\n    {"):
        assert text.count(name) == 1
        text = text.replace(name, f"{name}enabled: false, ")
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    names = {alert.alertname for alert in rules.render.alerts(load_policy(path))}
    assert "ServiceDown" in names
    assert not names & {"ProxyDown", "ThroughputBelowDemand"}


MINE = """objectives:
  mine:
    title: Pages that were drawn
    alert: PageBudgetBurn
    category: errors
    target: 0.99
    period: 30d
    sli: {kind: ratio, metric: pages_total, where: {page: 'a\\.b "x"'}, bad: {result: broken}}
    tiers: [slow, longterm]
"""


def test_an_objective_is_measured_on_a_metric_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(SHIPPED.replace("objectives:\n", MINE), encoding="utf-8")
    groups = {group["name"]: group["rules"] for group in rules.render.groups(load_policy(path))}
    assert 'page=~"a\\\\.b \\"x\\"", result="broken"' in groups["slo-mine"][2]["expr"]


def test_an_objective_chooses_by_labels_of_the_application(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    old, new = "{kind: latency, within: 2s}", "{kind: latency, within: 2s, where: {handler: /submit}}"
    path.write_text(SHIPPED.replace(old, new), encoding="utf-8")
    groups = {group["name"]: group["rules"] for group in rules.render.groups(load_policy(path))}
    assert 'handler="/submit", le=~"2([.]0)?"' in groups["slo-latency"][2]["expr"]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (
            "metric: grader_gradings_totl, bad: {outcome: internal_error}",
            'unknown metric "grader_gradings_totl"; did you mean "grader_gradings_total"?',
        ),
        (
            "metric: grader_gradings_total, bad: {outcome: broken}",
            'grader_gradings_total: unknown outcome "broken"; allowed: ',
        ),
        (
            "metric: grader_queue_depth, bad: {state: waiting}",
            "grader_queue_depth is a gauge: increase() is for counters",
        ),
    ],
)
def test_what_an_objective_wants_of_the_sidecar_must_be_there(tmp_path: Path, new: str, message: str) -> None:
    old = "metric: grader_gradings_total, bad: {outcome: internal_error}"
    (found,) = faults(tmp_path, (old, new))
    assert found.startswith(f"{line(old)}: {message}")


def test_an_alert_that_is_off_needs_no_forecast(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    capacity = next(text for text in SHIPPED.splitlines(keepends=True) if text.startswith("capacity:"))
    text = SHIPPED.replace(capacity, "").replace("horizon: 180d,", "horizon: 180d, enabled: false,")
    path.write_text(text, encoding="utf-8")
    assert not {"DiskRunsOut", "capacity"} & {g["name"] for g in rules.render.groups(load_policy(path))}


def test_an_alert_may_fire_at_once(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    old = "BackupFailed:\n    {priority: P3, category: backup, type: cause, for: 1h}"
    assert old in SHIPPED
    new = "BackupFailed:\n    {priority: P4, category: backup, type: cause, for: 0s}"
    path.write_text(SHIPPED.replace(old, new), encoding="utf-8")
    files = rules.render.render(load_policy(path)).files
    assert "BackupFailed is told to engineering after 0s" in "".join(files.values())
