"""The layer over grafanalib: what cannot be right does not build."""

from __future__ import annotations

import pytest

from dashboards.fields import override
from dashboards.grid import Grid
from dashboards.limits import Limit, figure, good_share, judged, sentence
from dashboards.palette import CRITICAL, OK, steps
from dashboards.series import Like, Not, Recorded, UnknownSeriesError, quantile, series
from dashboards.singles import stat
from dashboards.tables import text
from dashboards.targets import q
from exporter.catalogue import FOREIGN, GRADER_QUEUE_DEPTH, GRADER_QUEUE_WAIT_SECONDS


@pytest.mark.parametrize(
    ("family", "part", "matchers", "message"),
    [
        (GRADER_QUEUE_DEPTH, "", {"stat": "waiting"}, 'has no label "stat"'),
        (GRADER_QUEUE_DEPTH, "", {"state": "waitin"}, 'state is never "waitin"; it is waiting, running'),
        (GRADER_QUEUE_DEPTH, "bucket", {}, 'has no part|no part "bucket"'),
        (GRADER_QUEUE_WAIT_SECONDS, "", {}, 'no part ""'),
        (GRADER_QUEUE_WAIT_SECONDS, "sum", {"le": "1.0"}, 'has no label "le"'),
        (FOREIGN["ALERTS"], "", {"student": "x"}, 'has no label "student"'),
    ],
)
def test_a_selector_that_finds_nothing_does_not_build(
    family: object, part: str, matchers: dict[str, str], message: str
) -> None:
    with pytest.raises(UnknownSeriesError, match=message):
        series(family, part, **matchers)  # type: ignore[arg-type]


def test_a_selector_carries_job_and_instance_unless_rules_wrote_the_series() -> None:
    scraped = series(GRADER_QUEUE_DEPTH, state=Like("wait.*"), queue=Not("mail"))
    assert scraped == (
        'grader_queue_depth{job=~"$job", instance=~"$instance", state=~"wait.*", queue!="mail"}'
    )
    assert series(Recorded("slo:x:ratio"), service="a") == 'slo:x:ratio{service="a"}'
    assert series(FOREIGN["ALERTS"], escalation="0") == 'ALERTS{escalation="0"}'


def test_a_quantile_keeps_le_and_is_guarded() -> None:
    text_ = quantile(0.95, GRADER_QUEUE_WAIT_SECONDS)
    assert text_.startswith("histogram_quantile(0.95, sum by (le) (rate(grader_queue_wait_seconds_bucket{")
    assert text_.endswith("[$__rate_interval]))) >= 0")


def test_a_panel_without_a_description_does_not_build() -> None:
    with pytest.raises(ValueError, match='"Mute" has no description'):
        stat("Mute", "  ", unit="s", targets=q("up"))


def places(grid: Grid) -> list[tuple[int, int, int, int]]:
    return [(p.gridPos.x, p.gridPos.y, p.gridPos.w, p.gridPos.h) for p in grid.panels]


def one() -> object:
    return text("a", "about a", "content")


def test_a_line_is_split_evenly_and_the_rest_goes_to_the_first() -> None:
    grid = Grid().row("?", (5, [one()] * 5), (3, [(one(), 10), one(), one()]))
    assert places(grid) == [
        (0, 0, 24, 1),
        *((x, 1, w, 5) for x, w in ((0, 5), (5, 5), (10, 5), (15, 5), (20, 4))),
        *((x, 6, w, 3) for x, w in ((0, 10), (10, 7), (17, 7))),
    ]


def test_a_collapsed_row_holds_its_panels_and_takes_one_line() -> None:
    grid = Grid().row("?", (5, [one()]), collapsed=True).row("!", (2, [one()]))
    assert places(grid) == [(0, 0, 24, 1), (0, 1, 24, 1), (0, 2, 24, 2)]
    assert len(grid.panels[0].panels) == 1


def test_a_line_that_is_not_as_wide_as_the_grid_does_not_build() -> None:
    with pytest.raises(ValueError, match="30 columns"):
        Grid().row("?", (5, [(one(), 10), (one(), 20)]))


def test_the_first_step_has_no_value_and_the_others_rise() -> None:
    assert steps((CRITICAL, 5), (OK, 1), base="transparent") == [
        {"color": "transparent", "value": None},
        {"color": OK, "value": 1},
        {"color": CRITICAL, "value": 5},
    ]


def test_a_limit_is_a_threshold_of_bad_and_of_good_shares() -> None:
    found = Limit("X", 0.05, CRITICAL)
    assert [step["value"] for step in judged(found)] == [None, 0.05]
    assert [step["value"] for step in good_share(found)] == [None, 0.95]
    assert [step["value"] for step in good_share(found, 0.999)] == [None, 0.95, 0.999]
    assert sentence(found, "percentunit") == " Red above 5 % (alert X)."
    assert sentence(found, "percentunit", good=True) == " Red below 95 % (alert X)."


@pytest.mark.parametrize(
    ("value", "unit", "words"), [(600, "s", "10m"), (0.05, "percentunit", "5 %"), (200, "", "200")]
)
def test_figures_are_written_as_people_write_them(value: float, unit: str, words: str) -> None:
    assert figure(value, unit) == words


def test_an_override_is_by_name_or_by_pattern() -> None:
    assert override("p99", custom__width=3)["properties"] == [{"id": "custom.width", "value": 3}]
    assert override("/p.*/", unit="s")["matcher"]["id"] == "byRegexp"


def test_targets_are_lettered_and_on_one_line() -> None:
    found = [target.to_json_data() for target in q("up\n  == 1", ("down", "Down"), instant=True)]
    assert [(t["refId"], t["expr"], t["legendFormat"]) for t in found] == [
        ("A", "up == 1", "__auto"),
        ("B", "down", "Down"),
    ]
    assert all(t["instant"] and not t["range"] for t in found)
