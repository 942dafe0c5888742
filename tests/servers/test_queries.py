"""`queries:` on the real servers: every example of docs/queries.md, and events under concurrent writers."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.collector import CollectError, Deadline
from exporter.collectors import build
from exporter.config.whole import load_config
from exporter.exposition import Format, page
from exporter.flight import Limits
from exporter.sidecar import Sidecar
from tests.servers.database_servers import PASSWORDS, Schema

PAGE = (Path(__file__).parents[2] / "docs/queries.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(text)["queries"] for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)]
TABLES = "".join(re.findall(r"^```sql\n(.*?)^```", PAGE, re.M | re.S))


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", PASSWORDS["reader"])


def configured(schema: Schema, folder: Path, queries: Any, once: bool = False) -> list[Any]:
    text = {
        "databases": {"desk": {"url": schema.url(), "password_env": "READER_PASSWORD", "timeout": "5s"}},
        "queries": queries,
        "state_dir": str(folder),
    }
    path = folder / "sidecar.yaml"
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return build(load_config(path).value, once=once, state_dir=folder)


def test_every_example_of_the_page_works(postgresql_schema, tmp_path):
    postgresql_schema.run(
        *filter(str.strip, TABLES.split(";")),
        "INSERT INTO tickets VALUES (1, 'P1', 'new', now() - interval '2 hours', NULL, NULL),"
        " (2, 'P2', 'closed', now() - interval '3 days', now() - interval '2 days', now())",
        "INSERT INTO answers VALUES (1, 'nps', 10, now()), (2, 'nps', 3, now()), (3, 'nps', 9, now()),"
        " (4, 'csat', 5, now()), (5, 'csat', 2, now())",
        "INSERT INTO logins SELECT i, i, i % 10 <> 0, now() FROM generate_series(1, 100) i",
        "INSERT INTO exports VALUES (1, 1000, 0.5), (2, 500, 20)",
    )
    queries = {name: query for example in EXAMPLES for name, query in example.items()}
    assert len(queries) == sum(map(len, EXAMPLES)) >= 11
    sidecar = Sidecar(configured(postgresql_schema, tmp_path, queries, once=True), Limits())
    text = page(sidecar.scrape(), Format.TEXT).decode()
    sidecar.close(5)
    assert [o.message for o in sidecar.status.outcomes if not o.success] == []
    for line in (
        'grader_support_tickets{urgency="critical",state="open"} 1',
        'grader_support_tickets{urgency="high",state="resolved"} 1',
        'grader_support_tickets{urgency="low",state="waiting"} 0',
        'grader_support_oldest_unanswered_seconds{urgency="high"} 0',
        'grader_users_active{window="7d"} 90',
        'grader_support_tickets_created_total{urgency="high"} 1',
        'grader_support_first_response_seconds_count{urgency="high"} 1',
        'grader_support_first_response_seconds_bucket{urgency="high",le="86400.0"} 1',
        "grader_security_failed_logins_total 10",
        "grader_security_exported_bytes_total 1500",
        'desk_export_seconds_bucket{le="10.0"} 1',
        "desk_light 0",
        'desk_open_age_seconds_bucket{le="86400.0"} 1',
        'desk_csat_score_bucket{le="+Inf"} 2',
        "grader_feedback_csat 3.5",
    ):
        value = line.rpartition(" ")[2]
        found = re.search(rf"^{re.escape(line.rpartition(' ')[0])} (.*)$", text, re.M)
        assert found, line
        assert float(found[1]) == float(value), line
    assert 33 < float(re.findall(r"^grader_feedback_nps (.*)$", text, re.M)[0]) < 34


@pytest.fixture(params=["mariadb", "postgresql"])
def schema(request: pytest.FixtureRequest) -> Schema:
    return request.getfixturevalue(f"{request.param}_schema")


EVENTS = {
    "events": {
        "database": "desk",
        "follow": "watermark",
        "wait": True,
        "row_limit": 50,
        "sql": "SELECT id, seconds, kind FROM events WHERE id > :after ORDER BY id LIMIT :limit",
        "newest": "SELECT MAX(id) FROM events",
        "metrics": [
            {
                "metric": "desk_event_seconds",
                "type": "histogram",
                "help": "x",
                "value": "seconds",
                "bounds": [1, 5],
                "labels": {"kind": "kind"},
            }
        ],
    }
}


def test_events_count_once_while_others_write_late_commit_and_finish_rows(schema, tmp_path):
    """Ids are given in one order and committed in another; values come later."""
    key = "BIGINT AUTO_INCREMENT" if schema.url().startswith("mysql") else "BIGSERIAL"
    schema.run(f"CREATE TABLE events (id {key} PRIMARY KEY, kind VARCHAR(9), seconds DECIMAL(8,3))")
    collector = next(c for c in configured(schema, tmp_path, EVENTS) if c.name == "query_events")
    list(collector.collect(Deadline.after(10)))
    stop, written = threading.Event(), [0, 0, 0]

    def write(number: int) -> None:
        connection = schema.server.connect(schema.name)
        (
            connection.autocommit(False)
            if hasattr(connection, "thread_id")
            else setattr(connection, "autocommit", False)
        )
        cursor = connection.cursor()
        while not stop.is_set() and written[number] < 120:
            cursor.execute("INSERT INTO events (kind) VALUES ('a'), ('b')")
            stop.wait(0.01 * number)
            connection.commit()
            cursor.execute("UPDATE events SET seconds = 2 WHERE seconds IS NULL AND kind = 'a'")
            connection.commit()
            written[number] += 1
        connection.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        list(collector.collect(Deadline.after(10)))
    schema.run("UPDATE events SET seconds = 2 WHERE seconds IS NULL")
    (family,) = collector.collect(Deadline.after(10))
    total = schema.run("SELECT COUNT(*) FROM events")[0][0]
    assert total == 2 * sum(written) > 0
    counted = {row[0]: row[-1] for row in family.rows}
    assert counted == {"a": total // 2, "b": total // 2}
    again = next(c for c in configured(schema, tmp_path, EVENTS) if c.name == "query_events")
    (family,) = again.collect(Deadline.after(10))
    assert {row[0]: row[-1] for row in family.rows} == counted


def test_a_query_has_its_own_time_limit(schema, tmp_path):
    sleep = "SELECT SLEEP(9) AS n" if schema.url().startswith("mysql") else "SELECT 1 AS n FROM pg_sleep(9)"
    metric = {"metric": "desk_n", "type": "gauge", "help": "x", "value": "n"}
    query = {"q": {"database": "desk", "sql": sleep, "timeout": "300ms", "metrics": [metric]}}
    collector = next(c for c in configured(schema, tmp_path, query) if c.name == "query_q")
    with pytest.raises(CollectError) as caught:
        list(collector.collect(Deadline.after(8)))
    assert caught.value.reason == "timeout"
    assert schema.server.running_statements() == []
