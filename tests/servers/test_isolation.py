"""One of two databases hangs: every series of the other is served, at each scrape."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from exporter.collectors import build
from exporter.config.whole import load_config
from exporter.exposition import Format, page
from exporter.flight import Limits
from exporter.sidecar import Sidecar
from tests.servers.database_servers import PASSWORDS, Schema
from tests.servers.private_process import wait_until

OTHERS = [f"query_well_{number}" for number in range(19)]


def query(database: str, name: str) -> dict[str, object]:
    metric = {"metric": f"desk_{name}", "type": "gauge", "help": "x", "value": "n"}
    return {"database": database, "sql": "SELECT 1 AS n", "metrics": [metric]}


@pytest.fixture
def sidecar(mariadb_schema, postgresql_schema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request):
    monkeypatch.setenv("READER_PASSWORD", PASSWORDS["reader"])
    hung, well = (mariadb_schema, postgresql_schema)[:: 1 if request.param == "mariadb" else -1]
    config = {
        "databases": {
            name: {"url": schema.url(), "password_env": "READER_PASSWORD"}
            for name, schema in (("hung", hung), ("well", well))
        },
        "queries": {
            "hung": query("hung", "hung"),
            **{f"well_{number}": query("well", f"well_{number}") for number in range(19)},
        },
        "state_dir": str(tmp_path),
    }
    path = tmp_path / "sidecar.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    made = Sidecar(build(load_config(path).value, state_dir=tmp_path), Limits(timeout=2))
    return made, hung


def states(sidecar: Sidecar) -> tuple[dict[str, bool], str]:
    text = page(sidecar.scrape(), Format.TEXT).decode()
    return {outcome.collector: outcome.success for outcome in sidecar.status.outcomes}, text


@pytest.mark.parametrize("sidecar", ["mariadb", "postgresql"], indirect=True)
def test_a_hung_database_takes_no_series_of_another(sidecar: tuple[Sidecar, Schema]) -> None:
    made, hung = sidecar
    success, text = states(made)
    assert all(success.values())
    hung.server.freeze()
    for _ in range(3):
        success, text = states(made)
        assert [name for name in OTHERS if not success[name]] == []
        assert success["database"], "that one is away is a fact"
        assert not success["query_hung"]
        assert 'grader_database_up{database="hung"} 0\n' in text
        assert 'grader_database_up{database="well"} 1\n' in text
        assert "\ndesk_well_7 1\n" in text
        assert "\ndesk_hung " not in text
    hung.server.thaw()
    wait_until(lambda: all(states(made)[0].values()), 20, "it is asked again")
    made.close(5)
