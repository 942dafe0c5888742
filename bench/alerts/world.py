"""The simulated system: signals (what is true) become metrics (what a scrape sees), incidents change both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bench.alerts.incident import Incident, Move
from bench.alerts.rhythm import BEGIN, STEP, Array, load, moments
from exporter import catalogue

SEED = 20261102
BACKENDS = ("10.0.0.5:5000", "10.0.0.6:5000")
SIDECAR = {"job": "gradewatch", "instance": "localhost:11910"}
RESPONSE_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0)
_SHARES = {"accepted": 0.45, "partial": 0.25, "rejected": 0.2, "runtime_error": 0.06, "compile_error": 0.04}
WORKERS = 8
SERVICE_SECONDS = 10.0
"""Mean time of one grading: eight workers do 48 a minute."""

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class World:
    """Series by name and labels over `at`; `rates` are counters as their growth a second.

    Where `missing` is true no scrape brought the sample.
    """

    at: Array
    incidents: tuple[Incident, ...]
    gauges: dict[tuple[str, Labels], Array] = field(default_factory=dict)
    rates: dict[tuple[str, Labels], Array] = field(default_factory=dict)
    missing: dict[tuple[str, Labels], Array] = field(default_factory=dict)

    def gauge(self, name: str, values: Array | float, **labels: str) -> None:
        """One gauge."""
        self.gauges[name, _key(labels)] = np.broadcast_to(values, self.at.shape).astype(float)

    def counter(self, name: str, per_second: Array | float, gone: Array | None = None, **labels: str) -> None:
        """One counter that grows so fast; where `gone` is true it is not scraped."""
        self.rates[name, _key(labels)] = np.broadcast_to(per_second, self.at.shape).astype(float)
        if gone is not None:
            self.missing[name, _key(labels)] = gone

    def moved(self, moves: Iterable[tuple[Incident, Move]]) -> None:
        """Change the series that the incidents' moves name; ValueError for a move that finds none."""
        for incident, move in moves:
            found = [
                values
                for store in (self.gauges, self.rates)
                for (name, labels), values in store.items()
                if name == move.metric and dict(labels).items() >= move.where.items()
            ]
            if not found:
                raise ValueError(f"{incident.name}: no series {move.metric} {move.where}")
            for values in found:
                values[:] = applied(values, self.at, incident, move)

    def series(self) -> dict[tuple[str, Labels], Array]:
        """What the scrapes saw."""
        grown = {key: np.cumsum(rate) * STEP for key, rate in self.rates.items()}
        for key, gone in self.missing.items():
            grown[key][gone] = np.nan
        return self.gauges | grown


def applied(values: Array, at: Array, incident: Incident, move: Move) -> Array:
    """`values` with one move of one incident."""
    inside = (at >= incident.start) & (at < incident.end)
    share = np.clip((at - incident.start) / (incident.end - incident.start), 0, 1)
    changed = {
        "to": np.full_like(values, move.value),
        "times": values * move.value,
        "add": values + move.value,
        "ramp": values + (move.value - values) * share,
    }[move.how]
    return np.where(inside, changed, values)


def simulate(incidents: tuple[Incident, ...]) -> World:
    """All series of the simulated weeks: the same on every run."""
    chance = np.random.default_rng(SEED)
    at = moments()
    world = World(at, incidents)
    signals = _signals(at, incidents, chance)
    _application(world, signals, chance)
    _grader(world, signals, chance)
    _machines(world, signals, chance)
    world.moved((incident, move) for incident in incidents for move in incident.moves if move.metric)
    return world


def _signals(at: Array, incidents: tuple[Incident, ...], chance: np.random.Generator) -> dict[str, Array]:
    """What is true of the system: its own rhythm, its ordinary noise, then the incidents."""
    busy = load(at)
    day, hour = at // 86400, at % 86400 / 3600
    signals = {
        "load": busy,
        "arrivals": busy * 30,
        "capacity": np.full_like(at, WORKERS * 60 / SERVICE_SECONDS),
        "failure_share": np.full_like(at, 0.004),
        "backend_up": np.ones_like(at),
        "server_error_share": np.full_like(at, 0.0006),
        "response_median": 0.09 * (1 + 0.5 * busy),
        "host_busy": 0.08 + 0.3 * np.minimum(busy, 2) + 0.35 * ((hour >= 2) & (hour < 2.4)),
    }
    # A pause of the garbage collector or a cold cache: one slow minute, three times a day.
    slow = chance.random(at.size) < 3 / 1440
    signals["response_median"] = np.where(slow, signals["response_median"] * 8, signals["response_median"])
    # A release on Tuesday and Thursday at ten: for two minutes one request in forty fails.
    release = np.isin(day % 7, (1, 3)) & (hour >= 10) & (hour < 10 + 2 / 60)
    signals["server_error_share"] = np.where(release, 0.025, signals["server_error_share"])
    for incident in incidents:
        for move in incident.moves:
            if move.signal:
                signals[move.signal] = applied(signals[move.signal], at, incident, move)
    return signals


def _application(world: World, signals: Mapping[str, Array], chance: np.random.Generator) -> None:
    requests = signals["load"] * 90 + 0.15
    for index, instance in enumerate(BACKENDS):
        labels = {"job": "auto-grader-backend", "instance": instance}
        hour, day = world.at % 86400 / 3600, world.at // 86400
        restart = np.isin(day % 7, (1, 3)) & (np.abs(hour - 10 - index / 60) < 1 / 120)
        up = signals["backend_up"] * ~restart
        gone = up == 0
        world.gauge("up", up, **labels)
        seen = chance.poisson(requests * STEP * up).astype(float)
        failed = chance.binomial(seen.astype(int), np.clip(signals["server_error_share"], 0, 1))
        refused = chance.binomial(seen.astype(int), 0.02)
        for status, events in (("500", failed), ("404", refused), ("200", seen - failed - refused)):
            world.counter("http_requests_total", np.maximum(events, 0) / STEP, gone, status=status, **labels)
        _responses(
            world,
            seen / STEP,
            signals["response_median"] * chance.lognormal(0, 0.04, seen.size),
            gone,
            labels,
        )
        memory = 1.4e9 + 0.4e9 * signals["load"] * chance.normal(1, 0.03, seen.size)
        world.gauge("process_resident_memory_bytes", memory, **labels)
        world.counter("process_cpu_seconds_total", np.clip(0.05 + 0.25 * signals["load"], 0, 0.9), **labels)
        world.gauge("process_start_time_seconds", 1.0e9, **labels)


def _responses(
    world: World, per_second: Array, median: Array, gone: Array, labels: Mapping[str, str]
) -> None:
    """A histogram of log-normal response times (sigma 0.8)."""
    for bound in (*RESPONSE_BOUNDS, np.inf):
        share = _below((np.log(bound) - np.log(median)) / 0.8) if np.isfinite(bound) else 1.0
        le = "+Inf" if np.isinf(bound) else f"{bound:g}" if bound < 1 else f"{bound:.1f}"
        world.counter("http_request_duration_seconds_bucket", per_second * share, gone, le=le, **labels)
    world.counter("http_request_duration_seconds_count", per_second, gone, **labels)
    world.counter("http_request_duration_seconds_sum", per_second * median * np.exp(0.32), gone, **labels)


def _below(x: Array) -> Array:
    """Cumulative normal distribution, to 1e-4 (Page 1977): enough for buckets."""
    return np.asarray(1 / (1 + np.exp(-(1.5976 * x + 0.070565976 * x**3))))


def _grader(world: World, signals: Mapping[str, Array], chance: np.random.Generator) -> None:
    arrived = chance.poisson(signals["arrivals"])
    depth, done, waiting = np.zeros(world.at.size), np.zeros(world.at.size), 0.0
    for step, count in enumerate(arrived):
        waiting += count
        done[step] = min(waiting, round(signals["capacity"][step]))
        waiting -= done[step]
        depth[step] = waiting
    failed = chance.binomial(done.astype(int), np.clip(signals["failure_share"], 0, 1)).astype(float)
    first = chance.binomial(arrived, 0.6).astype(float)
    for attempt, events in (("first", first), ("resubmission", arrived - first)):
        world.counter("grader_submissions_total", events / STEP, attempt=attempt, **SIDECAR)
    for outcome in catalogue.OUTCOMES:
        events = failed if outcome == "internal_error" else (done - failed) * _SHARES.get(outcome, 0.0)
        world.counter("grader_gradings_total", events / STEP, outcome=outcome, **SIDECAR)
    for stage in catalogue.FAILURE_STAGES:
        events = failed if stage == "grade" else failed * 0
        world.counter("grader_grading_failures_total", events / STEP, stage=stage, **SIDECAR)
    running = np.minimum(WORKERS, arrived * SERVICE_SECONDS / STEP)
    for state, length, oldest in (
        ("waiting", depth, _oldest(depth, arrived)),
        ("running", running, np.where(running > 0, 8.0, 0.0)),
    ):
        world.gauge("grader_queue_depth", length, queue="grading", state=state, **SIDECAR)
        world.gauge("grader_queue_oldest_age_seconds", oldest, queue="grading", state=state, **SIDECAR)
    alive = np.round(WORKERS * np.minimum(1, signals["capacity"] / (WORKERS * 60 / SERVICE_SECONDS)))
    busy = np.minimum(alive, np.ceil(running))
    for state, workers in (("online", alive - busy), ("busy", busy), ("stale", WORKERS - alive)):
        world.gauge("grader_workers", workers, state=state, **SIDECAR)
    for window, hours in (("1h", 60), ("24h", 1440)):
        users = np.convolve(arrived, np.ones(hours))[: arrived.size] * 0.3
        world.gauge("grader_active_users", np.where(users < 5, 0, np.round(users)), window=window, **SIDECAR)


def _oldest(depth: Array, arrived: Array) -> Array:
    """Age of the oldest that waits, in seconds: how far back the last `depth` arrivals reach."""
    total = np.cumsum(arrived)
    first = np.searchsorted(total, total - depth, side="right")
    age = (np.arange(total.size) - first + 0.5) * STEP
    return np.where(depth > 0, np.maximum(age, 1.0), 0.0)


def _machines(world: World, signals: Mapping[str, Array], chance: np.random.Generator) -> None:
    """What bench/alerts/machines.yaml lists: values with noise and rhythm, and the hosts' processors."""
    for host in ("app:9100", "db:9100"):
        busy = np.clip(signals["host_busy"] * chance.normal(1, 0.06, world.at.size), 0, 1)
        for cpu in ("0", "1"):
            for mode, share in (("idle", 1 - busy), ("user", busy * 0.8), ("system", busy * 0.2)):
                world.counter("node_cpu_seconds_total", share, job="node", instance=host, cpu=cpu, mode=mode)
    raw = yaml.safe_load(Path(__file__).with_name("machines.yaml").read_text(encoding="utf-8"))
    for entry in raw:
        _listed(world, entry, signals["load"], chance)


def _listed(world: World, entry: dict[str, Any], busy: Array, chance: np.random.Generator) -> None:
    noise = chance.normal(1, entry.get("noise", 0.0), busy.size)
    shape = (1 + entry.get("rhythm", 0.0) * busy) * noise
    for labels in entry.get("labels", [{}]):
        for name, value in entry["is"].items():
            amount = 0.0 if value == "nightly" else float(value)
            if value == "nightly":
                world.gauge(name, BEGIN + np.floor(world.at / 86400 - 0.1) * 86400 + 8640, **labels)
            elif name.endswith(("_total", "_bucket", "_count", "_sum")) or entry.get("counter"):
                world.counter(name, np.maximum(amount * shape, 0), **labels)
            else:
                world.gauge(name, amount * shape, **labels)


def _key(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))
