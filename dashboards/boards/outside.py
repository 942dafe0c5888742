"""What goes wrong for those outside: errors by kind, probes, certificates."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours, override
from dashboards.graphs import timeseries
from dashboards.limits import judged, limit, limits, line, sentence, sentences
from dashboards.palette import BLUE, CRITICAL, OK, ORANGE, SKY, VERMILION, coloured, steps, words
from dashboards.series import UP, Like, or_no_data, rate, requests, series
from dashboards.singles import stat
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_CHECK_FAILURES,
    GRADER_PROBE_CERTIFICATE_NOT_AFTER_TIMESTAMP_SECONDS,
    GRADER_PROBE_DURATION_SECONDS,
    GRADER_PROBE_UP,
    ForeignFamily,
)
from policy.model import Policy

PERCENT = "percentunit"
MONTH = "30d"


def errors_by_kind(policy: Policy) -> Any:
    """Whose fault it is."""
    counter, label = requests(policy), policy.application.status_label
    everything = f"(sum({rate(counter)}) > 0)"
    alerts = ("HighErrorRate", "ErrorRateElevated", "ServerErrorsOverTarget", "ClientErrorRateHigh")
    found = limits(policy, *alerts, "ApplicationErrorRateHigh", "DatabaseErrorRateHigh")
    names = policy.application
    statements = f"(sum({rate(_own(names.database_queries))}) > 0)"
    return timeseries(
        "Errors by kind",
        "Share of the requests that failed (5xx), that were refused (4xx), that the application counts as "
        f"its own errors, and share of its statements that the database refused.{sentences(found, PERCENT)} "
        "The kind that rose first is the cause.",
        unit=PERCENT,
        targets=q(
            (f"sum({rate(counter, **{label: Like('5..')})}) / {everything} or 0 * {everything}", "Server"),
            (f"sum({rate(counter, **{label: Like('4..')})}) / {everything} or 0 * {everything}", "Client"),
            (f"sum({rate(_own(names.errors))}) / {everything}", "Application"),
            (f"sum({rate(_own(names.database_errors))}) / {statements}", "Database"),
        ),
        lines=line(*found) if found else (),
        overrides=colours(Server=VERMILION, Client=ORANGE, Application=BLUE, Database=SKY),
        narrow=True,
    )


def uptime(policy: Policy) -> Any:
    """The figure of contracts."""
    found = limit(policy, "UptimeLow")
    up = series(UP, job=policy.job("application"))
    return stat(
        f"Uptime, last {MONTH}",
        f"Share of the last {MONTH} in which the application answered Prometheus, mean of its instances."
        f"{sentence(found, PERCENT)} The history of the alerts says when it did not.",
        unit=PERCENT,
        decimals=2,
        targets=q(f"avg(avg_over_time({up}[{MONTH}]))", instant=True),
        thresholds=judged(found),
    )


def probes_over_time(policy: Policy) -> Any:
    """As a person meets it."""
    found = limits(policy, "PageLoadSlow", "TransactionSlow", "VideoStartSlow")
    return timeseries(
        "Time of the probes",
        f"How long each probe takes, from outside.{sentences(found, 's')} Slow here and fast in the response "
        "times: the way to the server, its proxy or its name service.",
        unit="s",
        targets=q((f"max by (probe) ({series(GRADER_PROBE_DURATION_SECONDS)})", "{{probe}}")),
        lines=line(*found) if found else (),
    )


def probes(policy: Policy) -> Any:
    """Each probe, and the certificate of its address."""
    found = limits(policy, "CertificateExpiresSoon", "CertificateExpiresNow")
    expires = series(GRADER_PROBE_CERTIFICATE_NOT_AFTER_TIMESTAMP_SECONDS)
    return table(
        "Probes and certificates",
        f"Whether each probe got the answer it expects, and for how long its certificate holds."
        f"{sentences(found, 's')} Renew it, then reload the web server.",
        targets=q(f"min by (probe) ({series(GRADER_PROBE_UP)})", f"min by (probe) ({expires}) - time()"),
        columns={"probe": "Probe", "Value #A": "State", "Value #B": "Certificate for"},
        overrides=[
            override(
                "State",
                mappings=[words({1: ("Good", OK), 0: ("Failing", CRITICAL)})],
                custom__cellOptions={"type": "color-text"},
            ),
            override("Certificate for", unit="s", decimals=1, **coloured(judged(*found))),
        ],
        sort_by="State",
    )


def corrupt(policy: Policy) -> Any:
    """Anything but 0 is one too many."""
    return stat(
        "Corrupt rows",
        "Rows that the checks of the data find. Red from 1: stop what writes, look at what was deployed, "
        "restore what is wrong; a roll-back alert follows.",
        unit="locale",
        targets=q(or_no_data(f"sum({series(GRADER_CHECK_FAILURES)})", policy.job("exporter"))),
        thresholds=steps((CRITICAL, 1), base=OK),
        trend=True,
    )


def _own(name: str) -> ForeignFamily:
    return ForeignFamily(name, "counter", (), "application")
