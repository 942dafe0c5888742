"""`python -m bench.alerts`: print the scores.

`-v` lists each notification without an incident, `--write` puts the tables into docs/benchmarks.md.
"""

from __future__ import annotations

import sys

from bench.alerts.incident import RESPOND, Incident
from bench.alerts.rhythm import SCORED_DAYS
from bench.alerts.run import run
from bench.alerts.score import Score
from bench.document import machine, replace_section

_HOW = """\
`make bench-alerts`: a simulator writes a month of a grader's metrics with daily rhythm, deadlines, weekends,
noise, releases and a labelled list of incidents ([incidents.yaml](../bench/alerts/incidents.yaml)) into a
real Prometheus, which evaluates every expression; `for`, `keep_firing_for`, inhibition, grouping and
repetition are replayed (a test compares the replay with promtool). A rule has found an incident when it reads
a metric that shows it and its message comes while it lasts. Nobody acknowledges, later steps are not counted.
*Pages* are P1 and P2. The rules of the model are left out. The incidents were chosen by those who wrote the
rules: the table compares sets, it does not predict your nights. sloth's set is what it generates from
[the same objectives](../bench/alerts/sloth.yaml), page alerts as P1 and ticket alerts as P3; it is left out
where the program is not on PATH. It makes alerts of objectives and no others; those are left to its user.
"""


def main() -> None:
    """Run the bench and print what came out."""
    scores, incidents, _ = run()
    tables = table(scores, incidents) + "\n" + by_incident(scores, incidents)
    print(tables)
    if "--write" in sys.argv:
        replace_section("alerts", "Alerts", f"{_HOW}\n{machine()}\n\n{tables}")
    if "-v" in sys.argv:
        for one in scores:
            print(f"\n{one.title}: notifications without an incident")
            for note in one.noise:
                print(f"  {_when(note.at)} {note.priority} {', '.join(sorted(note.names))}")


def table(scores: list[Score], incidents: tuple[Incident, ...]) -> str:
    """The summary as Markdown."""
    urgent = [incident.name for incident in incidents if incident.priority in ("P1", "P2")]
    lines = [
        f"{len(incidents)} incidents ({len(urgent)} of them P1 or P2) in {SCORED_DAYS} days.",
        "",
        "| rules | alerts | incidents found | P1 and P2 found in time | notifications | of them pages "
        "| pages without incident a week |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in scores:
        in_time = sum(name in one.in_time for name in urgent)
        lines.append(
            f"| {one.title} | {one.rules} | {len(one.found)} of {len(incidents)} "
            f"| {in_time} of {len(urgent)} | {one.notifications} | {one.pages} "
            f"| {one.pages_for_nothing_a_week:.1f} |"
        )
    return "\n".join(lines)


def by_incident(scores: list[Score], incidents: tuple[Incident, ...]) -> str:
    """Time to detection of each incident, as Markdown."""
    lines = ["", "| incident | priority, known within | " + " | ".join(one.title for one in scores) + " |"]
    lines.append("|---|---|" + "---|" * len(scores))
    for incident in incidents:
        cells = [_found(one, incident) for one in scores]
        limit = f"{incident.priority}, {RESPOND[incident.priority] / 60:.0f} min"
        lines.append(f"| {incident.name} | {limit} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _found(one: Score, incident: Incident) -> str:
    if incident.name not in one.found:
        return "not found"
    late = "" if incident.name in one.in_time else ", late"
    return f"{one.found[incident.name] / 60:.0f} min{late}"


def _when(at: float) -> str:
    return f"day {at // 86400:2.0f} {at % 86400 // 3600:02.0f}:{at % 3600 // 60:02.0f}"


if __name__ == "__main__":
    main()
