"""What happens to an incident when the servers themselves restart or die: real processes, minutes as seconds.

One alert, ServiceDown, about a service that is really gone: its steps are due after 0, 15 and 30 seconds.
"""

from __future__ import annotations

import dataclasses
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import yaml

import alertmanager.render
import rules.render
from alertmanager.sinks import rewrite
from alertmanager.table import Row, rows
from gradewatch.demo.messages import Message
from gradewatch.demo.processes import Process, Processes
from gradewatch.demo.sinks import Sinks
from gradewatch.programs import Program
from policy.compress import compress
from policy.load import load_policy
from policy.model import Policy
from rules.prometheus import flags
from tests.e2e.conftest import SPEED, _free, pairs

LATE = timedelta(seconds=8)
"""What scrape, evaluation, the timeout between peers and a busy machine may add to a step's time."""
RESEND = 5
"""Seconds between two sends of a firing alert; Alertmanager takes it for resolved after four of them."""


class _Healthy(BaseHTTPRequestHandler):
    """A service that says nothing but that it is there."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def service(port: int) -> Iterator[Callable[[], None]]:
    """The watched service; what is yielded takes it away."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Healthy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    gone = threading.Event()

    def stop() -> None:
        if not gone.is_set():
            gone.set()
            server.shutdown()
            server.server_close()

    try:
        yield stop
    finally:
        stop()


@dataclasses.dataclass
class Site:
    """Servers of one test: what to start them with, and where messages arrive."""

    folder: Path
    prometheus: Program
    alertmanager: Program
    policy: Policy
    sinks: Sinks
    processes: Processes
    application: int
    ports: Iterator[int]
    started: dict[str, list[str | Path]] = dataclasses.field(default_factory=dict)
    urls: dict[str, str] = dataclasses.field(default_factory=dict)

    def start(self, name: str) -> Process:
        """Start a server that was described before, with the data that it left."""
        return self.processes.start(name, self.started[name], f"{self.urls[name]}/-/ready")

    def describe_alertmanager(self, name: str, port: int, cluster: int, peers: list[int]) -> None:
        listen = f"--cluster.listen-address=127.0.0.1:{cluster}" if peers else "--cluster.listen-address="
        new = self.alertmanager.version >= (0, 30)
        self.urls[name] = f"http://127.0.0.1:{port}"
        self.started[name] = [
            self.alertmanager.path,
            f"--config.file={self.folder / 'alertmanager.yml'}",
            f"--storage.path={self.folder / name}",
            f"--web.listen-address=127.0.0.1:{port}",
            listen,
            *(f"--cluster.peer=127.0.0.1:{peer}" for peer in peers),
            *(["--cluster.peer-timeout=4s", "--cluster.settle-timeout=1s"] if peers else []),
            *(["--dispatch.start-delay=0s"] if new else []),
        ]

    def describe_prometheus(self, name: str, port: int, alertmanagers: list[int]) -> None:
        generated = yaml.safe_load((self.folder / "prometheus/prometheus.yml").read_text("utf-8"))
        targets = [f"127.0.0.1:{one}" for one in alertmanagers]
        # As the head of the generated file says for a pair.
        drop = [{"action": "labeldrop", "regex": "replica"}]
        generated["global"]["external_labels"] = {"replica": name}
        generated["alerting"] = {
            "alert_relabel_configs": drop,
            "alertmanagers": [{"static_configs": [{"targets": targets}]}],
        }
        generated["rule_files"] = [str(self.folder / "prometheus/*.rules.yaml")]
        generated["scrape_configs"] = generated["scrape_configs"][:1]
        config = self.folder / f"{name}.yml"
        config.write_text(yaml.safe_dump(generated), "utf-8")
        self.urls[name] = f"http://127.0.0.1:{port}"
        self.started[name] = [
            self.prometheus.path,
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder / name}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--web.console.templates={self.folder}",
            f"--web.console.libraries={self.folder}",
            f"--rules.alert.resend-delay={RESEND}s",
            *flags(self.policy),
        ]

    def peers(self, name: str) -> int:
        """How many Alertmanagers one sees, itself among them; 0 before they have settled."""
        cluster = requests.get(f"{self.urls[name]}/api/v2/status", timeout=5).json()["cluster"]
        return len(cluster.get("peers", ())) if cluster["status"] == "ready" else 0

    def messages(self, status: str) -> list[Message]:
        return [m for m in self.sinks.messages() if (m.alertname, m.status) == ("ServiceDown", status)]

    def told(self, status: str = "firing") -> Counter[tuple[str, str]]:
        return Counter((m.channel, m.contact) for m in self.messages(status))


def only_service_down(port: int, name: str, speed: float) -> Policy:
    """A shipped policy in fast time, with one alert and one job."""
    policy = load_policy(name).value
    job = dataclasses.replace(policy.scrape.jobs["application"], targets=(f"127.0.0.1:{port}",))
    jobs = {**policy.scrape.jobs, "application": job}
    alone = dataclasses.replace(
        policy,
        alerts={"ServiceDown": policy.alerts["ServiceDown"]},
        objectives={},
        inhibit=(),
        capacity=None,
        health=None,
        notify_within={},
        scrape=dataclasses.replace(policy.scrape, jobs=jobs, budget=None),
    )
    return compress(alone, speed)


NEWEST_FIRST = [
    pytest.param(pair, marks=[pytest.mark.full] if older else []) for older, pair in enumerate(pairs())
]


@pytest.fixture(params=NEWEST_FIRST, ids=lambda pair: " and ".join(map(str, pair)))
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with sited(tmp_path, *request.param, "auto-grader", SPEED) as found:
        yield found


@contextmanager
def sited(folder: Path, prometheus: Program, server: Program, name: str, speed: float) -> Iterator[Site]:
    """Files and sinks for servers that a test will start."""
    ports = _free(8)
    application = next(ports)
    policy = only_service_down(application, name, speed)
    document = dataclasses.replace(load_policy(name), value=policy)
    for renderer in (rules.render.render, alertmanager.render.render):
        for path, text in renderer(document).files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
    (folder / "logs").mkdir()
    with Sinks(policy.contacts) as sinks, Processes(folder / "logs") as processes:
        generated = yaml.safe_load((folder / "alertmanager/alertmanager.yml").read_text("utf-8"))
        templates = folder / "alertmanager/templates"
        turned = rewrite(
            generated, http=sinks.http, smtp=sinks.smtp, templates=templates, contacts=policy.contacts
        )
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(turned), "utf-8")
        yield Site(folder, prometheus, server, policy, sinks, processes, application, ports)


def wait_until(holds: Callable[[], object], what: str, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(0.1)


def everybody(*steps: Row) -> Counter[tuple[str, str]]:
    return Counter(told for step in steps for told in (*step.told, *step.copied))


def fired(site: Site) -> datetime:
    """When the first message of step 0 left: the others are counted from it."""
    return min(m.time for m in site.messages("firing") if m.step == 0)


def in_time(site: Site, step: Row) -> None:
    """A step was told after its delay, and not much later."""
    due = fired(site) + timedelta(seconds=step.after.seconds)
    for message in site.messages("firing"):
        if message.step == step.step:
            assert due - timedelta(seconds=1) <= message.time <= due + LATE, message


@pytest.mark.slow
def test_escalation_goes_on_after_prometheus_was_restarted(site: Site) -> None:
    """Between step 0 and step 1 Prometheus is killed and comes back: the clock goes on."""
    web, prometheus = next(site.ports), next(site.ports)
    site.describe_alertmanager("alertmanager", web, 0, [])
    site.describe_prometheus("prometheus", prometheus, [web])
    first, second, _ = rows(site.policy, "P1")
    with service(site.application) as take_away:
        site.start("alertmanager")
        running = site.start("prometheus")
        take_away()
        wait_until(lambda: site.told() == everybody(first), "step 0 is told")
        wait_until(lambda: datetime.now(UTC) > fired(site) + timedelta(seconds=5), "its clock runs")
        running.popen.send_signal(signal.SIGKILL)
        running.popen.wait(10)
        site.start("prometheus")
        wait_until(lambda: site.told() == everybody(first, second), "step 1 is told")
    in_time(site, second)
    assert site.told("resolved") == Counter(), "the restart looked like a recovery"
    assert site.sinks.heartbeats, "the outside service hears of both lives"


@pytest.mark.slow
def test_of_a_pair_everybody_hears_once_also_when_one_of_each_dies(site: Site) -> None:
    """Two Prometheus and two Alertmanagers: one message a step and contact; then one of each is killed."""
    web = [next(site.ports), next(site.ports)]
    gossip = [next(site.ports), next(site.ports)]
    names = ("a", "b")
    for index, name in enumerate(names):
        site.describe_alertmanager(f"alertmanager-{name}", web[index], gossip[index], [gossip[1 - index]])
    first, second, _ = rows(site.policy, "P1")
    with service(site.application) as take_away:
        alertmanagers = [site.start(f"alertmanager-{name}") for name in names]
        running = []
        for name in names:
            site.describe_prometheus(f"prometheus-{name}", next(site.ports), web)
            running.append(site.start(f"prometheus-{name}"))
        wait_until(lambda: all(site.peers(f"alertmanager-{name}") == 2 for name in names), "a cluster")
        take_away()
        wait_until(lambda: site.told() >= everybody(first), "step 0 is told")
        # Longer than the second one waits for the first: until then it could still send, too.
        wait_until(lambda: datetime.now(UTC) > fired(site) + timedelta(seconds=6), "both have decided")
        assert site.told() == everybody(first), "somebody heard twice"
        for process in (running[0], alertmanagers[0]):
            process.popen.send_signal(signal.SIGKILL)
            process.popen.wait(10)
        wait_until(lambda: site.told() >= everybody(first, second), "step 1 is told")
    assert site.told() == everybody(first, second), "somebody heard twice"
    in_time(site, second)
    assert site.told("resolved") == Counter()


@pytest.mark.slow
def test_the_portals_engineer_hears_of_a_critical_fault_within_half_a_minute(tmp_path: Path) -> None:
    """In real time: probes every five seconds, and what the build adds up is what happens."""
    prometheus, server = pairs()[0]
    with sited(tmp_path, prometheus, server, "learning-portal", 1) as site:
        web, port = next(site.ports), next(site.ports)
        site.describe_alertmanager("alertmanager", web, 0, [])
        site.describe_prometheus("prometheus", port, [web])
        with service(site.application) as take_away:
            site.start("alertmanager")
            site.start("prometheus")
            up = f"{site.urls['prometheus']}/api/v1/query?query=up==1"
            wait_until(lambda: requests.get(up, timeout=5).json()["data"]["result"], "it was scraped")
            take_away()
            began = datetime.now(UTC)
            wait_until(lambda: site.messages("firing"), "the engineer is told", within=60)
        promised = load_policy("learning-portal").value.notify_within["ServiceDown"]
        first = min(message.time for message in site.messages("firing"))
        assert first - began <= timedelta(seconds=promised.seconds)
