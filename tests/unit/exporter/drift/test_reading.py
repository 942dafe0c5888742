"""The search for cycles rests while a step is read, and only then."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import cast

import pytest

from exporter.drift.reading import quick_steps
from exporter.drift.sources import SourceError, Step


def steps(seen: list[bool], fails: bool = False) -> Iterator[Step]:
    for _ in range(2):
        seen.append(gc.isenabled())
        yield cast("Step", object())
    if fails:
        raise SourceError("the log is gone")


def test_it_rests_while_a_step_is_read_and_not_between() -> None:
    during: list[bool] = []
    between = [gc.isenabled() for _ in quick_steps(steps(during))]
    assert (during, between, gc.isenabled()) == ([False, False], [True, True], True)


def test_a_log_that_fails_leaves_it_on() -> None:
    with pytest.raises(SourceError):
        list(quick_steps(steps([], fails=True)))
    assert gc.isenabled()


def test_where_it_was_off_it_stays_off() -> None:
    gc.disable()
    try:
        assert len(list(quick_steps(steps([])))) == 2
        assert not gc.isenabled()
    finally:
        gc.enable()
