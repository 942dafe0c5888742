"""The boards as files: valid, complete, and made of the policy's figures."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import yaml

from dashboards import records
from dashboards.check import check
from dashboards.check.boards import LARGEST
from dashboards.check.known import known
from dashboards.check.run import board_check
from dashboards.finding import Json, panels_of
from dashboards.places import BOARD_OF
from dashboards.render import BOARDS, documents, render
from dashboards.shell import OVERVIEW
from policy.compress import compress
from policy.load import load_policy
from policy.model import Policy
from rules.render import render as render_rules
from typedyaml.units import Duration

DOCUMENT = load_policy()
POLICY = DOCUMENT.value
WITHOUT_FIGURE = ("above", "below")


def written(folder: Path) -> Path:
    """The boards' files, as `gradewatch build` writes them."""
    for name, text in render(DOCUMENT).files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def panel(document: Json, title: str) -> Json:
    return next(found for found in panels_of(document) if found["title"] == title)


def step_values(found: Json) -> list[float | None]:
    return [step["value"] for step in found["fieldConfig"]["defaults"]["thresholds"]["steps"]]


def changed(policy: Policy, alert: str, **figures: object) -> Policy:
    entry = dataclasses.replace(policy.alerts[alert], **figures)  # type: ignore[arg-type]
    return dataclasses.replace(policy, alerts=policy.alerts | {alert: entry})


def test_the_files_pass_every_check(tmp_path: Path) -> None:
    assert check(written(tmp_path), DOCUMENT) == []


def test_the_files_pass_without_the_policy_when_the_rules_are_beside_them(tmp_path: Path) -> None:
    folder = written(tmp_path)
    for name, text in render_rules(DOCUMENT).files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert check(folder) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [("{", "shipping"), ("[]", "shipping"), ('{"title": "x"}', "schema"), ('{"dashboard": {}}', "schema")],
)
def test_a_file_that_is_no_board_is_a_finding_and_no_crash(text: str, rule: str, tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "grafana" / "broken.json").write_text(text, encoding="utf-8")
    assert {finding.rule for finding in check(folder, DOCUMENT)} == {rule}


def test_an_empty_folder_is_a_finding(tmp_path: Path) -> None:
    assert [finding.rule for finding in check(tmp_path)] == ["shipping"]


def test_two_files_with_one_uid_are_a_finding(tmp_path: Path) -> None:
    folder = written(tmp_path) / "grafana"
    text = (folder / "gradewatch-grader.json").read_text(encoding="utf-8")
    (folder / "copy.json").write_text(text, encoding="utf-8")
    assert ["uid" in finding.message for finding in check(tmp_path, DOCUMENT)] == [True]


def test_the_same_policy_gives_the_same_bytes() -> None:
    assert render(DOCUMENT) == render(load_policy())


def test_panel_ids_and_uids_are_what_links_rely_on() -> None:
    for uid, document in documents(POLICY).items():
        assert document["uid"] == uid
        ids = [found["id"] for found in document["panels"]]
        assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("alert", "board", "title"),
    [
        ("GradingBacklog", "gradewatch-overview", "Submissions waiting"),
        ("GradingBacklog", "gradewatch-grader", "Queue"),
        ("GradingQueueStalled", "gradewatch-overview", "Longest wait"),
        ("SlowResponseTime", "gradewatch-overview", "Response times"),
        ("HighErrorRate", "gradewatch-overview", "Error ratio"),
        ("GradingFailures", "gradewatch-grader", "Spoiled gradings"),
    ],
)
def test_a_red_line_is_the_threshold_of_its_alert(alert: str, board: str, title: str) -> None:
    above = Duration(321.0) if isinstance(POLICY.alerts[alert].above, Duration) else 0.321
    figure = above.seconds if isinstance(above, Duration) else above
    assert figure not in step_values(panel(documents(POLICY)[board], title))
    moved = panel(documents(changed(POLICY, alert, above=above))[board], title)
    assert figure in step_values(moved)
    assert f"(alert {alert})" in moved["description"]


def test_the_response_time_is_that_of_the_percentile_that_the_alert_watches() -> None:
    document = documents(changed(POLICY, "SlowResponseTime", quantile=0.9))["gradewatch-overview"]
    (target,) = panel(document, "Response time p90")["targets"]
    assert target["expr"].startswith("(histogram_quantile(0.9,")


def test_every_alert_with_a_threshold_is_drawn() -> None:
    text = json.dumps(documents(POLICY))
    figures = [
        name for name, alert in POLICY.alerts.items() if alert.above is not None or alert.below is not None
    ]
    assert [name for name in figures if f"(alert {name})" not in text] == []


def test_an_alert_that_is_switched_off_has_no_line() -> None:
    document = documents(changed(POLICY, "GradingBacklog", enabled=False))["gradewatch-overview"]
    found = panel(document, "Submissions waiting")
    assert step_values(found) == [None]
    assert "GradingBacklog" not in found["description"]


def test_a_policy_without_objectives_has_boards_without_them(tmp_path: Path) -> None:
    bare = dataclasses.replace(POLICY, objectives={}, burn_tiers={})
    for document in documents(bare).values():
        assert "slo:" not in json.dumps(document)


@pytest.mark.parametrize("speed", [30, 60])
def test_the_boards_of_faster_time_pass_too(speed: float) -> None:
    policy = compress(POLICY, speed)
    boards = documents(policy)
    metrics = known(policy)
    found = [f for uid, board in boards.items() for f in board_check(uid, board, boards, policy, metrics)]
    assert found == []


def test_the_application_may_call_its_metrics_otherwise() -> None:
    names = dataclasses.replace(
        POLICY.application, requests="http_server_requests_total", status_label="code"
    )
    text = json.dumps(documents(dataclasses.replace(POLICY, application=names)))
    assert "http_server_requests_total{" in text
    assert 'code=~\\"5..\\"' in text
    assert "http_requests_total{" not in text


def test_every_recorded_series_that_a_board_may_name_is_written_by_the_rules() -> None:
    rules = "".join(render_rules(DOCUMENT).files.values())
    missing = [
        record.name for record in records.all_records(POLICY) if f"record: {record.name}\n" not in rules
    ]
    assert missing == []


def test_the_provider_loads_the_boards_and_lets_nobody_edit_them() -> None:
    (provider,) = yaml.safe_load(render(DOCUMENT).files["grafana/provider.yaml"])["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"].startswith("/")
    assert provider["allowUiUpdates"] is False


def test_the_boards_are_ten_in_the_order_in_which_a_user_meets_them() -> None:
    first = ("overview", "grader", "assignments", "queue", "database", "system", "model")
    names = (*first, "slo", "alerts", "adoption")
    assert list(BOARDS) == [f"gradewatch-{name}" for name in names]


def test_an_alert_links_to_the_board_that_its_row_in_the_table_links_to() -> None:
    """dashboard_url comes from rules/rule.libsonnet, the table's link from dashboards/places.py."""
    rules = yaml.safe_load(render_rules(DOCUMENT).files[f"prometheus/{POLICY.policy}.rules.yaml"])
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    assert len(alerts) > 50
    for alert in alerts:
        uid = alert["annotations"]["dashboard_url"].rpartition("/")[2]
        assert uid in BOARDS
        # Later steps take their category from the first one while they are evaluated.
        if "category" in alert["labels"] and alert["alert"] != "Watchdog":
            assert uid == BOARD_OF.get(alert["labels"]["category"], OVERVIEW), alert["alert"]


def test_a_board_has_at_most_twenty_panels_and_each_row_asks_a_question() -> None:
    for uid, document in documents(POLICY).items():
        help_row = document["panels"][-1]
        assert help_row["title"] == "Help"
        assert len(list(panels_of(document))) - len(help_row["panels"]) <= 20, uid
        rows = [panel["title"] for panel in document["panels"] if panel["type"] == "row"]
        assert [row for row in rows[:-1] if not row.endswith("?")] == []


def test_a_board_is_the_same_in_all_forms_in_which_it_travels() -> None:
    files = render(DOCUMENT).files
    for uid in BOARDS:
        bare = json.loads(files[f"grafana/{uid}.json"])
        request = json.loads(files[f"grafana/api/{uid}.json"])
        assert request["dashboard"] == bare
        assert request["overwrite"] is True
        assert (
            request["folderUid"]
            == yaml.safe_load(files["grafana/provider.yaml"])["providers"][0]["folderUid"]
        )
        config_map = yaml.safe_load(files[f"grafana/configmaps/{uid}.json"])
        assert config_map["metadata"]["name"] == uid
        assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert {name: json.loads(text) for name, text in config_map["data"].items()} == {f"{uid}.json": bare}


def test_an_object_is_smaller_than_what_kubectl_can_apply() -> None:
    """`kubectl apply` keeps a copy of the whole object in an annotation of at most 262,144 bytes."""
    sizes = {
        name: len(json.dumps(json.loads(text), separators=(",", ":")).encode())
        for name, text in render(DOCUMENT).files.items()
        if "/configmaps/" in name
    }
    assert len(sizes) == len(BOARDS)
    assert max(sizes.values()) < LARGEST / 2


def test_the_panels_that_coverage_names_are_on_those_boards() -> None:
    text = (Path(__file__).parents[3] / "docs/coverage.md").read_text(encoding="utf-8")
    titles = {
        document["title"].partition(": ")[2]: [found["title"] for found in panels_of(document)]
        for document in documents(POLICY).values()
    }
    rows = re.findall(r"^\| of ([DE]\d+) \| (.*) \|$", text, re.M)
    assert [row for row, _ in rows] == [
        *(f"D{number}" for number in range(1, 15)),
        *(f"E{number}" for number in range(1, 8)),
    ]
    for row, cell in rows:
        for part in cell.split("; "):
            board, _, names = part.partition(": ")
            found = re.findall(r"\*([^*]+)\*", names)
            assert found, f"{row} names no panel of {board}"
            for name in found:
                assert any(title.startswith(name) for title in titles[board]), (row, board, name)
