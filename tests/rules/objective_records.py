"""Tests of the records that every objective has, from figures of their own; their sources are fed.

Each objective stands beside strangers: the same record of another job, of another service and of another
objective, with values that would be seen if they were taken for its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Test = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Objective:
    """What one objective promises; windows as its records are named, the shortest first."""

    slo: str
    job: str
    target: float
    budget: float
    windows: str
    pace: str
    sampled: bool = False
    """Whether it counts samples rather than events."""


BACKEND = "auto-grader-backend"
OBJECTIVES = {
    "auto-grader": (
        Objective("availability", BACKEND, 0.999, 0.001, "5m 30m 1h 2h 6h 1d 3d", "1h"),
        Objective("latency", BACKEND, 0.95, 0.05, "30m 2h 6h 1d 3d", "6h"),
        Objective("database", "gradewatch", 0.9995, 0.0005, "2h 6h 1d 3d", "1d", sampled=True),
        Objective("grading", "gradewatch", 0.99, 0.01, "2h 6h 1d 3d", "1d", sampled=True),
        Objective("grading-success", "gradewatch", 0.99, 0.01, "2h 6h 1d 3d", "1d"),
    ),
    "iit-ml-service": (
        Objective("service-health", "iit-ml-service", 0.9995, 0.0005, "2h 6h 1d 3d", "1d", sampled=True),
    ),
}
"""By policy: of each but the first only those that no other has."""

SAMPLES = {"2h": 8, "6h": 24, "1d": 96, "3d": 288}
"""How many samples a window holds, one in a quarter of an hour."""


def tests(policy: str) -> dict[str, list[Test]]:
    """The tests of a policy's objectives by the step of their evaluation."""
    every = OBJECTIVES[policy]
    return {
        "1m": [test for one in every for test in _by_the_minute(policy, one)],
        "15m": [_summed(policy, one) for one in every if one.sampled],
        "1h": [test for one in every for test in _by_the_hour(policy, one)],
        "6h": [_period(policy, one) for one in every],
    }


def _by_the_minute(policy: str, one: Objective) -> Iterator[Test]:
    yield _promise(policy, one)
    yield _ratios(policy, one)
    yield _burn_rate(policy, one)
    yield _exhaustion(policy, one)
    if one.slo == "service-health":
        yield _scrapes(policy, one)
    if one.slo == "availability":
        asked = {"5m": ("13m", "18m"), "30m": ("31m", "55m"), "1h": ("52m", "100m")}
        yield from _without_errors(policy, one, "1m", "0+5x10", asked)


_GOOD = {
    "availability": 'http_requests_total{%s,status="200"}',
    "grading-success": 'grader_gradings_total{%s,outcome="partial"}',
}
"""A series without anything bad, of the objectives that are a ratio of one metric."""


def _by_the_hour(policy: str, one: Objective) -> Iterator[Test]:
    if one.slo in _GOOD:
        asked = {"2h": ("2h", "4h"), "6h": ("5h", "10h"), "1d": ("17h", "37h"), "3d": ("51h", "109h")}
        yield from _without_errors(policy, one, "15m", "0+5x4", asked)
    if one.slo == "latency":
        yield from _latency(policy, one)
    if one.slo == "grading-success":
        yield _spoiled(policy, one)


def _without_errors(
    policy: str, one: Objective, interval: str, begin: str, asked: dict[str, tuple[str, str]]
) -> Iterator[Test]:
    """Requests without errors that stop, and whose series ends: asked within the window, and after it."""
    series = _GOOD[one.slo] % f'job="{one.job}",instance="a:5000"'
    labels = _labels(policy, one)
    within, after, flat = [], [], []
    for window, (early, late) in asked.items():
        name = f"slo:events_bad:increase{window}"
        within.append(_ask(early, f'{name}{{slo="{one.slo}"}}', f"{name}{labels}", 0))
        after.append(_ask(late, f'{name}{{slo="{one.slo}"}}'))
        flat.append(_ask(late, f'{name}{{slo="{one.slo}"}}', f"{name}{labels}", 0))
    words = f"{one.slo} without errors, in windows of {' '.join(asked)}"
    yield _test(f"{words}: no bad events as long as it was there", interval, {series: begin}, within + after)
    step, count = begin.removeprefix("0+").split("x")
    stays = f"{begin} {int(step) * int(count)}x440"
    yield _test(f"{words}: none when nobody asks", interval, {series: stays}, flat)


def _spoiled(policy: str, one: Objective) -> Test:
    """Two sidecars, of whose 100 gradings each quarter of an hour three are spoiled."""
    series = 'grader_gradings_total{job="%s",instance="%s",outcome="%s"}'
    given = {
        series % (one.job, "a:1", "internal_error"): "0+1x320",
        series % (one.job, "b:1", "internal_error"): "0+2x320",
        series % (one.job, "a:1", "accepted"): "0+57x320",
        series % (one.job, "b:1", "rejected"): "0+40x320",
        series % (f"{one.job}-2", "a:1", "internal_error"): "0+900x320",
    }
    asks = []
    for window, samples in SAMPLES.items():
        for kind, each in (("bad", 3), ("total", 100)):
            name = f'slo:events_{kind}:increase{window}{{slo="{one.slo}"}}'
            asks.append(_near("79h", name, str(samples * each), policy, one))
    return _test(f"spoiled gradings of {one.slo} in long windows", "15m", given, asks)


def _latency(policy: str, one: Objective) -> Iterator[Test]:
    """A tenth of 100 answers each quarter of an hour is slow; then more fast ones are seen than answers."""
    count, bucket = (f"http_request_duration_seconds_{kind}" for kind in ("count", "bucket"))
    slow = {
        f'{count}{{job="{one.job}",instance="a:5000"}}': "0+40x320",
        f'{count}{{job="{one.job}",instance="b:5000"}}': "0+60x320",
        f'{count}{{job="{one.job}-2",instance="b:5000"}}': "0+900x320",
        f'{bucket}{{job="{one.job}",instance="a:5000",le="2"}}': "0+35x320",
        f'{bucket}{{job="{one.job}",instance="b:5000",le="2.0"}}': "0+55x320",
        f'{bucket}{{job="{one.job}",instance="b:5000",le="2.5"}}': "0+58x320",
        f'{bucket}{{job="{one.job}-2",instance="b:5000",le="2"}}': "0+9x320",
    }
    asks = []
    for window, samples in SAMPLES.items():
        for kind, each in (("bad", 10), ("total", 100)):
            name = f'slo:events_{kind}:increase{window}{{slo="{one.slo}"}}'
            asks.append(_near("79h", name, str(samples * each), policy, one))
    yield _test(f"slow answers of {one.slo} in long windows", "15m", slow, asks)
    fast = {
        f'{count}{{job="{one.job}",instance="a:5000"}}': "0+40x20",
        f'{bucket}{{job="{one.job}",instance="a:5000",le="2"}}': "0+41x20",
    }
    names = [f"slo:events_bad:increase{window}" for window in ("30m", *SAMPLES)]
    none = [_ask("5h", f'{name}{{slo="{one.slo}"}}', f"{name}{_labels(policy, one)}", 0) for name in names]
    yield _test(f"{one.slo} has no less than no slow answers in long windows", "15m", fast, none)


def _promise(policy: str, one: Objective) -> Test:
    asks = [
        _ask("1m", f'{name}{{slo="{one.slo}"}}', f"{name}{_labels(policy, one)}", value)
        for name, value in (("slo:objective:ratio", one.target), ("slo:error_budget:ratio", one.budget))
    ]
    return _test(f"the promise of {one.slo} and its budget", "1m", {}, asks)


def _ratios(policy: str, one: Objective) -> Test:
    """A third and more of the events, another share in each window; then none; then half an event."""
    given: dict[str, str] = {}
    asks = []
    for number, window in enumerate(one.windows.split(), start=9):
        given |= _fed(policy, one, f"slo:events_bad:increase{window}", f"{number}x4 0x4 0.25x9", "7x19")
        given |= _fed(policy, one, f"slo:events_total:increase{window}", "32x4 0x4 0.5x9", "64x19")
        name = f"slo:sli_error:ratio_rate{window}"
        asks += [
            _ask("3m", f'{name}{{slo="{one.slo}"}}', f"{name}{_labels(policy, one)}", number / 32),
            _ask("7m", f'{name}{{slo="{one.slo}"}}'),
            _ask("12m", f'{name}{{slo="{one.slo}"}}', f"{name}{_labels(policy, one)}", 0.5),
        ]
    return _test(f"the share of bad events of {one.slo} in each window", "1m", given, asks)


def _burn_rate(policy: str, one: Objective) -> Test:
    given: dict[str, str] = {}
    for number, window in enumerate(one.windows.split(), start=4):
        name = f"slo:sli_error:ratio_rate{window}"
        given |= _fed(policy, one, name, f"{one.budget * number}x9", f"{one.budget * 99}x9")
    asks = [_near("3m", f'slo:current_burn_rate:ratio{{slo="{one.slo}"}}', "4", policy, one)]
    return _test(f"the burn rate of {one.slo} is that of its shortest window", "1m", given, asks)


def _exhaustion(policy: str, one: Objective) -> Test:
    """Half of the budget at 2.5 times its pace is a fifth of 30 days; then none is left; then none burns."""
    remaining = "slo:period_error_budget_remaining:ratio"
    given = _fed(policy, one, remaining, "0.5x4 -1x4 0.5x9", "0.9x19")
    for window in one.windows.split():
        share = f"{one.budget * 2.5}x9 0x9" if window == one.pace else f"{one.budget * 99}x19"
        given |= _fed(policy, one, f"slo:sli_error:ratio_rate{window}", share, f"{one.budget * 9}x19")
    name = "slo:error_budget_exhaustion:seconds"
    asks = [
        _near("3m", f'{name}{{slo="{one.slo}"}}', "518400", policy, one),
        _ask("7m", f'{name}{{slo="{one.slo}"}}', f"{name}{_labels(policy, one)}", 0),
        _ask("12m", f'{name}{{slo="{one.slo}"}}'),
    ]
    return _test(f"how long the budget of {one.slo} lasts", "1m", given, asks)


def _scrapes(policy: str, one: Objective) -> Test:
    """Two instances, of which one is away from minute 5 on."""
    given = {
        f'up{{job="{one.job}",instance="a:1"}}': "1x19",
        f'up{{job="{one.job}",instance="b:1"}}': "1x4 0x14",
        f'up{{job="{one.job}-2",instance="b:1"}}': "0x19",
    }
    bad, every = "slo:samples_bad:count", "slo:samples:count"
    asks = [
        _ask("3m", f'{bad}{{slo="{one.slo}"}}', f"{bad}{_labels(policy, one)}", 0),
        _ask("7m", f'{bad}{{slo="{one.slo}"}}', f"{bad}{_labels(policy, one)}", 1),
        _ask("7m", f'{every}{{slo="{one.slo}"}}', f"{every}{_labels(policy, one)}", 2),
    ]
    return _test(f"{one.slo} counts scrapes and those without an answer", "1m", given, asks)


def _summed(policy: str, one: Objective) -> Test:
    """One bad sample of two each quarter of an hour, for longer than the longest window."""
    given = _fed(policy, one, "slo:samples_bad:count", "1x320", "5x320")
    given |= _fed(policy, one, "slo:samples:count", "2x320", "9x320")
    asks = []
    for window, count in SAMPLES.items():
        # The oldest sample lies on the edge of the window: in it for Prometheus 2, out of it for 3.
        bad, total = f"slo:events_bad:increase{window}", f"slo:events_total:increase{window}"
        asks.append(_within("80h", f'{bad}{{slo="{one.slo}"}}', count, 1, policy, one))
        asks.append(_within("80h", f'{total}{{slo="{one.slo}"}}', 2 * count, 2, policy, one))
    return _test(f"samples of {one.slo} are summed over each window", "15m", given, asks)


def _period(policy: str, one: Objective) -> Test:
    """Of each six hours: nothing, half an event, then some bad of 100; a gap where the window will begin."""
    window = one.windows.split()[0]
    bad, total = [0, 0.25, 5, 5, *[0] * 105, *[2] * 60], [0, 0.5, *[100] * 6, 0, *[100] * 200]
    given = _fed(policy, one, f"slo:events_bad:increase{window}", _samples(bad, 8), "9x160")
    given |= _fed(policy, one, f"slo:events_total:increase{window}", _samples(total, 8), "900x160")
    name = f'slo:period_error_budget_remaining:ratio{{slo="{one.slo}"}}'
    asks = [_ask("0h", name)]
    for first, last in ((0, 1), (0, 118), (9, 128)):  # 6 hours, 29.5 days, 32 days without the first two
        share = sum(bad[first : last + 1]) / sum(total[first : last + 1])
        asks.append(_near(f"{last * 6}h", name, f"(1 - {share!r} / {one.budget})", policy, one))
    return _test(f"what {one.slo} has left of the budget of thirty days", "6h", given, asks)


def _samples(values: list[float], gap: int) -> str:
    return " ".join("_" if index == gap else f"{value}" for index, value in enumerate(values[:160]))


def _fed(policy: str, one: Objective, name: str, values: str, others: str) -> dict[str, str]:
    """A record of the objective, and those of strangers."""
    strangers = (
        (policy, f"{one.job}-2", one.slo),
        (f"{policy}-2", one.job, one.slo),
        (policy, one.job, "other"),
    )
    return {f"{name}{_labels(policy, one)}": values} | {
        f'{name}{{job="{job}",service="{service}",slo="{slo}"}}': others for service, job, slo in strangers
    }


def _labels(policy: str, one: Objective) -> str:
    return f'{{job="{one.job}",service="{policy}",slo="{one.slo}"}}'


def _ask(time: str, expr: str, labels: str = "", value: float = 0) -> Test:
    """The one sample that is expected; none without labels."""
    return {
        "eval_time": time,
        "expr": expr,
        "exp_samples": [{"labels": labels, "value": value}] if labels else [],
    }


def _near(time: str, expr: str, value: str, policy: str, one: Objective) -> Test:
    return _ask(time, f"abs({expr} / {value} - 1) < bool 1e-9", _labels(policy, one), 1)


def _within(time: str, expr: str, value: int, span: int, policy: str, one: Objective) -> Test:
    return _ask(time, f"abs({expr} - {value}) <= bool {span}", _labels(policy, one), 1)


def _test(words: str, interval: str, given: dict[str, str], asks: list[Test]) -> Test:
    return {
        "name": f"slo: {words}",
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in given.items()],
        "promql_expr_test": asks,
    }
