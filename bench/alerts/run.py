"""The whole bench: simulate, store, record, evaluate, replay, score."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.alerts.incident import Incident, incidents
from bench.alerts.replay import Firing, Notification, firings, heard, notifications
from bench.alerts.rulesets import Record, RuleSet, ours, public, sloth
from bench.alerts.score import Score, score
from bench.alerts.store import Server, served, write_blocks
from bench.alerts.world import World, simulate
from gradewatch.programs import newest
from policy.load import load_policy
from rules.contract import used

ROOT = Path(__file__).parents[2]
SLOTH = "v0.16.0"
GO = Path.home() / "go" / "bin"


def run() -> tuple[list[Score], tuple[Incident, ...], dict[str, list[Notification]]]:
    """The scores of all sets, the incidents, and what each set sent."""
    events = incidents()
    sets = rule_sets()
    world = simulate(events)
    say(f"{len(world.gauges) + len(world.rates)} series of {world.at.size} samples")
    missing(sets, world)
    with tempfile.TemporaryDirectory(prefix="gradewatch-alerts-") as scratch:
        blocks = Path(scratch) / "blocks"
        write_blocks(world.series(), newest("promtool").path, blocks, Path(scratch))
        fired = evaluate(sets, blocks, Path(scratch))
    sent = {rules.title: notifications(rules, heard(rules, fired[rules.title])) for rules in sets}
    return [score(rules, sent[rules.title], events) for rules in sets], events, sent


def rule_sets() -> tuple[RuleSet, ...]:
    """Ours, sloth's where it is at hand, the documents', plain thresholds."""
    policy = load_policy(ROOT / "policy" / "auto-grader.yaml").value
    program = shutil.which("sloth", path=os.pathsep.join([*os.get_exec_path(), str(GO)]))
    if program is None:
        say(f"without sloth: go install github.com/slok/sloth/cmd/sloth@{SLOTH}")
    return (
        ours(ROOT / "generated", policy),
        *([sloth(Path(program), f"sloth {SLOTH}, the same objectives")] if program else ()),
        public("literal", "the documents' rules, literally"),
        public("plain", "plain thresholds"),
    )


def missing(sets: Sequence[RuleSet], world: World) -> None:
    """Say which metrics a rule reads that the simulation does not have: such a rule is not scored."""
    have = {name for name, _ in (*world.gauges, *world.rates)}
    for rules in sets:
        for alert in rules.alerts:
            if lacking := rules.reads(alert.expr) - have:
                say(f"{rules.title}: {alert.name} reads what is not simulated: {', '.join(sorted(lacking))}")


def evaluate(sets: Sequence[RuleSet], blocks: Path, scratch: Path) -> dict[str, list[Firing]]:
    """The firings of every set. A set with records has the samples for itself, to add what they write."""
    found = {}
    for number, rules in enumerate(sets):
        own = blocks
        if rules.records:
            own = Path(shutil.copytree(blocks, scratch / f"blocks-{number}"))
            write_records(rules, own, scratch)
        with served(own, newest("prometheus").path, scratch) as server:
            found[rules.title] = list(_fired(rules, server))
    return found


def write_records(rules: RuleSet, blocks: Path, scratch: Path) -> None:
    """Evaluate the records that the set's alerts need, level by level, and store what they write."""
    for level in levels(needed(rules)):
        made = {}
        with served(blocks, newest("prometheus").path, scratch) as server:
            for record in level:
                say(f"{rules.title}: record {record.name}")
                for labels, values in server.series(record.expr).items():
                    own = {**{k: v for k, v in labels if k != "__name__"}, **record.labels}
                    made[record.name, tuple(sorted(own.items()))] = values
        write_blocks(made, newest("promtool").path, blocks, scratch)


def _fired(rules: RuleSet, server: Server) -> Iterator[Firing]:
    for number, alert in enumerate(rules.alerts, 1):
        say(f"{rules.title}: {number} of {len(rules.alerts)}, {alert.name}")
        yield from firings(alert, server.series(alert.expr))


def needed(rules: RuleSet) -> tuple[Record, ...]:
    """The records that some alert reads, directly or through another record."""
    names = {name for alert in rules.alerts for name in used(alert.expr)}
    while True:
        found = tuple(record for record in rules.records if record.name in names)
        wider = names | {name for record in found for name in used(record.expr)}
        if wider == names:
            return found
        names = wider


def levels(records: Sequence[Record]) -> Iterator[tuple[Record, ...]]:
    """Records whose sources are there already, then those that read them, and so on."""
    left = list(records)
    while left:
        waiting = {record.name for record in left}
        level = tuple(record for record in left if not waiting & used(record.expr) - {record.name})
        if not level:
            raise ValueError(f"records read one another: {sorted(waiting)}")
        yield level
        left = [record for record in left if record not in level]


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)
