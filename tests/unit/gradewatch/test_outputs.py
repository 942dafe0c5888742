"""Further outputs: off by default; objects against the operator's schemas, rules against the plain ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from alertmanager.render import config
from gradewatch.render import render, render_all
from policy.load import FOLDER, load_policy, shipped
from policy.model import Policy
from policy.outputs import Outputs
from policy.rendered import Rendered
from typedyaml.faults import Faults
from typedyaml.load import Document

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "tests/data/operator"
ALL = """
outputs:
  operator: {namespace: watching, labels: {release: kube-prometheus}}
  mimir: {source_tenants: [portal, grader]}
  thanos: {partial_response_strategy: warn}
  victoriametrics: {}
  pint: {prometheus: "http://localhost:9090"}
"""


def with_outputs(name: str, folder: Path, text: str = ALL) -> Document[Policy]:
    path = folder / f"{name}.yaml"
    path.write_text((FOLDER / f"{name}.yaml").read_text("utf-8") + text, "utf-8")
    return load_policy(path)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rendered]:
    """All outputs of every shipped policy, by its name."""
    folder = tmp_path_factory.mktemp("outputs")
    return {name: render(with_outputs(name, folder)) for name in shipped()}


@pytest.fixture(scope="module")
def built(rendered: dict[str, Rendered]) -> dict[str, str]:
    """The files of all, by path."""
    files = {path: text for one in rendered.values() for path, text in one.files.items()}
    return {path: text for path, text in files.items() if not path.startswith("grafana/")}


def plain(files: dict[str, str], name: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(files[f"prometheus/{name}.rules.yaml"])["groups"]
    return groups


def test_nothing_further_is_written_unless_it_is_asked_for() -> None:
    for name in shipped():
        assert load_policy(name).value.outputs == Outputs()
    folders = {path.split("/")[0] for path in render(load_policy()).files}
    assert folders == {"prometheus", "alertmanager", "grafana"}


def strict(schema: Any) -> Any:
    """A schema that refuses keys which the operator would drop, in Python's dialect of patterns."""
    if isinstance(schema, dict):
        found = {
            key: strict(value)
            for key, value in schema.items()
            if not (key == "pattern" and isinstance(value, str) and "(?i)" in value)
        }
        if "properties" in found and not found.get("x-kubernetes-preserve-unknown-fields"):
            found.setdefault("additionalProperties", False)
        return found
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


def objects(files: dict[str, str]) -> Iterator[dict[str, Any]]:
    for path, text in files.items():
        if path.startswith("kubernetes/"):
            content = yaml.safe_load(text)
            yield from content["items"] if content["kind"] == "List" else [content]


@pytest.mark.parametrize("kind", ["alertmanagerconfig", "prometheusrule", "servicemonitor"])
def test_objects_are_what_the_operators_schema_allows(kind: str, built: dict[str, str]) -> None:
    told = json.loads((SCHEMAS / f"{kind}.json").read_text("utf-8"))
    schema = strict(told["schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    validator = jsonschema.Draft202012Validator(schema)
    found = [one for one in objects(built) if one["kind"] == told["kind"]]
    assert len(found) >= len(shipped())
    for one in found:
        assert one["apiVersion"] == told["apiVersion"]
        assert one["metadata"]["namespace"] == "watching"
        assert one["metadata"]["labels"]["release"] == "kube-prometheus"
        assert len(one["metadata"]["name"]) <= 63
        assert [error.message for error in validator.iter_errors(one)] == []


def routes_of(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", ()):
        yield from routes_of(child)


@pytest.mark.parametrize("name", shipped())
def test_the_operators_tree_is_the_plain_one_below_the_service(name: str, built: dict[str, str]) -> None:
    spec = yaml.safe_load(built[f"kubernetes/{name}.alertmanagerconfig.yaml"])["spec"]
    alone = config(load_policy(name).value)
    (first, *mine), (_, *theirs) = list(routes_of(spec["route"])), list(routes_of(alone["route"]))
    assert first["matchers"] == [{"name": "service", "matchType": "=", "value": name}]
    assert [route["receiver"] for route in mine] == [route["receiver"] for route in theirs]
    written = [[f'{m["name"]}{m["matchType"]}"{m["value"]}"' for m in route["matchers"]] for route in mine]
    assert written == [route["matchers"] for route in theirs]
    assert [r["name"] for r in spec["receivers"]] == [r["name"] for r in alone["receivers"]]
    assert len(spec["inhibitRules"]) == len(alone["inhibit_rules"])
    for rule in spec["inhibitRules"]:
        assert rule["sourceMatch"][0] == rule["targetMatch"][0] == first["matchers"][0]


def test_secrets_are_keys_of_one_secret_and_no_file_is_left(built: dict[str, str]) -> None:
    text = built["kubernetes/auto-grader.alertmanagerconfig.yaml"]
    assert "/etc/" not in text
    blocks = {r["name"]: r for r in yaml.safe_load(text)["spec"]["receivers"]}
    (pager,) = blocks["P1-0-oncall"]["pagerdutyConfigs"]
    assert pager["routingKey"] == {"name": "alertmanager-gradewatch", "key": "pagerduty_oncall"}
    (mail,) = blocks["P3-0-oncall"]["emailConfigs"]
    assert mail["authPassword"] == {"name": "alertmanager-gradewatch", "key": "smtp_password"}
    assert mail["smarthost"] == "mail.example.org:587"


@pytest.mark.parametrize("name", shipped())
def test_other_rulers_get_the_same_rules(name: str, built: dict[str, str]) -> None:
    groups = plain(built, name)
    rules = [group["rules"] for group in groups]
    operator = yaml.safe_load(built[f"kubernetes/{name}.prometheusrule.yaml"])["spec"]["groups"]
    mimir = yaml.safe_load(built[f"mimir/{name}.yaml"])
    thanos = yaml.safe_load(built[f"thanos/{name}.rules.yaml"])["groups"]
    assert operator == groups
    assert [group["rules"] for group in mimir["groups"]] == rules
    assert [group["rules"] for group in thanos] == rules
    assert mimir["namespace"] == f"gradewatch-{name}"
    assert {tuple(group["source_tenants"]) for group in mimir["groups"]} == {("portal", "grader")}
    assert {group["partial_response_strategy"] for group in thanos} == {"warn"}


def vmalert() -> str | None:
    unpacked = ROOT / ".tools/victoria-metrics/bin/vmalert"
    named = os.environ.get("GRADEWATCH_VMALERT") or shutil.which("vmalert")
    return named or (str(unpacked) if unpacked.exists() else None)


def dry_run(program: str, file: Path) -> int:
    command = [program, "-dryRun", f"-rule={file}"]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.parametrize("name", shipped())
def test_vmalert_takes_them_without_keep_firing_for_and_the_build_says_so(
    name: str, built: dict[str, str], rendered: dict[str, Rendered], tmp_path: Path
) -> None:
    rules = [rule for group in plain(built, name) for rule in group["rules"]]
    lost = [{k: v for k, v in rule.items() if k != "keep_firing_for"} for rule in rules]
    mine = yaml.safe_load(built[f"vmalert/{name}.rules.yaml"])["groups"]
    assert [rule for group in mine for rule in group["rules"]] == lost
    assert [note for note in rendered[name].notes if note.startswith("vmalert: keep_firing_for is left out")]
    if not (program := vmalert()):
        pytest.skip("vmalert is missing: Debian's package victoria-metrics has it, or set GRADEWATCH_VMALERT")
    (tmp_path / "r.yaml").write_text(built[f"vmalert/{name}.rules.yaml"], "utf-8")
    assert dry_run(program, tmp_path / "r.yaml") == 0


def test_a_vmalert_that_knows_it_keeps_keep_firing_for(tmp_path: Path) -> None:
    text = "outputs: {victoriametrics: {keep_firing_for: true}}"
    rendered = render(with_outputs("auto-grader", tmp_path, text))
    mine = yaml.safe_load(rendered.files["vmalert/auto-grader.rules.yaml"])["groups"]
    assert [g["rules"] for g in mine] == [g["rules"] for g in plain(dict(rendered.files), "auto-grader")]
    assert not [note for note in rendered.notes if "left out" in note]


def test_hours_outside_utc_are_noted_for_the_operator(tmp_path: Path) -> None:
    text = (FOLDER / "auto-grader.yaml").read_text("utf-8")
    hours = ("repeat_interval: 12h", "repeat_interval: 12h\n    hours: working-hours")
    holidays = "holidays: {days: [2026-12-25, 2026-12-26, 2027-01-01]}\noutputs: {operator: {}}\n"
    path = tmp_path / "p.yaml"
    path.write_text(text.replace(*hours) + holidays, "utf-8")
    rendered = render(load_policy(path))
    assert "AlertmanagerConfig has no time zones: hours of Europe/Berlin are UTC there" in rendered.notes
    spec = yaml.safe_load(rendered.files["kubernetes/auto-grader.alertmanagerconfig.yaml"])["spec"]
    told = json.loads((SCHEMAS / "alertmanagerconfig.json").read_text("utf-8"))
    schema = strict(told["schema"]["properties"]["spec"])
    assert [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(spec)] == []
    days = [span["daysOfMonth"] for named in spec["muteTimeIntervals"][1:] for span in named["timeIntervals"]]
    assert days == [[{"start": 25, "end": 25}, {"start": 26, "end": 26}], [{"start": 1, "end": 1}]]


def test_several_policies_have_their_own_files(tmp_path: Path, built: dict[str, str]) -> None:
    names = ("auto-grader", "iit-ml-service")
    files = render_all([with_outputs(name, tmp_path) for name in names]).files
    for name in names:
        for path in (f"kubernetes/{name}.alertmanagerconfig.yaml", f"kubernetes/{name}.servicemonitors.yaml"):
            assert files[path] == built[path]
        assert f"mimir/{name}.yaml" in files


def test_pint_switches_off_one_check_for_one_alert(built: dict[str, str]) -> None:
    text = built["pint/.pint.hcl"]
    assert text.count("disable") == 1
    block = text[text.index("# Watchdog fires") :].split("\n}\n")[0]
    assert 'name = "Watchdog"' in block
    assert 'disable = ["alerts/comparison"]' in block
    assert text.count("{") == text.count("}")
    assert 'uri     = "http://localhost:9090"' in text


def test_secret_files_of_one_name_are_keys_of_their_own(tmp_path: Path) -> None:
    """Else one contact's alerts went out with the key of another."""
    text = (FOLDER / "auto-grader.yaml").read_text("utf-8") + ALL
    for file in ("pagerduty_oncall", "slack_url"):
        text = text.replace(f"/etc/alertmanager/secrets/{file}", f"/run/{file}/key")
    (tmp_path / "p.yaml").write_text(text, "utf-8")
    rendered = render(load_policy(tmp_path / "p.yaml"))
    found = rendered.files["kubernetes/auto-grader.alertmanagerconfig.yaml"]
    assert "key: run-pagerduty_oncall-key" in found
    assert "key: smtp_password" in found
    assert any("/run/pagerduty_oncall/key is the key run-pagerduty_oncall-key" in n for n in rendered.notes)


def test_policies_whose_boards_would_meet_are_a_fault(tmp_path: Path) -> None:
    shipped_text = (FOLDER / "auto-grader.yaml").read_text("utf-8")
    documents = []
    for name in ("programming-labs", "project-lectures"):
        text = shipped_text.replace("policy: auto-grader", f"policy: {name}")
        (tmp_path / f"{name}.yaml").write_text(
            text.replace("service: auto-grader", f"service: {name}"), "utf-8"
        )
        documents.append(load_policy(tmp_path / f"{name}.yaml"))
    with pytest.raises(Faults) as raised:
        render_all(documents)
    told = 'in the addresses of boards "project-lectures" is "pl", as programming-labs is: name it otherwise'
    assert told in [fault.message for fault in raised.value.faults]
