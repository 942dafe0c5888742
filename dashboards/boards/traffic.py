"""Requests over time: what became of them, how long they took, which failed."""

from __future__ import annotations

from typing import Any

from dashboards.boards.figures import SERVER_ERROR, percentile, watched_share
from dashboards.fields import colours, colours_where_found, override
from dashboards.graphs import timeseries
from dashboards.limits import (
    Limit,
    limit,
    limits,
    line,
    sentences,
)
from dashboards.palette import BLUE, GREEN, ORANGE, SKY, VERMILION
from dashboards.series import Like, quantile, rate, request_duration, requests, series
from dashboards.tables import table
from dashboards.targets import q
from policy.model import Policy

_FAILURES = (VERMILION, ORANGE, BLUE, SKY)


def answers(policy: Policy) -> Any:
    """Requests by what became of them."""
    counter, label = requests(policy), policy.application.status_label
    everything = f"sum({rate(counter)})"
    little, much = limit(policy, "ThroughputBelowDemand"), limit(policy, "UnusualAPIAccess")

    def share(pattern: str) -> str:
        return f"sum({rate(counter, **{label: Like(pattern)})}) or 0 * {everything}"

    return timeseries(
        "Requests by answer",
        "Served: 1xx to 3xx. Refused: 4xx, the client's fault. Failed: 5xx, ours. Look for the moment at "
        "which failed began, and for a deployment mark before it. Dashed: what is expected of it while many "
        f"work{_named(little)}, and what only a program asks for{_named(much)}.",
        unit="reqps",
        targets=q((share("[123].."), "Served"), (share("4.."), "Refused"), (share(SERVER_ERROR), "Failed")),
        lines=line(little, much) if little or much else (),
        overrides=colours(Served=BLUE, Refused=ORANGE, Failed=VERMILION),
        stacked=True,
    )


def response_times(policy: Policy) -> Any:
    """The usual, the alert's percentile, the worst; each with the lines of its alerts."""
    times, share = request_duration(policy), watched_share(policy)
    found = limits(
        policy, "SlowResponseTime", "VerySlowResponseTime", "SlowMedianResponse", "SlowTailResponse"
    )
    mean_found = limits(policy, "MeanResponseTimeHigh")
    shares = sorted({0.5: SKY, share: BLUE, 0.99: ORANGE}.items())
    mean = f"sum({rate(times, 'sum')}) / (sum({rate(times, 'count')}) > 0)"
    return timeseries(
        "Response times",
        f"Percentiles: p95 means that 95 % of the requests were faster; and the mean.{sentences(found, 's')}"
        f"{sentences(mean_found, 's')} Those lines are drawn. p99 alone rising: a few heavy pages; all "
        "rising: too much load or a slow database.",
        unit="s",
        targets=q(*((quantile(share, times), percentile(share)) for share, _ in shares), (mean, "mean")),
        lines=line(*found, *mean_found),
        overrides=colours(mean=GREEN, **{percentile(share): color for share, color in shares}),
    )


def _named(found: Limit | None) -> str:
    return f" (alert {found.alert})" if found else ""


def failures(policy: Policy) -> Any:
    """Which failures they are."""
    counter, label = requests(policy), policy.application.status_label
    return timeseries(
        "Failed requests by status",
        "Server errors per minute by status. 500: the application's own fault, see its log; 502 to 504: what "
        "is behind it does not answer; 503: it is overloaded or being restarted.",
        unit="short",
        targets=q(
            (f"60 * sum by ({label}) ({rate(counter, **{label: Like(SERVER_ERROR)})})", f"{{{{{label}}}}}")
        ),
        overrides=colours_where_found(**dict(zip(("500", "502", "503", "504"), _FAILURES, strict=True))),
        narrow=True,
        stacked=True,
    )


def top_errors(policy: Policy) -> Any:
    """The commonest refusals and failures of the time range."""
    counter, label = requests(policy), policy.application.status_label
    number = f"increase({series(counter, **{label: Like('[45]..')})}[$__range])"
    return table(
        "Commonest errors",
        "Answers of the time range that were refused (4xx) or failed (5xx), commonest first. Many 401 or "
        "429: somebody tries passwords or a client loops; many 404: a broken link.",
        targets=q(f"topk(8, sum by ({label}) ({number}))"),
        columns={label: "Status", "Value": "Requests"},
        overrides=[override("Requests", unit="locale", decimals=0)],
        sort_by="Requests",
        descending=True,
    )
