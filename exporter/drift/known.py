"""What is known of a model between two rounds: position, counts, counters, decisions. Saved as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exporter import catalogue
from exporter.catalogue import LABEL_SOURCES
from exporter.drift.arrays import Counts
from exporter.drift.decide import Streak
from exporter.drift.register import Label, Register
from exporter.drift.ring import Plan, Ring
from exporter.drift.saved import Arrays
from exporter.drift.sources import Place
from exporter.tally import Tally, from_json, to_json

_REGISTER = ("keys", "times", "predicted", "versions", "labels", "orders")


@dataclass(slots=True)
class VersionKnown:
    """One version. `number` stands for it in the register; times are Unix seconds.

    `ring` is None while there is no reference; `fingerprint` is that of the reference it was counted by.
    """

    number: int
    ring: Ring | None = None
    fingerprint: str = ""
    first: float = np.inf
    last: float = -np.inf
    new_samples: int = 0
    streaks: dict[str, Streak] = field(default_factory=dict)
    last_close: int | None = None
    baselines: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Known:
    """All of it. `rebuilding`: what is being read was counted before, so no counter rises."""

    place: Place | None = None
    label_place: Place | None = None
    rebuilding: bool = True
    newest: float | None = None
    next_number: int = 0
    label_order: float = 0.0
    versions: dict[str, VersionKnown] = field(default_factory=dict)
    register: Register = field(default_factory=Register)
    tally: Tally = field(default_factory=Tally)

    def forget_rows(self) -> None:
        """Everything that reading the log again brings back; counters and baselines stay."""
        self.place = self.label_place = None
        self.rebuilding = True
        self.register = Register(classes=self.register.classes)
        for version in self.versions.values():
            version.ring = Ring(version.ring.plan, version.ring.kept_days) if version.ring else None
            version.new_samples = 0


def declare(tally: Tally, model: str) -> None:
    """Make the counters exist at 0."""
    tally.declare(catalogue.GRADER_MODEL_LOG_ROWS_READ_TOTAL, [(model,)])
    tally.declare(catalogue.GRADER_MODEL_VERSIONS_DROPPED_TOTAL, [(model,)])
    tally.declare(catalogue.GRADER_MODEL_SERIES_DROPPED_TOTAL, [(model,)])
    tally.declare(catalogue.GRADER_MODEL_DRIFT_EVALUATION_DURATION_SECONDS, [(model,)])
    rejections = [(model, reason) for reason in catalogue.REJECTIONS]
    tally.declare(catalogue.GRADER_MODEL_ROWS_REJECTED_TOTAL, rejections)
    stages = [(model, stage) for stage in catalogue.DRIFT_STAGES]
    tally.declare(catalogue.GRADER_MODEL_DRIFT_ERRORS_TOTAL, stages)


def forget_version(tally: Tally, model: str, version: str) -> None:
    """Leave out the counters of a version that is given up: there would be more of them without end."""
    for counted in tally.counters.values():
        counted.pop((model, version), None)
    for observed in tally.histograms.values():
        observed.pop((model, version), None)


def to_saved(known: Known) -> tuple[dict[str, Any], Arrays]:
    """As JSON values and arrays."""
    arrays: Arrays = {}
    versions = {}
    for name, version in known.versions.items():
        saved: dict[str, Any] = {
            "number": version.number,
            "fingerprint": version.fingerprint,
            "first": version.first,
            "last": version.last,
            "new_samples": version.new_samples,
            "streaks": {key: streak.closes for key, streak in version.streaks.items()},
            "last_close": version.last_close,
            "baselines": version.baselines,
        }
        if version.ring:
            for kind, buckets in (("hours", version.ring.hours), ("days", version.ring.days)):
                saved[kind] = list(buckets)
                if buckets:
                    arrays[f"{kind}{version.number}"] = _stacked(list(buckets.values()))
        versions[name] = saved
    register = known.register
    if register.size:
        for column in _REGISTER:
            arrays[column] = getattr(register, column)[: register.size]
    waiting = [[label.key, label.value, label.source, label.order] for label in register.waiting.values()]
    state = {
        "place": known.place,
        "label_place": known.label_place,
        "rebuilding": known.rebuilding,
        "newest": known.newest,
        "next_number": known.next_number,
        "label_order": known.label_order,
        "versions": versions,
        "classes": register.classes,
        "waiting": waiting,
        "tally": to_json(known.tally),
    }
    return state, arrays


def _stacked(buckets: list[Counts]) -> Counts:
    """Buckets as one array, in half of the bytes where counts fit: a tenth of a round is to write them."""
    small = max(int(bucket.max()) for bucket in buckets) <= np.iinfo(np.uint16).max
    return np.stack(buckets, dtype=np.uint16 if small else np.int32, casting="unsafe")


def from_saved(state: dict[str, Any], arrays: Arrays) -> Known:
    """The reverse; rings come with their reference (`with_ring`).

    KeyError, TypeError or ValueError for what is no state.
    """
    register = Register(classes=list(state["classes"]))
    if "keys" in arrays:
        register.size = len(arrays["keys"])
        for column in _REGISTER:
            setattr(register, column, arrays[column])
        if register.labels.shape != (register.size, len(LABEL_SOURCES)):
            raise ValueError("another set of label sources")
    labels = [
        Label(int(key), float(value), int(source), order) for key, value, source, order in state["waiting"]
    ]
    register.waiting = {(label.key, label.source): label for label in labels}
    versions = {
        name: VersionKnown(
            number=int(saved["number"]),
            fingerprint=saved["fingerprint"],
            first=saved["first"],
            last=saved["last"],
            new_samples=int(saved["new_samples"]),
            streaks={key: Streak(closes) for key, closes in saved["streaks"].items()},
            last_close=saved["last_close"],
            baselines=dict(saved["baselines"]),
        )
        for name, saved in state["versions"].items()
    }
    return Known(
        place=state["place"],
        label_place=state["label_place"],
        rebuilding=bool(state["rebuilding"]),
        newest=state["newest"],
        next_number=int(state["next_number"]),
        label_order=float(state["label_order"]),
        versions=versions,
        register=register,
        tally=from_json(state["tally"]),
    )


def with_ring(version: VersionKnown, plan: Plan, state: dict[str, Any], arrays: Arrays) -> bool:
    """Give a version its saved ring back; False when that was counted by another reference."""
    if version.fingerprint != plan.reference.fingerprint or "hours" not in state:
        return False
    ring = Ring(plan)
    for kind, buckets in (("hours", ring.hours), ("days", ring.days)):
        numbers = [int(number) for number in state[kind]]
        if numbers:
            counts = arrays[f"{kind}{version.number}"]
            if counts.shape != (len(numbers), plan.length):
                return False
            buckets.update(zip(numbers, counts.astype(np.int32), strict=True))
    version.ring = ring
    return True
