"""Does the database carry the load, and will it last? For whoever runs the servers."""

from __future__ import annotations

from typing import Any

from dashboards.boards.alarms import alerts_here
from dashboards.boards.backups import backup_age, backups
from dashboards.boards.grader import alive
from dashboards.fields import colours, colours_where_found
from dashboards.graphs import timeseries
from dashboards.grid import Grid
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, CRITICAL, GREEN, OK, ORANGE, SKY, VERMILION, WARNING, steps
from dashboards.series import rate, series
from dashboards.shell import DATABASE, board, help_row
from dashboards.singles import gauge, stat
from dashboards.targets import q
from exporter.catalogue import (
    FOREIGN,
    GRADER_DATABASE_CONNECT_ERRORS_TOTAL,
    GRADER_DATABASE_CONNECTIONS,
    GRADER_DATABASE_CONNECTIONS_MAX,
    GRADER_DATABASE_LONGEST_QUERY_SECONDS,
    GRADER_DATABASE_QUERY_DURATION_SECONDS,
    GRADER_DATABASE_REPLICATION_LAG_SECONDS,
    GRADER_DATABASE_SIZE_BYTES,
)
from policy.model import Policy

ABOUT = (
    "Does the database carry the load, is it the cause of what students feel, and will it last: connections, "
    "statements, replicas, backups."
)
WORDS = """\
**Statement**: one light query that the sidecar times at every collection; it does no work of its own.

**Connections**: open ones of all clients of the server, against what it allows.

**Behind**: how many seconds of changes a replica has not applied yet.

**Grey, "No data"**: nobody measures it. MySQL's own figures need mysqld_exporter as a scrape job."""
ABOUT_US = ("database", "backup")
# Shares of the allowed connections: some are kept for those who repair.
NEARLY, FULL = 0.8, 0.95


def database(policy: Policy) -> Any:
    """The board `gradewatch-database`."""
    grid = (
        Grid()
        .row(
            "Is the database healthy?",
            (
                5,
                [
                    alive(),
                    statement(policy),
                    pool(policy),
                    behind(policy),
                    backup_age(policy),
                    alerts_here(policy, *ABOUT_US),
                ],
            ),
        )
        .row(
            "Is it the cause?",
            (8, [statement_times(policy), connections()]),
            (8, [long_statements(policy), replica(policy)]),
            (8, [connect_errors(), server()]),
        )
        .row("Will it last?", (7, [size(), backups(policy)]))
    )
    title = f"{policy.title}: database"
    return board(policy, DATABASE, title, ABOUT, help_row(policy, grid, ABOUT_US, WORDS), hours=6)


def statement(policy: Policy) -> Any:
    """The database's own slowness, without the application's."""
    found = limit(policy, "DatabaseQuerySlow")
    return stat(
        "Light statement",
        f"How long one light statement takes now.{sentence(found, 's')} Then look for long statements and "
        "the disk; the website cannot be faster than this.",
        unit="s",
        targets=q(f"max({series(GRADER_DATABASE_QUERY_DURATION_SECONDS)})", instant=True),
        thresholds=judged(found),
    )


def pool(policy: Policy) -> Any:
    """Nobody can connect any more when it is full."""
    found = limit(policy, "ConnectionPoolExhausted")
    own = (
        steps((found.color, found.value), base=OK)
        if found
        else steps((WARNING, NEARLY), (CRITICAL, FULL), base=OK)
    )
    return gauge(
        "Connections used",
        f"Share of the connections that the server allows.{sentence(found, 'percentunit')} Near 100 % new "
        "ones are refused: find the client that does not close its own, then raise the limit.",
        unit="percentunit",
        targets=q(f"max({_share()})", instant=True),
        thresholds=own,
    )


def behind(policy: Policy) -> Any:
    """Who reads from a replica reads the past."""
    found = limit(policy, "ReplicationLagHigh")
    return stat(
        "Replica behind by",
        f"How far the replica is behind its source; grey where there is none.{sentence(found, 's')} Students "
        "who read from it do not see their last submission.",
        unit="s",
        targets=q(f"max({series(GRADER_DATABASE_REPLICATION_LAG_SECONDS)})", instant=True),
        thresholds=judged(found),
        nothing="No replica",
    )


def statement_times(policy: Policy) -> Any:
    """Since when it is slow."""
    found = limit(policy, "DatabaseQuerySlow")
    return timeseries(
        "Duration of a light statement",
        f"The same statement at every collection, by database.{sentence(found, 's')} A rise together with "
        "the website's response times: the database is the cause, not the application.",
        unit="s",
        targets=q((f"max by (database) ({series(GRADER_DATABASE_QUERY_DURATION_SECONDS)})", "{{database}}")),
        limit=found,
    )


def connections() -> Any:
    """In use and allowed."""
    return timeseries(
        "Connections",
        "Connections that are open, and what the server allows. A straight climb: a client that never closes "
        "its own; restart it before the lines meet.",
        unit="locale",
        targets=q(
            (f"sum({series(GRADER_DATABASE_CONNECTIONS)})", "Open"),
            (f"sum({series(GRADER_DATABASE_CONNECTIONS_MAX)})", "Allowed"),
        ),
        overrides=colours(Open=BLUE, Allowed=ORANGE),
    )


def long_statements(policy: Policy) -> Any:
    """What blocks the others."""
    found = limit(policy, "LongRunningQueries")
    return timeseries(
        "Longest statement",
        f"Age of the statement that has been running longest, by database.{sentence(found, 's')} Look at the "
        "server's process list and end the one that blocks the others.",
        unit="s",
        targets=q((f"max by (database) ({series(GRADER_DATABASE_LONGEST_QUERY_SECONDS)})", "{{database}}")),
        limit=found,
        narrow=True,
    )


def connect_errors() -> Any:
    """Why there is no way in."""
    return timeseries(
        "Failed connections per minute",
        "Attempts of the sidecar that failed, by reason. connect: the server is away; auth: a password was "
        "changed; timeout: it is overloaded. The website has the same trouble.",
        unit="short",
        targets=q((f"60 * sum by (reason) ({rate(GRADER_DATABASE_CONNECT_ERRORS_TOTAL)})", "{{reason}}")),
        overrides=colours_where_found(connect=VERMILION, timeout=ORANGE, auth=BLUE, query=SKY, data=GREEN),
        narrow=True,
    )


def server() -> Any:
    """MySQL's own count."""
    queries, slow = (FOREIGN[f"mysql_global_status_{name}"] for name in ("queries", "slow_queries"))
    return timeseries(
        "MySQL statements per second",
        "All statements of the server, and those it calls slow, from mysqld_exporter. Many slow ones since a "
        "deployment mark: a query without an index came with it.",
        unit="short",
        targets=q((f"sum({rate(queries)})", "All"), (f"sum({rate(slow)})", "Slow")),
        overrides=colours(All=SKY, Slow=VERMILION),
        narrow=True,
    )


def size() -> Any:
    """How it grows."""
    return timeseries(
        "Size of the database",
        "Bytes by database. Look at the slope over 30 days: it says when the disk has to grow. A step: an "
        "import, or logs that are kept in the database.",
        unit="bytes",
        targets=q((f"max by (database) ({series(GRADER_DATABASE_SIZE_BYTES)})", "{{database}}")),
    )


def _share() -> str:
    used, most = series(GRADER_DATABASE_CONNECTIONS), series(GRADER_DATABASE_CONNECTIONS_MAX)
    return f"max by (database) ({used}) / (max by (database) ({most}) > 0)"


def replica(policy: Policy) -> Any:
    """Since when it lags."""
    found = limit(policy, "ReplicationLagHigh")
    return timeseries(
        "Replica behind",
        f"How far each replica is behind its source.{sentence(found, 's')} It grows during a large import or "
        "a long statement and must fall again by itself; if not, replication has stopped.",
        unit="s",
        targets=q((f"max by (database) ({series(GRADER_DATABASE_REPLICATION_LAG_SECONDS)})", "{{database}}")),
        limit=found,
        narrow=True,
    )
