"""A real Alertmanager of each installed version, its messages in local sinks, and a clock that only polls."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertmanager.client import AlertmanagerError, Client
from alertmanager.features import parsed
from alertmanager.render import render
from alertmanager.sinks import rewrite
from gradewatch.demo.sinks import Sinks
from gradewatch.programs import Program
from policy.contacts import Contact
from policy.load import FOLDER, load_policy
from policy.model import Policy
from policy.rendered import Rendered
from typedyaml.load import Document

PATIENCE = 20
"""Seconds until a test gives up on a server."""
WATCHDOG = {"alertname": "Watchdog", "priority": "none", "severity": "none"}
Arrived = tuple[str, str, str]
"""Channel, contact and status of a message."""


def eventually(what: str, condition: Callable[[], object]) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {PATIENCE} s: {what}"
        time.sleep(0.02)


@dataclass
class Server:
    """A running Alertmanager with its sinks."""

    client: Client
    sinks: Sinks
    policy: Policy
    started: datetime
    _names: Iterator[int] = field(default_factory=count)

    def service(self) -> str:
        """A service that no other test uses: neither groups nor inhibition cross it."""
        return f"shop-{next(self._names)}"

    def fire(self, *alerts: Mapping[str, str], resolved: bool = False) -> None:
        """Send alerts with these labels as Prometheus does."""
        start = datetime.now(UTC) - timedelta(minutes=1)
        end = start + (timedelta(seconds=30) if resolved else timedelta(minutes=10))
        annotations = {"summary": "It is broken.", "escalated_to": "somebody"}
        self.client.post(
            {
                "labels": dict(labels),
                "annotations": annotations,
                "startsAt": start.isoformat(),
                "endsAt": end.isoformat(),
            }
            for labels in alerts
        )

    def watchdog(self, *, present: bool) -> None:
        """Let the Watchdog fire, or be missing."""
        self.fire(WATCHDOG, resolved=not present)
        eventually("Watchdog", lambda: bool(self.client.firing(WATCHDOG)) == present)

    def resolve(self, *alerts: Mapping[str, str]) -> None:
        """Say that they are over."""
        self.fire(*alerts, resolved=True)

    def arrived(self, service: str) -> list[Arrived]:
        """The messages about a service, sorted."""
        mine = re.compile(rf"\b{service}(:|$)")
        found = (m for m in self.sinks.messages() if mine.search(m.text))
        return sorted((m.channel, m.contact, m.status) for m in found)

    def told(self, service: str) -> set[tuple[str, str]]:
        """Who heard that something of the service fires: channel and contact."""
        return {
            (channel, contact) for channel, contact, status in self.arrived(service) if status == "firing"
        }


def policy_for(release: str, folder: Path, *changes: tuple[str, str]) -> Document[Policy]:
    """The shipped policy for an Alertmanager; for an old one without what it lacks.

    `changes` are patterns over lines and what stands in their place; each must match.
    """
    text = (FOLDER / "auto-grader.yaml").read_text("utf-8")
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count, f"{pattern} is not in the policy"
    text = text.replace('alertmanager: "0.28"', f'alertmanager: "{release}"')
    if parsed(release) < parsed("0.28"):
        text = "\n".join(
            line for line in text.splitlines() if not line.startswith(("    msteams:", "heartbeat:"))
        )
    path = folder / "policy.yaml"
    path.write_text(text, "utf-8")
    return load_policy(path)


PRIORITIES = r"^priorities:\n(?:[ #].*\n|\n)*"
"""The rows of the matrix in the policy's text, up to the next key."""


def write(rendered: Rendered, folder: Path) -> Path:
    """Put the files where `gradewatch build` would; returns the configuration's path."""
    for name, text in rendered.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder / "alertmanager/alertmanager.yml"


@pytest.fixture(scope="session")
def document(alertmanager: Program, tmp_path_factory: pytest.TempPathFactory) -> Document[Policy]:
    """The shipped policy as this Alertmanager can serve it."""
    return policy_for(alertmanager.release, tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="session")
def start(
    alertmanager: Program,
    document: Document[Policy],
    tmp_path_factory: pytest.TempPathFactory,
    free_port: Callable[[], int],
) -> Iterator[Callable[..., Server]]:
    """Starts Alertmanager with the generated configuration and sinks; stops it in the end."""
    running: list[subprocess.Popen[bytes]] = []
    open_sinks: list[Sinks] = []

    def begin(
        change: Callable[[dict[str, Any]], None] = lambda config: None,
        policy: Document[Policy] = document,
        rendered: Rendered | None = None,
        contacts: Mapping[str, Contact] | None = None,
    ) -> Server:
        """With `policy` alone, or with what was `rendered` of several, whose `contacts` are given."""
        folder = tmp_path_factory.mktemp("alertmanager")
        contacts = contacts or policy.value.contacts
        sinks = Sinks(contacts).__enter__()
        open_sinks.append(sinks)
        generated = yaml.safe_load(write(rendered or render(policy), folder).read_text("utf-8"))
        config = rewrite(
            generated,
            http=sinks.http,
            smtp=sinks.smtp,
            templates=folder / "alertmanager/templates",
            now=True,
            contacts=contacts,
        )
        change(config)
        (folder / "config.yml").write_text(yaml.safe_dump(config), "utf-8")
        address = f"127.0.0.1:{free_port()}"
        with (folder / "log").open("wb") as log:
            running.append(subprocess.Popen(_command(alertmanager, folder, address), stdout=log, stderr=log))
        client = Client(f"http://{address}")
        eventually(f"Alertmanager answers ({folder / 'log'})", lambda: _ready(client))
        return Server(client, sinks, policy.value, client.started())

    yield begin
    for process in running:
        process.terminate()
        process.wait(10)
    for sinks in open_sinks:
        sinks.__exit__()


def _command(alertmanager: Program, folder: Path, address: str) -> list[str]:
    return [
        str(alertmanager.path),
        f"--config.file={folder / 'config.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--web.external-url=https://alertmanager.example.org",
        "--cluster.listen-address=",
    ]


def _ready(client: Client) -> bool:
    try:
        client.started()
    except AlertmanagerError:
        return False
    return True


@pytest.fixture(scope="session")
def server(start: Callable[..., Server]) -> Server:
    """One Alertmanager for all tests of a version: each uses services of its own."""
    return start()
