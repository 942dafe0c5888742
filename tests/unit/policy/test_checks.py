"""Every fault of a policy is named with its place; the shipped policy is changed in one spot at a time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.load import FOLDER, load_policy, shipped
from typedyaml.faults import Faults

TEXT = (FOLDER / "auto-grader.yaml").read_text(encoding="utf-8")


def faults(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the policy"
        text = text.replace(old, new)
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Faults) as caught:
        load_policy(path)
    return [f"{fault.line}: {fault.message}" for fault in caught.value.faults]


def line_of(snippet: str) -> int:
    return TEXT[: TEXT.index(snippet)].count("\n") + 1


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_policy_has_no_fault(name: str) -> None:
    assert load_policy(name).value.policy == name


CASES = [
    ('prometheus: "2.53"', 'prometheus: "2.30"', "prometheus 2.30 is not supported; the oldest is 2.42"),
    (
        "    exporter: {job: gradewatch,",
        "    sidecar: {job: gradewatch,",
        'required job "exporter" is missing',
    ),
    ("{job: redis,", "{job: mysql,", 'job "mysql" is already the name of "mysql"'),
    (
        "{priority: P4, category: queue",
        "{priority: P5, category: queue",
        'unknown value "P5"; allowed: P1, P2, P3, P4',
    ),
    (
        "above: 200, for: 5m",
        "above: 200, below: 3, for: 5m",
        "GradingBacklog has both above and below; choose one",
    ),
    (
        "queue, type: cause, for: 30m}",
        "queue, type: cause, for: 30m, labels: {priority: P1}}",
        'label "priority" is set by gradewatch itself',
    ),
    (
        "queue, type: cause, for: 30m}",
        "queue, type: cause, for: 30m, labels: {alertstate: x}}",
        'label "alertstate" is Prometheus\' own',
    ),
    ("  evaluation: 15s", "  evaluation: 0s", "evaluation must be longer than 0s"),
    ("horizons: [180d, 365d]", "horizons: [180d, 365d, 0s]", "horizons must be longer than 0s"),
    ("  window: 5m\n  parts:", "  window: 0s\n  parts:", "window must be longer than 0s"),
    ("availability: {weight: 30}", "availability: {weight: .inf}", '"weight" must be a number, found ".inf"'),
    (
        "    target: 0.99\n    period: 30d\n    sli: {kind: freshness",
        "    target: 0.99\n    period: 120d\n    sli: {kind: freshness",
        "period 120d is longer than Prometheus keeps samples (90d)",
    ),
    (
        "    target: 0.99\n    period: 30d\n    sli: {kind: freshness",
        "    target: 0.99\n    period: 3d\n    sli: {kind: freshness",
        "period 3d is not longer than the window 3d of a burn tier",
    ),
    ("    tiers: [medium, slow, longterm]", "    tiers: []", '"tiers" names no burn tier'),
    (
        "    tiers: [medium, slow, longterm]",
        "    tiers: [medium, slwo, longterm]",
        'unknown burn tier "slwo"; did you mean "slow"?',
    ),
    (
        "alert: AvailabilityBudgetBurn",
        "alert: HighErrorRate",
        '"HighErrorRate" is already the name of an alert',
    ),
    ("latency, within: 2s}", "latency, within: 2s, bad: {a: b}}", 'kind latency takes no "bad"'),
    ("latency, within: 2s}", "latency}", 'kind latency needs "within"'),
    (
        "job: exporter, metric: grader_database_up",
        "job: sidecar, metric: grader_database_up",
        'unknown job "sidecar"',
    ),
    ("sli: {kind: request_errors}", "sli: {kind: request_errors, job: exporter}", "are the application's"),
    ("sli: {kind: request_errors}", "sli: {kind: ratio, metric: a_total}", 'kind ratio needs "bad"'),
    ("sli: {kind: request_errors}", "sli: {kind: ratio, metric: a_total, bad: {}}", '"bad" names no label'),
    (
        "capacity: {window: 30d",
        "capacity: {window: 100d",
        "100d is longer than Prometheus keeps samples (90d)",
    ),
    ("step: 1h, hor", "step: 4d, hor", "a line needs ten points: step may be at most 3d, found 4d"),
    ("horizons: [180d, 365d]", "horizons: [180d, 180d]", "horizon 180d is there twice"),
    ("good: 500ms, bad: 3s", "good: 3s, bad: 3s", "bad must be above good (3s), found 3s"),
    ("good: 500ms, bad: 3s", "good: 500ms", 'latency needs "good" and "bad"'),
    (
        "database: {weight: 5}",
        "database: {weight: 5, bad: 0.5}",
        'database is a ratio by itself and takes no "bad"',
    ),
    ("{long: 1h, short: 5m", "{long: 1h, short: 6m", "short must be a twelfth of long (5m), found 6m"),
    (
        "{after: 30m, to: eng",
        "{after: 10m, to: eng",
        "P1, step 2 is due after 10m, not later than step 1 (15m)",
    ),
    (
        "{after: 0m, to: oncall, via: [pagerduty",
        "{after: 1m, to: oncall, via: [pagerduty",
        "P1, step 0 must be told at once (after: 0m), found 1m",
    ),
    ("respond: 15m", "respond: 10m", "P1, step 1 is due after 15m, later than respond (10m)"),
    ("to: engineering-manager, via", "to: boss, via", 'unknown contact "boss"; allowed: '),
    ("via: [pagerduty, sms]", "via: [pagerduty, pager]", 'unknown value "pager"; did you mean "pagerduty"?'),
    ("via: [sms, call]", "via: [sms, slack]", 'channel "slack" is not for P1; it may be used by P2, P3, P4'),
    (
        "via: [pagerduty, sms]",
        "via: [pagerduty, call]",
        'contact "oncall" has no "call"; it has pagerduty, sms, slack, msteams, email',
    ),
    ('  webhook: {base: "http://127.0.0.1:9876"}\n', "", 'channel "sms" needs "webhook" in delivery'),
    (
        "pagerduty: {priorities: [P1], within: 1m}",
        "pagerduty: {priorities: [P1], within: 30s}",
        "P1 waits up to",
    ),
    (
        "repeat_interval: 12h",
        "repeat_interval: 7m",
        "repeat_interval 7m is not a multiple of group_interval 5m",
    ),
    ("unrouted: engineering", "unrouted: nobody", 'unknown contact "nobody"; allowed: '),
    ("identity: [alertname, service]", "identity: [alertname]", 'identity must contain "service"'),
    (
        "source: SidecarDown",
        "source: SidecarDwon",
        'unknown alert "SidecarDwon"; did you mean "SidecarDown"?',
    ),
    (
        "source: SidecarDown, targets: {alerts: [CollectorFailing]}",
        "source: SidecarDown, targets: {}",
        "targets must name either priorities or alerts",
    ),
    (
        "source: SidecarDown, targets: {alerts: [CollectorFailing]}, equal: [service]",
        "source: SidecarDown, targets: {alerts: [CollectorFailing]}, equal: [job]",
        'equal must contain "service", or one system silences another',
    ),
    (
        "source: SidecarDown, targets: {alerts: [CollectorFailing]}",
        "source: SidecarDown, targets: {alerts: [ServiceDown]}",
        "SidecarDown (P2) must not silence P1, which is more urgent",
    ),
    (
        "source: SidecarDown, targets: {alerts: [CollectorFailing]}",
        "source: SidecarDown, targets: {alerts: [AvailabilityBudgetBurn]}",
        "SidecarDown (P2) must not silence P1, which is more urgent",
    ),
    (
        "source: SidecarDown, targets: {alerts: [CollectorFailing]}",
        "source: AvailabilityBudgetBurn, targets: {alerts: [CollectorFailing]}",
        "AvailabilityBudgetBurn (P4) must not silence P3, which is more urgent",
    ),
    (
        "    group_wait: 30s",
        "    group_wait: 10s",
        "ServiceDown can silence P2: wait at least 30s, found 10s",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), CASES)
def test_a_fault_is_named_with_what_is_allowed(tmp_path: Path, old: str, new: str, message: str) -> None:
    found = faults(tmp_path, (old, new))
    assert any(message in fault for fault in found), found


def test_faults_of_different_subjects_come_together_each_with_its_line(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        ("to: engineering-manager, via", "to: boss, via"),
        ("{long: 1h, short: 5m", "{long: 1h, short: 6m"),
        ("unrouted: engineering", "unrouted: nobody"),
    )
    lines = [int(fault.split(":")[0]) for fault in found]
    assert lines == [
        line_of("{long: 1h, short: 5m"),
        line_of("to: engineering-manager, via"),
        line_of("unrouted: engineering"),
    ]


def test_a_policy_that_is_not_shipped_is_refused_with_those_that_are() -> None:
    with pytest.raises(Faults, match='unknown policy "auto-gradr"; did you mean "auto-grader"'):
        load_policy("auto-gradr")


def test_faults_of_type_and_of_meaning_come_together(tmp_path: Path) -> None:
    found = faults(
        tmp_path, ('alertmanager: "0.28"', "alertmanager: new"), ("unrouted: engineering", "unrouted: nobody")
    )
    assert [fault.partition(": ")[2].split('"')[1] for fault in found] == ["new", "nobody"]


@given(st.integers(0, TEXT.count("\n")), st.sampled_from(["", "  x: 1", "x: [", "  - 7"]))
@settings(max_examples=60, deadline=None)
def test_a_line_that_is_lost_or_spoiled_gives_faults_or_a_policy_and_nothing_else(
    line: int, spoiled: str
) -> None:
    lines = TEXT.splitlines()
    lines[line : line + 1] = [spoiled]
    with TemporaryDirectory() as folder:
        path = Path(folder, "p.yaml")
        path.write_text("\n".join(lines), encoding="utf-8")
        with suppress(Faults):
            load_policy(path)


def test_a_row_at_fault_is_one_fault_and_not_one_for_each_alert_of_its_priority(tmp_path: Path) -> None:
    steps = "      - {after: 0m, to: engineering, via: [email]}"
    assert faults(tmp_path, (f"    steps:\n{steps}", "    steps: []")) == [
        f'{line_of(steps) - 1}: "steps" must not be empty'
    ]


def test_a_contact_at_fault_is_one_fault_and_not_one_for_each_step(tmp_path: Path) -> None:
    old = "  engineering:\n    email: {to: engineering@example.org}"
    (found,) = faults(tmp_path, (old, "  engineering: null"))
    assert found.endswith('"engineering" must be a mapping, found "null"')


def test_priorities_without_any_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    start, end = TEXT.index("priorities:\n  P1"), TEXT.index("# Which priorities may use a channel")
    path.write_text(f"{TEXT[:start]}priorities: {{}}\n{TEXT[end:]}", encoding="utf-8")
    with pytest.raises(Faults) as caught:
        load_policy(path)
    assert "who is told?" in str(caught.value)


def test_a_date_may_stand_in_quotes(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(TEXT.replace("\nhours:", '\nholidays: {days: ["2026-12-25"]}\nhours:'), encoding="utf-8")
    holidays = load_policy(path).value.holidays
    assert holidays
    assert [day.isoformat() for day in holidays.days] == ["2026-12-25"]
