"""The whole of gradewatch on one machine: grader, sidecar, Prometheus, Alertmanager and sinks."""

from __future__ import annotations

import dataclasses
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from alertmanager import sinks as sink_addresses
from gradewatch.demo import predictions
from gradewatch.demo.incidents import figures
from gradewatch.demo.ports import HOST, Ports
from gradewatch.demo.processes import Process, Processes
from gradewatch.demo.sinks import Sinks
from gradewatch.exits import UsageError
from gradewatch.programs import Program
from policy.compress import compress
from policy.model import Alert, Policy
from rules.mixin import declarations
from rules.prometheus import flags
from typedyaml.load import Document
from typedyaml.units import Duration

PROBES = {
    "grader": "/-/healthy",
    "sidecar": "/-/healthy",
    "prometheus": "/-/ready",
    "alertmanager": "/-/ready",
}
"""Where each server says that it is there."""

_JOBS = {
    "application": "grader",
    "exporter": "sidecar",
    "prometheus": "prometheus",
    "alertmanager": "alertmanager",
    "node": "machine",
}
"""The policy's jobs that the demo has; other neighbours of a grader (MySQL, Redis, ...) are not there."""

_BY_ITS_OWN_CLOCK = ("ModelDriftStale", "ModelLogStalled")
"""The sidecar looks at a model once a real minute, however fast the demo's time runs."""
_START_DELAY_SINCE = (0, 30)
_RESEND = 60
"""Seconds after which Prometheus sends a firing alert again; its own default."""
_SLOW = 5
"""Up to this speed Prometheus finds its targets before anything can be missed: see _add_rules."""
_WITHIN = 30.0
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start, and how fast time runs in it."""

    document: Document[Policy]
    """The policy as operations have it, in real time."""
    speed: float
    ports: Ports
    folder: Path
    prometheus: Program
    alertmanager: Program

    @property
    def fast(self) -> Policy:
        """The policy in the demo's time and with its addresses."""
        policy = self.document.value
        jobs = {
            purpose: dataclasses.replace(job, targets=(self.ports.address(_JOBS[purpose]),))
            for purpose, job in policy.scrape.jobs.items()
            if purpose in _JOBS
        }
        links = dataclasses.replace(policy.links, alertmanager=self.ports.url("alertmanager"))
        scrape = dataclasses.replace(policy.scrape, jobs=jobs)
        alerts = watched(policy, self.speed)
        return compress(dataclasses.replace(policy, scrape=scrape, links=links, alerts=alerts), self.speed)


def watched(policy: Policy, speed: float) -> dict[str, Alert]:
    """The alerts, without those on a histogram's bucket, which faster time would move off its bounds.

    Those of neighbours that the demo has not are switched off; ages by another clock stay what they are.
    """
    declared = declarations()
    own = {
        name: dataclasses.replace(policy.alerts[name], above=Duration(figure.seconds * speed))
        for name in _BY_ITS_OWN_CLOCK
        if name in policy.alerts and isinstance(figure := policy.alerts[name].above, Duration)
    }
    return {
        name: alert if declared[name].job in _JOBS else dataclasses.replace(alert, enabled=False)
        for name, alert in (policy.alerts | own).items()
        if "bucket" not in declared[name].takes.values()
    }


@contextmanager
def running(plan: Plan, say: Callable[[str], None]) -> Iterator[tuple[Processes, Sinks]]:
    """Everything of the plan, ready for use; afterwards nothing of it runs. `say` hears what is started.

    Raises UsageError when a server does not start, with its last words.
    """
    ports, folder = plan.ports, plan.folder
    write(plan)
    with (
        Sinks(plan.document.value.contacts, ports.sinks, ports.mail) as sinks,
        Processes(folder / "logs") as processes,
    ):
        for name, command in commands(plan).items():
            say(f"starting {name}")
            process = processes.start(name, command, f"{ports.url(name)}{PROBES[name]}")
        if plan.speed > _SLOW:
            say("waiting for the first scrapes")
            _add_rules(plan, process)
        yield processes, sinks


def _add_rules(plan: Plan, prometheus: Process) -> None:
    """Load the rules after the first scrape of every target.

    Prometheus looks for targets only every five seconds: in fast time that is minutes, and what is not
    scraped yet would be reported as absent.
    """
    url = plan.ports.url("prometheus")
    wanted = len(plan.fast.scrape.jobs)
    _until(prometheus, lambda: figures(url, {"up": "sum(up)"}).get("up", 0) >= wanted, "scraped every target")
    _write_yaml(plan.folder / "prometheus.yml", _prometheus(plan))
    prometheus.popen.send_signal(signal.SIGHUP)
    _until(prometheus, lambda: bool(figures(url, {"fires": "ALERTS"})), "evaluated its rules")


def _until(prometheus: Process, holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _WITHIN
    while not holds():
        if prometheus.popen.poll() is not None or time.monotonic() > deadline:
            raise UsageError(
                f"Prometheus has not {what} within {_WITHIN:.0f} s; its log says: {prometheus.last_words()}"
            )
        time.sleep(_POLL)


def write(plan: Plan) -> None:
    """The configuration of every server, below the plan's folder."""
    import alertmanager.render
    import rules.render

    document = dataclasses.replace(plan.document, value=plan.fast)
    built = plan.folder / "generated"
    for renderer in (rules.render, alertmanager.render):
        for name, text in renderer.render(document).files.items():
            (built / name).parent.mkdir(parents=True, exist_ok=True)
            (built / name).write_text(text, "utf-8")
    generated = yaml.safe_load((built / "alertmanager/alertmanager.yml").read_text("utf-8"))
    turned = sink_addresses.rewrite(
        generated,
        http=plan.ports.url("sinks"),
        smtp=plan.ports.address("mail"),
        templates=built / "alertmanager/templates",
        contacts=plan.document.value.contacts,
    )
    _write_yaml(plan.folder / "alertmanager.yml", turned)
    without_rules: dict[str, object] = {"rule_files": []} if plan.speed > _SLOW else {}
    _write_yaml(plan.folder / "prometheus.yml", _prometheus(plan) | without_rules)
    _write_yaml(plan.folder / "sidecar.yaml", _sidecar(plan))
    for name in ("logs", "state", "consoles", "backups"):
        (plan.folder / name).mkdir()
    page = Path(__file__).with_name("alerts.html").read_text("utf-8")
    (plan.folder / "consoles" / "alerts.html").write_text(page, "utf-8")


def commands(plan: Plan) -> dict[str, list[str | Path]]:
    """Each server's command line, in the order in which they are started."""
    ports, folder = plan.ports, plan.folder
    return {
        "grader": [
            *(sys.executable, "-m", "gradewatch.demo.grader"),
            *("--database", _database(plan)),
            *("--port", str(ports.grader)),
            *("--speed", f"{plan.speed:g}"),
            *("--machine-port", str(ports.machine)),
            *("--backups", folder / "backups"),
        ],
        "sidecar": [sys.executable, "-m", "exporter", "--config", folder / "sidecar.yaml"],
        "alertmanager": [
            plan.alertmanager.path,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={ports.address('alertmanager')}",
            f"--web.external-url={ports.url('alertmanager')}",
            "--cluster.listen-address=",  # alone
            *(["--dispatch.start-delay=0s"] if plan.alertmanager.version >= _START_DELAY_SINCE else []),
        ],
        "prometheus": [
            plan.prometheus.path,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={ports.address('prometheus')}",
            f"--web.external-url={ports.url('prometheus')}",
            f"--web.console.templates={folder / 'consoles'}",
            f"--web.console.libraries={folder / 'consoles'}",
            f"--rules.alert.resend-delay={Duration(max(_RESEND / plan.speed, 1))}",
            *flags(plan.fast),
        ],
    }


def _prometheus(plan: Plan) -> dict[str, object]:
    """The generated configuration with the place of its rules, so that it can lie elsewhere."""
    folder = plan.folder / "generated/prometheus"
    generated: dict[str, object] = yaml.safe_load((folder / "prometheus.yml").read_text("utf-8"))
    return generated | {"rule_files": [str(folder / "*.rules.yaml")]}


def _sidecar(plan: Plan) -> dict[str, object]:
    return {
        "listen": [f"{HOST}:{plan.ports.sidecar}"],
        "state_dir": str(plan.folder / "state"),
        "databases": {"grader": {"url": f"sqlite://{_database(plan)}"}},
        "graders": [{"profile": "demo", "database": "grader", "labels": {"course": ["*"]}}],
        "query_sets": [{"set": "demo", "database": "grader"}],
        "backups": {"grader": {"files": f"{plan.folder / 'backups'}/grader-*.db", "settled": "1s"}},
        "models": {"review": _model()},
        "probes": {"page": {"url": f"{plan.ports.url('grader')}{PROBES['grader']}", "timeout": "1s"}},
    }


def _model() -> dict[str, object]:
    """The demo grader's model. Labels count after a real day, so those that count are of before the demo."""
    trained = datetime.now(UTC) - timedelta(seconds=predictions.TRAINED_BEFORE)
    return {
        "log": {"database": "grader", "table": "predictions"},
        "columns": {"time": "created_at", "version": "version", "latency": "seconds"},
        "reference": {"database": "grader", "table": "training_rows"},
        "features": predictions.FEATURES,
        "labels": {"database": "grader", "table": "audits", "source": "source", "baseline_accuracy": 0.89},
        "trained_at": trained.isoformat(timespec="seconds"),
        "retrain_rows": 1_000_000,
    }


def _database(plan: Plan) -> Path:
    return plan.folder / "grader.db"


def _write_yaml(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
