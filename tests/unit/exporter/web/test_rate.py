"""The token bucket."""

from __future__ import annotations

from exporter.web.rate import Bucket


def test_a_burst_then_one_each_interval() -> None:
    now = 100.0
    bucket = Bucket(2.0, 3, lambda: now)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now += 2.0
    assert [bucket.take() for _ in range(2)] == [True, False]
    now += 1000.0
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_no_interval_is_no_bound() -> None:
    assert all(Bucket(0, 0).take() for _ in range(100))
