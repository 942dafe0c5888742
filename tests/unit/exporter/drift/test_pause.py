"""The search for cycles rests during a round, and only then."""

from __future__ import annotations

import gc

import pytest

from exporter.drift.pause import paused_gc


def test_it_rests_and_goes_on() -> None:
    with paused_gc():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_round_that_fails_leaves_it_on() -> None:
    with pytest.raises(ValueError, match="gone"), paused_gc():
        raise ValueError("gone")
    assert gc.isenabled()


def test_where_it_was_off_it_stays_off() -> None:
    gc.disable()
    try:
        with paused_gc():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
