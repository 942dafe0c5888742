from __future__ import annotations

import pytest

from policy.compress import compress
from policy.load import load_policy
from policy.plain import to_plain
from typedyaml.units import Duration

POLICY = load_policy().value


def test_minutes_become_seconds_and_plain_thresholds_stay() -> None:
    fast = compress(POLICY, 60)
    assert fast.priorities["P1"].steps[1].after == Duration(15)
    assert fast.alerts["ServiceDown"].for_ == Duration(2)
    assert fast.alerts["GradingQueueStalled"].above == Duration(10)
    assert fast.alerts["HighErrorRate"].above == 0.05


def test_what_one_request_may_take_is_no_shorter() -> None:
    fast = compress(POLICY, 60)
    assert fast.alerts["SlowMedianResponse"].above == Duration(0.2)
    assert fast.objectives["latency"].sli.within == Duration(2)
    assert fast.objectives["grading"].sli.within == Duration(10)


@pytest.mark.parametrize("speed", [10, 30, 60, 600])
def test_a_window_keeps_four_scrapes_and_a_scrape_half_a_second(speed: float) -> None:
    fast = compress(POLICY, speed)
    assert fast.scrape.interval.seconds >= 0.5
    windows = [a.window for a in fast.alerts.values() if a.window] + [
        t.short for t in fast.burn_tiers.values()
    ]
    assert all(window.seconds >= 4 * fast.scrape.interval.seconds for window in windows)


def test_speed_one_changes_nothing() -> None:
    assert to_plain(compress(POLICY, 1)) == to_plain(POLICY)


def test_the_plain_form_has_the_shape_of_the_file() -> None:
    plain = to_plain(POLICY)
    assert plain["alerts"]["ServiceDown"]["for"] == "2m"
    assert plain["delivery"]["smtp"]["from"] == "alertmanager@example.org"
    assert plain["priorities"]["P1"]["steps"][2] == {
        "after": "30m",
        "to": "engineering-manager",
        "via": ["call"],
        "repeat": None,
    }
