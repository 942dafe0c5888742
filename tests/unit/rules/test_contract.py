"""Expressions against the catalogue."""

from __future__ import annotations

import pytest

from policy.model import Application
from rules import contract
from rules.contract import Known

GRADINGS = 'grader_gradings_total{job="g", outcome="accepted"}'


@pytest.mark.parametrize(
    ("expr", "finding"),
    [
        (
            'grader_queue_dept{job="g"}',
            'unknown metric "grader_queue_dept"; did you mean "grader_queue_depth"?',
        ),
        ('grader_queue_depth{job="g", course="x"}', 'grader_queue_depth: unknown label "course"'),
        ('grader_queue_depth{job="g", state="lost"}', 'grader_queue_depth: unknown state "lost"'),
        ("grader_queue_depth", "grader_queue_depth is selected without a job"),
        (GRADINGS, "grader_gradings_total is a counter: take its rate or increase"),
        (f"sum({GRADINGS})", "grader_gradings_total is a counter: take its rate or increase"),
        ('rate(grader_queue_depth{job="g"}[5m])', "grader_queue_depth is a gauge: rate() is for counters"),
        (
            f"sum by (course) (rate({GRADINGS}[5m]))",
            'aggregated by a label that is not there: unknown label "course"',
        ),
        ("sum(", "not PromQL: "),
        ('1 + -(grader_nothing{job="g"})', 'unknown metric "grader_nothing"'),
        ('max_over_time(grader_nothing{job="g"}[1h:5m])', 'unknown metric "grader_nothing"'),
    ],
)
def test_what_the_catalogue_does_not_have_is_found(series: dict[str, Known], expr: str, finding: str) -> None:
    assert [text[: len(finding)] for text in contract.findings(expr, series)] == [finding]


@pytest.mark.parametrize(
    "expr",
    [
        f"sum by (job, outcome) (rate({GRADINGS}[5m]))",
        'histogram_quantile(0.9, sum by (le) (rate(grader_queue_wait_seconds_bucket{job="g"}[5m])))',
        'absent(grader_gradings_total{job="g"})',
        'ALERTS{alertname="X", burn_tier="fast"} == 1',
        'slo:sli_error:ratio_rate5m{job="g", slo="availability"}',
        'grader_queue_depth{job="g", state=~"wait.*"}',
    ],
)
def test_what_exists_is_not_complained_of(series: dict[str, Known], expr: str) -> None:
    assert list(contract.findings(expr, series)) == []


def test_the_names_that_an_expression_reads() -> None:
    assert contract.used('rate(a_total[5m]) / on (x) b > 1 and absent(up{job="c"})') == {"a_total", "b", "up"}


def test_records_of_a_whole_service_need_the_service_in_place_of_a_job() -> None:
    name = "service_priority:incidents_open:count"
    series = contract.known(records={name: None})
    assert list(contract.findings(f'{name}{{service="auto-grader"}}', series)) == []
    assert list(contract.findings(name, series)) == [f"{name} is selected without a job"]


def test_the_application_may_call_its_metric_as_another_exporter_does() -> None:
    application = Application(requests="nginx_http_requests_total", status_label="code")
    series = contract.known(application)
    assert list(contract.findings('rate(nginx_http_requests_total{job="a", code="500"}[5m])', series)) == []
