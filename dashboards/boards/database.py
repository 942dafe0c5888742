"""Does the database carry the load, and will it last? For whoever runs the servers."""

from __future__ import annotations

from typing import Any

from dashboards.boards.grader import alive
from dashboards.boards.machine import (
    cache_hits,
    cache_memory,
    disks,
    forecast,
    memory,
    network,
    processor,
)
from dashboards.fields import colours, colours_where_found, override, to_board
from dashboards.graphs import timeseries
from dashboards.grid import Grid
from dashboards.limits import judged, limit, sentence
from dashboards.palette import BLUE, CRITICAL, GREEN, OK, ORANGE, SKY, VERMILION, WARNING, steps, words
from dashboards.series import rate, series
from dashboards.shell import ALERTING, DATABASE, board, help_row
from dashboards.singles import gauge, stat
from dashboards.states import categories, number_firing
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    FOREIGN,
    GRADER_BACKUP_LAST_SUCCESS,
    GRADER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS,
    GRADER_BACKUP_SIZE_BYTES,
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
    "statements, replicas, cache, machine, backups."
)
WORDS = """\
**Statement**: one light query that the sidecar times at every collection; it does no work of its own.

**Connections**: open ones of all clients of the server, against what it allows.

**Behind**: how many seconds of changes a replica has not applied yet.

**Grey, "No data"**: nobody measures it. Host figures need node_exporter, the cache
redis_exporter, MySQL's own mysqld_exporter, as scrape jobs of the policy."""
ABOUT_US = ("database", "cache", "storage", "saturation", "backup", "capacity")
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
                    burning(policy),
                ],
            ),
        )
        .row(
            "Is it the cause?",
            (8, [statement_times(policy), connections()]),
            (8, [long_statements(policy), connect_errors(), server()]),
        )
        .row("Does the cache help?", (7, [cache_hits(policy), cache_memory(policy)]))
        .row(
            "Does the machine carry it?",
            (7, [processor(policy), memory(policy), disks(policy), network(policy)]),
        )
        .row("Will it last?", (7, [(size(), 10), (forecast(policy), 4), (backups(), 10)]))
    )
    title = f"{policy.title}: database and machine"
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


def backup_age(policy: Policy) -> Any:
    """What would be lost."""
    found = limit(policy, "BackupOverdue")
    last = series(GRADER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS)
    return stat(
        "Age of the last good backup",
        f"The oldest of the newest good backups: what would be lost by a crash now.{sentence(found, 's')} "
        "Run the backup by hand and read its log.",
        unit="s",
        decimals=1,
        targets=q(f"time() - min({last})", instant=True),
        thresholds=judged(found),
    )


def burning(policy: Policy) -> Any:
    """Alerts of this board's parts."""
    return stat(
        "Alerts on these parts",
        "Alerts of database, cache, storage, machine and backups that fire. Their names and steps are on the "
        "board of the alerts, their runbooks in the last row of this one.",
        unit="locale",
        targets=q(number_firing(policy, category=categories(*ABOUT_US)), instant=True),
        thresholds=steps((WARNING, 1), base=OK),
        links=[to_board("Alerts", ALERTING)],
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


def backups() -> Any:
    """Each set."""
    newest = series(GRADER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS)
    return table(
        "Backups",
        "Each set of backups: how the newest attempt went, when the last good one was made, how large it is. "
        "Much smaller than usual: it is not whole; try to restore it.",
        targets=q(
            f"min by (backup) ({series(GRADER_BACKUP_LAST_SUCCESS)})",
            f"1000 * max by (backup) ({newest})",
            f"max by (backup) ({series(GRADER_BACKUP_SIZE_BYTES)})",
        ),
        columns={"backup": "Backup", "Value #A": "Last attempt", "Value #B": "Last good", "Value #C": "Size"},
        overrides=[
            override(
                "Last attempt", mappings=[words({1: ("Good", OK), 0: ("Failed", CRITICAL)})], **COLOURED
            ),
            override("Last good", unit="dateTimeFromNow"),
            override("Size", unit="bytes"),
        ],
        sort_by="Backup",
    )


COLOURED = {"custom__cellOptions": {"type": "color-text"}}


def _share() -> str:
    used, most = series(GRADER_DATABASE_CONNECTIONS), series(GRADER_DATABASE_CONNECTIONS_MAX)
    return f"max by (database) ({used}) / (max by (database) ({most}) > 0)"
