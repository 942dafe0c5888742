"""The files as text: stable, readable back, without a secret in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertmanager.render import CONFIG, HEADER, ROUTES, TEMPLATES, config, render
from policy.compress import compress
from policy.load import load_policy
from policy.model import Policy
from typedyaml.faults import Faults
from typedyaml.load import Document

APolicy = Callable[..., Document[Policy]]


def test_the_files_say_that_they_are_generated_and_do_not_change_when_built_again() -> None:
    first, second = render(load_policy()).files, render(load_policy()).files
    assert set(first) == {CONFIG, TEMPLATES, ROUTES}
    assert first == second
    assert first[CONFIG].startswith(HEADER)
    assert first[ROUTES].startswith(HEADER)
    assert "do not edit" in first[TEMPLATES].splitlines()[0]


def test_the_text_reads_back_as_what_was_meant_and_has_no_anchors() -> None:
    document = load_policy()
    text = render(document).files[CONFIG]
    assert yaml.safe_load(text) == config(document.value)
    assert "&id" not in text


def entries(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from entries(value, f"{path}.{key}")
    elif isinstance(data, list):
        for value in data:
            yield from entries(value, path)
    else:
        yield path, data


SECRET = ("password", "routing_key", "api_url", "webhook_url", "token", "secret", "credentials")


def test_no_secret_is_written_inline() -> None:
    for path, value in entries(config(load_policy().value)):
        key = path.rpartition(".")[2]
        if any(word in key for word in SECRET):
            assert key.endswith("_file"), path
            assert value.startswith("/"), path


def test_every_matcher_has_its_value_in_quotes() -> None:
    matchers = [value for path, value in entries(config(load_policy().value)) if path.endswith("matchers")]
    assert len(matchers) > 10
    for matcher in matchers:
        _, _, value = matcher.partition("=")
        assert value.lstrip("~").startswith('"'), matcher
        assert value.endswith('"'), matcher


def receiver(policy: Policy, name: str) -> dict[str, Any]:
    (found,) = [found for found in config(policy)["receivers"] if found["name"] == name]
    return found


def test_nobody_is_called_for_resolved_and_everybody_else_hears_of_it() -> None:
    for found in config(load_policy().value)["receivers"]:
        for section, blocks in found.items():
            for block in blocks if section != "name" else ():
                silent = "/call/" in block.get("url", "") or found["name"] == "heartbeat"
                assert block["send_resolved"] is not silent, (found["name"], block)


def test_sms_and_calls_name_the_role_and_not_a_number() -> None:
    blocks = receiver(load_policy().value, "P1-1-team-lead")["webhook_configs"]
    assert [block["url"] for block in blocks] == [
        "http://127.0.0.1:9876/sms/team-lead",
        "http://127.0.0.1:9876/call/team-lead",
    ]


def test_a_copy_that_repeats_the_step_is_sent_once(a_policy: APolicy) -> None:
    steps = "    steps:\n      - {after: 0m, to: oncall, via: [slack, email]}"
    policy = a_policy((steps, f"    copy: {{to: oncall, via: [slack]}}\n{steps}")).value
    found = receiver(policy, "P2-0-oncall")
    assert {section: len(blocks) for section, blocks in found.items() if section != "name"} == {
        "slack_configs": 1,
        "msteamsv2_configs": 1,
        "email_configs": 1,
    }


def test_without_a_heartbeat_the_watchdog_still_tells_nobody(a_policy: APolicy) -> None:
    document = a_policy(("heartbeat: {url_file: /etc/alertmanager/secrets/heartbeat_url}\n", ""))
    assert receiver(document.value, "heartbeat") == {"name": "heartbeat"}
    assert any("no heartbeat" in note for note in render(document).notes)


OLD = 'alertmanager: "0.25"'
REFUSED = [
    (
        '"0.25"',
        {
            ("contacts.oncall.msteams", "msteamsv2_configs", "0.28", "    msteams: {webhook"),
            ("heartbeat.url_file", "webhook_configs.url_file", "0.26", "heartbeat: {url_file"),
        },
    ),
    ('"0.27"', {("contacts.oncall.msteams", "msteamsv2_configs", "0.28", "    msteams: {webhook")}),
]


@pytest.mark.parametrize(("target", "lacking"), REFUSED)
def test_what_the_target_lacks_is_refused_with_its_line(
    target: str, lacking: set[tuple[str, str, str, str]], a_policy: APolicy
) -> None:
    document = a_policy(('alertmanager: "0.28"', f"alertmanager: {target}"))
    with pytest.raises(Faults) as caught:
        render(document)
    lines = Path(document.path).read_text("utf-8").splitlines()
    version = target.strip('"')
    assert {(fault.line, fault.message) for fault in caught.value.faults} == {
        (
            next(number for number, line in enumerate(lines, 1) if line.startswith(start)),
            f"{place} needs Alertmanager {since} ({feature}), the target is {version}: "
            "remove it or raise target.alertmanager",
        )
        for place, feature, since, start in lacking
    }


def test_a_target_newer_than_what_was_tested_is_noted(a_policy: APolicy) -> None:
    notes = render(a_policy(('alertmanager: "0.28"', 'alertmanager: "0.40"'))).notes
    assert any("Alertmanager 0.40 is newer than 0.33" in note for note in notes)


def test_a_channel_that_no_step_uses_is_noted() -> None:
    assert "sms is allowed for P2, but no step there uses it" in render(load_policy()).notes


def test_a_policy_in_compressed_time_is_rendered_too() -> None:
    document = load_policy()
    fast = dataclasses.replace(document, value=compress(document.value, 60))
    route = yaml.safe_load(render(fast).files[CONFIG])["route"]["routes"][1]
    assert (route["group_interval"], route["repeat_interval"]) == ("1s", "4m")


def test_an_alert_that_is_off_silences_nobody_and_is_silenced_by_nobody() -> None:
    policy = load_policy().value
    names = ("DiskSpaceCritical", "GradingBacklog")
    off = {name: dataclasses.replace(policy.alerts[name], enabled=False) for name in names}
    text = str(config(dataclasses.replace(policy, alerts=policy.alerts | off)))
    assert all(name in str(config(policy)) for name in names)
    assert not any(name in text for name in names)


@pytest.mark.parametrize(
    ("written", "parted"),
    [
        ("monday:sunday", ["monday:saturday", "sunday:sunday"]),
        ("saturday:monday", ["saturday:saturday", "sunday:monday"]),
        ("sunday:thursday", ["sunday:thursday"]),
        ("friday", ["friday"]),
    ],
)
def test_days_over_the_end_of_the_week_are_parted(a_policy: APolicy, written: str, parted: list[str]) -> None:
    """Alertmanager's week begins on Sunday, and it refuses a range that goes over its end."""
    repeat = "    repeat_interval: 12h\n"
    document = a_policy(
        ('["monday:friday"]', f'["{written}"]'), (repeat, f"{repeat}    hours: working-hours\n")
    )
    (span,) = config(document.value)["time_intervals"]
    assert span["time_intervals"][0]["weekdays"] == parted
