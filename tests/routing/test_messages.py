"""What people read, rendered by amtool of each version; the goldens are in messages/.

`GOLDEN=write pytest tests/routing/test_messages.py` writes them anew.
"""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from alertmanager import templates
from alertmanager.amtool import Amtool, AmtoolError
from alertmanager.sms import LIMIT, short_text
from gradewatch.programs import Program
from policy.load import load_policy

GOLDENS = Path(__file__).with_name("messages")
TEXTS = ("subject", "short", "text", "slack", "msteams", "color")

STEP_0 = {
    "summary": "The service does not answer.",
    "description": "localhost:5000 of auto-grader-backend has not answered for 2m.",
    "runbook_url": "https://gradewatch.example.org/runbooks/ServiceDown",
    "dashboard_url": "https://grafana.example.org/d/gradewatch-overview?var-job=auto-grader-backend",
    "escalated_to": "oncall",
    "ack": 'alertname="ServiceDown",service="auto-grader",escalation=~"1|2"',
}
STEP_1 = STEP_0 | {
    "summary": "The service does not answer (not acknowledged for 15m: escalated to team-lead).",
    "description": (
        "auto-grader-backend on localhost:5000: not acknowledged for 15m, escalated to team-lead."
    ),
    "escalated_to": "team-lead",
    "ack": 'alertname="ServiceDown",service="auto-grader",escalation=~"2"',
}
LAST = {
    name: text.replace("15m", "30m").replace("team-lead", "engineering-manager")
    for name, text in STEP_1.items()
    if name != "ack"
}


def notification(
    status: str, step: str | None, annotations: dict[str, str], alerts: int = 1
) -> dict[str, Any]:
    """The data of a message as Alertmanager gives it to templates and webhooks."""
    labels = {"alertname": "ServiceDown", "priority": "P1", "service": "auto-grader", "severity": "critical"}
    labels |= {"team": "grading-platform", "escalation": step} if step else {}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-11-21T03:50:00.123+01:00",
        "endsAt": "2026-11-21T03:21:12.5Z" if status == "resolved" else "0001-01-01T00:00:00Z",
    }
    return {
        "receiver": "P1-0-oncall",
        "status": status,
        "alerts": [alert] * alerts,
        "groupLabels": {"alertname": "ServiceDown", "service": "auto-grader"},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "https://alertmanager.example.org",
    }


CASES = {
    "fires": notification("firing", "0", STEP_0),
    "escalates": notification("firing", "1", STEP_1),
    "last-step": notification("firing", "2", LAST),
    "resolved": notification("resolved", "0", STEP_0),
    "resolved-for-the-lead": notification("resolved", "1", STEP_1),
    "two-alerts": notification("firing", "0", STEP_0, alerts=2),
    "written-by-hand": notification("firing", None, {}),
}


@pytest.fixture(scope="session")
def template_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("templates") / "gradewatch.tmpl"
    path.write_text(templates.text([load_policy().value]), "utf-8")
    return path


def rendered(amtool: Program, file: Path, name: str, data: dict[str, Any], kind: str = "text") -> str:
    return Amtool(amtool.path).render(file, f'{{{{ template "esc.{name}" . }}}}', data, kind).rstrip()


@pytest.mark.parametrize("case", CASES)
def test_every_channel_says_what_is_broken_since_when_and_what_to_do(
    case: str, amtool: Program, template_file: Path
) -> None:
    parts = [(name, rendered(amtool, template_file, name, CASES[case])) for name in TEXTS]
    parts.append(("sms", short_text(CASES[case])))
    text = "\n\n".join(f"--- {name}\n{content}" for name, content in parts) + "\n"
    assert text == golden(f"{case}.txt", text)


def test_the_mail_is_a_page_with_the_same_content(amtool: Program, template_file: Path) -> None:
    html = rendered(amtool, template_file, "html", CASES["fires"], "html") + "\n"
    assert html == golden("fires.html", html)


def golden(name: str, found: str) -> str:
    path = GOLDENS / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(found, "utf-8")
    return path.read_text("utf-8")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if tag == "a" and name == "href"]


def test_the_acknowledge_link_silences_the_later_steps_only(amtool: Program, template_file: Path) -> None:
    """The same in plain text and, after the escaping of HTML, in the mail."""
    plain = rendered(amtool, template_file, "ackurl", CASES["fires"])
    links = _Links()
    links.feed(rendered(amtool, template_file, "html", CASES["fires"], "html"))
    assert plain in links.found
    _, _, query = urlsplit(plain).fragment.partition("?")
    assert parse_qs(query) == {"filter": ["{" + STEP_0["ack"] + "}"], "comment": ["ACK!"]}


def test_the_acknowledge_link_holds_any_label_value(amtool: Program, template_file: Path) -> None:
    """Alertmanager's page reads a plus as a plus: a blank must not become one."""
    ack = 'alertname="A",service="s",probe="page \\"home\\" + <é> & more",escalation=~"1"'
    data = notification("firing", "0", STEP_0 | {"ack": ack})
    plain = rendered(amtool, template_file, "ackurl", data)
    links = _Links()
    links.feed(rendered(amtool, template_file, "html", data, "html"))
    assert plain in links.found
    _, _, query = urlsplit(plain).fragment.partition("?")
    assert unquote(query) == f"filter={{{ack}}}&comment=ACK!"


@pytest.mark.parametrize("case", ["last-step", "resolved", "written-by-hand"])
def test_there_is_no_acknowledge_link_when_there_is_nothing_to_stop(
    case: str, newest_amtool: Program, template_file: Path
) -> None:
    for name in ("text", "slack", "msteams", "html"):
        assert "Acknowledge" not in rendered(newest_amtool, template_file, name, CASES[case])
    assert not rendered(newest_amtool, template_file, "ackurl", CASES[case])


def test_text_from_an_alert_cannot_become_markup(newest_amtool: Program, template_file: Path) -> None:
    data = notification("firing", "0", STEP_0 | {"description": "<script>alert(1)</script>"})
    assert "<script>" not in rendered(newest_amtool, template_file, "html", data, "html")


def test_text_from_an_alert_cannot_call_a_whole_slack_channel(amtool: Program, template_file: Path) -> None:
    data = notification("firing", "0", STEP_0 | {"description": "queue <!channel> & more: 1 > 0."})
    text = rendered(amtool, template_file, "slack", data)
    assert "queue &lt;!channel&gt; &amp; more: 1 &gt; 0." in text
    assert "|Dashboard>" in text


@pytest.mark.parametrize("length", [10, 100, 400])
def test_a_text_message_fits_into_one(length: int) -> None:
    text = short_text(notification("firing", "1", {"summary": "x" * length}))
    assert len(text) <= LIMIT
    assert text.startswith("[P1 ESCALATION 1] ServiceDown auto-grader: xxx")
    assert text.endswith("…") == (length > 100)


def test_a_template_that_does_not_exist_is_an_error(newest_amtool: Program, template_file: Path) -> None:
    with pytest.raises(AmtoolError, match=r"esc\.nothing"):
        rendered(newest_amtool, template_file, "nothing", CASES["fires"])
