"""Our bytes mean what the rows say; prometheus_client's parsers and promtool are the judges."""

from __future__ import annotations

import math
import subprocess
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from exporter import catalogue
from exporter.catalogue import FAMILIES, Family
from exporter.collector import CollectError, RowFamily
from exporter.exposition import Block, Format, page, unite
from exporter.rendering import Renderer
from gradewatch.programs import Program

DEPTH = catalogue.GRADER_QUEUE_DEPTH
SUBMISSIONS = catalogue.GRADER_SUBMISSIONS_TOTAL
GRADINGS = catalogue.GRADER_GRADINGS_TOTAL
TURNAROUND = catalogue.GRADER_TURNAROUND_SECONDS
SUSPICIOUS = catalogue.GRADER_SECURITY_SUSPICIOUS_EVENTS_TOTAL
UP = catalogue.GRADER_DATABASE_UP

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def render(*metrics: Metric, style: Format = Format.TEXT, most: int = 50) -> str:
    return page(unite([Renderer(most).render(metrics)])[0], style).decode()


def samples(text: str, style: Format = Format.TEXT) -> Samples:
    parse = parse_text if style is Format.TEXT else parse_openmetrics
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value for family in parse(text) for s in family.samples
    }


def heads(text: str, style: Format) -> set[tuple[str, str, str]]:
    parse = parse_text if style is Format.TEXT else parse_openmetrics
    return {(family.name, family.type, family.documentation) for family in parse(text)}


def one_row(family: Family) -> tuple[Any, ...]:
    labels = tuple(family.values.get(label, ("some name",))[0] for label in family.labels)
    if family.type == "histogram":
        counts = tuple(range(1, len(family.buckets) + 1))
        return (*labels, counts, 12.5, len(counts) + 1)
    return (*labels, 1)


class Registered:
    def __init__(self, *metrics: Metric) -> None:
        self.metrics = metrics

    def collect(self) -> tuple[Metric, ...]:
        return self.metrics


@pytest.mark.parametrize("style", Format)
def test_every_family_is_read_back_as_it_was_written(style: Format) -> None:
    """Name, type and help of the whole catalogue, in both formats."""
    text = render(*(RowFamily(family, [one_row(family)]) for family in FAMILIES.values()), style=style)
    read = {name for name, _, _ in heads(text, style)}
    expected = {
        f.base_name if style is Format.OPENMETRICS or f.type == "counter" else f.name
        for f in FAMILIES.values()
    }
    assert read == expected
    assert len(samples(text, style)) == sum(
        len(f.buckets) + 3 if f.type == "histogram" else 1 for f in FAMILIES.values()
    )


@pytest.mark.parametrize("style", Format)
def test_our_bytes_say_what_prometheus_client_would_say(style: Format) -> None:
    """generate_latest over the same metrics, parsed, equals our page, parsed; foreign metrics included."""
    registry = CollectorRegistry()
    for collector in (PlatformCollector, GCCollector):
        collector(registry=registry)
    foreign = CounterMetricFamily("plugged_in", 'Quote " and\nline', labels=["a"])
    foreign.add_metric(['x"\\\n'], 3)
    mine = [
        *(RowFamily(family, [one_row(family)]) for family in FAMILIES.values()),
        foreign,
        *registry.collect(),
    ]
    theirs = CollectorRegistry()
    theirs.register(Registered(*mine))
    generate = generate_latest if style is Format.TEXT else generate_openmetrics
    expected, text = generate(theirs).decode(), render(*mine, style=style)
    assert samples(text, style) == samples(expected, style)
    assert heads(text, style) == heads(expected, style)


def test_promtool_finds_nothing_to_say(promtool: Program) -> None:
    """`promtool check metrics` also lints names and helps."""
    ours = [RowFamily(family, [one_row(family)]) for family in FAMILIES.values()]
    result = subprocess.run(
        [promtool.path, "check", "metrics"],
        input=render(*ours),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


@pytest.mark.parametrize("style", Format)
@given(value=st.text(max_size=30))
def test_any_label_value_survives(style: Format, value: str) -> None:
    """What is not text (a lone surrogate, NUL) is replaced, the rest comes back unchanged."""
    shown = value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    read = samples(render(RowFamily(UP, [(value, 1)]), style=style), style)
    assert read == {("grader_database_up", (("database", shown),)): 1}


@pytest.mark.parametrize("style", Format)
@given(value=st.one_of(st.floats(), st.integers(-(10**300), 10**300)))
def test_any_number_survives(style: Format, value: float) -> None:
    (read,) = samples(render(RowFamily(UP, [("a", value)]), style=style), style).values()
    assert float(read) == float(value) or (math.isnan(read) and math.isnan(value))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "1"),
        (Decimal("1.50"), "1.5"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        (7, "7"),
        (0.1, "0.1"),
        ("12.5", "12.5"),
    ],
)
def test_values_are_written_as_prometheus_reads_them(value: Any, written: str) -> None:
    assert f'grader_database_up{{database="a"}} {written}\n' in render(RowFamily(UP, [("a", value)]))


def test_a_value_that_is_no_number_is_a_fault_of_the_data() -> None:
    with pytest.raises(CollectError, match="type str is not a number") as caught:
        render(RowFamily(UP, [("a", "many")]))
    assert caught.value.reason == "data"
    assert "many" not in caught.value.message


def test_a_row_without_value_is_left_out() -> None:
    assert samples(render(RowFamily(UP, [("a", None), ("b", 1)]))) == {
        ("grader_database_up", (("database", "b"),)): 1
    }


def test_a_family_without_rows_leaves_no_trace() -> None:
    assert render(RowFamily(UP, [])) == ""
    assert render(RowFamily(UP, []), style=Format.OPENMETRICS) == "# EOF\n"


@pytest.mark.parametrize(
    "rows",
    [
        [("waiting", 1)],
        [("waiting", "q", "more", 1)],
        [("waiting", "q", 1), ("waiting", 1)],
        [("waiting", 1), ("waiting", "q", 1)],
        [()],
    ],
)
def test_a_row_of_the_wrong_length_is_a_fault_of_the_data(rows: list[tuple[Any, ...]]) -> None:
    renderer = Renderer()
    for before in ([], [("waiting", "q", 1)], [("waiting", "q", 1), ("waiting", "r", 1)]):
        renderer.render([RowFamily(DEPTH, before)])
        with pytest.raises(CollectError, match="grader_queue_depth: a row does not have the labels"):
            renderer.render([RowFamily(DEPTH, rows)])


def test_a_family_without_labels_has_one_row() -> None:
    """Also when the second comes later: its rows have no label values that could differ."""
    renderer = Renderer()
    for rows, duplicates in (([(1,)], 0), ([(1,), (2,)], 1), ([(3,)], 0), ([], 0), ([(4,), (5,), (6,)], 2)):
        block = renderer.render([RowFamily(catalogue.GRADER_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL, rows)])
        assert block.duplicates == duplicates
        assert list(samples(page(block.parts, Format.TEXT).decode()).values()) == [r[-1] for r in rows[:1]]


def test_a_histogram_follows_every_change_of_rows() -> None:
    renderer, zeros = Renderer(), tuple([0] * 12)
    for rows in (
        [("recorded", zeros, 1.0, 3)],
        [("recorded", zeros, 2.0, 4), ("observed", zeros, 1.0, 1)],
        [("observed", zeros, 1.0, 1), ("recorded", zeros, 2.0, 4)],
        [],
        [("observed", zeros, 1.0, 1)],
    ):
        block = renderer.render([RowFamily(TURNAROUND, rows)])
        assert page(block.parts, Format.TEXT).decode() == render(RowFamily(TURNAROUND, rows))
    with pytest.raises(CollectError, match="a row does not have the labels"):
        renderer.render([RowFamily(TURNAROUND, [("observed", zeros, 1.0, 1), (zeros, 1.0, 1)])])


@pytest.mark.parametrize("counts", [(2, 1), (1, 2, 3), ()])
def test_a_histogram_that_is_not_cumulative_is_a_fault_of_the_data(counts: tuple[int, ...]) -> None:
    with pytest.raises(CollectError, match="counts must be cumulative"):
        render(RowFamily(TURNAROUND, [("recorded", counts, 1.0, 3)]))


def test_a_histogram_ends_with_the_bucket_that_holds_all() -> None:
    counts = tuple([0] * 11 + [2])
    text = render(RowFamily(TURNAROUND, [("recorded", counts, 100.5, 3)]))
    assert 'grader_turnaround_seconds_bucket{basis="recorded",le="604800.0"} 2\n' in text
    assert 'grader_turnaround_seconds_bucket{basis="recorded",le="+Inf"} 3\n' in text
    assert 'grader_turnaround_seconds_sum{basis="recorded"} 100.5\n' in text
    assert 'grader_turnaround_seconds_count{basis="recorded"} 3\n' in text


def test_the_first_of_two_equal_rows_stays_and_the_other_is_counted() -> None:
    block = Renderer().render([RowFamily(UP, [("a", 1), ("a", 0), ("b", 0)])])
    assert block.duplicates == 1
    assert samples(page(block.parts, Format.TEXT).decode()) == {
        ("grader_database_up", (("database", "a"),)): 1,
        ("grader_database_up", (("database", "b"),)): 0,
    }


def test_a_value_that_is_not_allowed_counts_as_other_where_there_is_one() -> None:
    block = Renderer().render([RowFamily(GRADINGS, [("accepted", 5), ("exploded", 2), ("other", 1)])])
    assert samples(page(block.parts, Format.TEXT).decode()) == {
        ("grader_gradings_total", (("outcome", "accepted"),)): 5,
        ("grader_gradings_total", (("outcome", "other"),)): 3,
    }
    assert block.dropped == {"grader_gradings_total": 1}
    assert block.duplicates == 0


def test_a_value_that_is_not_allowed_is_left_out_where_there_is_no_other() -> None:
    block = Renderer().render([RowFamily(SUBMISSIONS, [("first", 5), ("second", 2)])])
    assert page(block.parts, Format.TEXT).endswith(b'{attempt="first"} 5\n')
    assert block.dropped == {"grader_submissions_total": 1}


def test_counters_over_the_bound_are_added_up_as_other() -> None:
    rows = [(f"reason {n}", 10) for n in range(5)]
    block = Renderer(3).render([RowFamily(SUSPICIOUS, rows)])
    read = samples(page(block.parts, Format.TEXT).decode())
    assert read[("grader_security_suspicious_events_total", (("reason", "other"),))] == 20
    assert len(read) == 4
    assert block.dropped == {"grader_security_suspicious_events_total": 2}


def test_gauges_over_the_bound_are_left_out() -> None:
    block = Renderer(2).render([RowFamily(UP, [("a", 1), ("b", 1), ("c", 1)])])
    assert block.series == 2
    assert block.dropped == {"grader_database_up": 1}


def test_label_values_that_were_admitted_stay_admitted() -> None:
    """A counter must not move to `other` and back because rows came in another order."""
    renderer = Renderer(2)
    renderer.render([RowFamily(SUSPICIOUS, [("a", 1), ("b", 1)])])
    block = renderer.render([RowFamily(SUSPICIOUS, [("c", 5), ("b", 2), ("a", 2)])])
    assert samples(page(block.parts, Format.TEXT).decode()) == {
        ("grader_security_suspicious_events_total", (("reason", "a"),)): 2,
        ("grader_security_suspicious_events_total", (("reason", "b"),)): 2,
        ("grader_security_suspicious_events_total", (("reason", "other"),)): 5,
    }


def test_a_renderer_follows_every_change_of_rows() -> None:
    """Values, label values, order and number of rows may change between collections."""
    renderer = Renderer()
    for rows in (
        [("a", 1)],
        [("a", 2)],
        [("b", 2)],
        [("b", 2), ("a", 3)],
        [("a", 3), ("b", 2)],
        [],
        [("a", math.nan)],
        [("a%s", 1), ("%d", None)],
    ):
        block = renderer.render([RowFamily(UP, rows)])
        assert page(block.parts, Format.TEXT).decode() == render(RowFamily(UP, rows))


def test_equal_rows_give_the_same_bytes_object() -> None:
    renderer = Renderer()
    first, second = (renderer.render([RowFamily(UP, [("a", 1)])]) for _ in range(2))
    assert first.parts[0] is second.parts[0]


def test_a_family_of_two_collectors_has_one_head_and_no_row_twice() -> None:
    blocks = [Renderer().render([RowFamily(UP, rows)]) for rows in ([("a", 1)], [("a", 0), ("b", 1)])]
    parts, repeated = unite(blocks)
    text = page(parts, Format.OPENMETRICS).decode()
    assert text.count("# TYPE") == 1
    assert repeated == [0, 1]
    assert samples(text, Format.OPENMETRICS) == {
        ("grader_database_up", (("database", "a"),)): 1,
        ("grader_database_up", (("database", "b"),)): 1,
    }


def test_samples_of_creation_time_are_left_out() -> None:
    foreign = CounterMetricFamily("jobs", "Jobs.", created=123.0)
    foreign.add_metric([], 3, created=123.0)
    assert "_created" not in render(foreign, GaugeMetricFamily("x", "X.", value=1))


def test_rows_give_others_the_samples_they_expect() -> None:
    """prometheus_client's own code sees ordinary metrics."""
    family = RowFamily(TURNAROUND, [one_row(TURNAROUND)])
    assert [s.name for s in family.samples[-2:]] == [
        "grader_turnaround_seconds_sum",
        "grader_turnaround_seconds_count",
    ]
    assert family == RowFamily(TURNAROUND, [one_row(TURNAROUND)])
    assert "grader_turnaround_seconds" in repr(family)


def test_process_metrics_are_rendered_sample_by_sample() -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    read = samples(render(*registry.collect()))
    assert read[("process_resident_memory_bytes", ())] > 1e6


def test_samples_of_others_have_the_labels_of_the_moment() -> None:
    """Names with labels are kept between collections."""
    renderer = Renderer()
    for values in (("a", "b"), ("b", "a"), ('a"\\\n', "c"), (1, True), (True, 1), (["x"], "y")):
        foreign = GaugeMetricFamily("x", "X.")
        foreign.samples.append(Sample("x", dict(zip(("one", "two"), values, strict=True)), 1.0))
        ((_, labels),) = samples(page(renderer.render([foreign]).parts, Format.TEXT).decode())
        assert labels == (("one", str(values[0])), ("two", str(values[1])))


def test_an_empty_block_has_no_series() -> None:
    assert Block().series == 0
