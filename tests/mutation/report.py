"""docs/mutation.md, from what is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.mutation import equivalent
from tests.mutation.record import Line, current
from tests.mutation.trial import Subject

PATH = Path(__file__).parents[2] / "docs/mutation.md"

KINDS = {
    "operator": "a comparison, an arithmetic or a set operator by another, one at a time",
    "figure": "a threshold, a count of events, a quantile, a factor 5 % more and 5 % less; 0 by 1",
    "side": "one side of `and`, `or`, `unless` left out, the guard of a minimum count among them",
    "alternative": "one alternative of `or` left out whole",
    "guard": "`> 0` left out where it keeps out what is empty",
    "window": "five times the window, and half of it; a record by the same over another window",
    "offset": "five times the offset, and half of it",
    "function": "`rate` by `irate` and `increase`, `sum` by `max`, `avg_over_time` by `max_over_time`, ...",
    "matcher": "a matcher left out; another value in it",
    "label": "a label left out of `by ()` or `on ()`",
    "text": "another text in a function",
    "for": "without `for`, and five times as long",
    "keep_firing_for": "without `keep_firing_for`, and twice as long",
    "labels": "another priority, severity, team, category, ...: each label of the rule",
    "annotations": "another summary, description, runbook, ...: each text of the rule",
}
"""What is changed, by the first word of a change."""

_PAGE = """# Would the tests notice?

`make mutate` changes one thing in one rule, and some test must then fail. Each rule of the shipped policies
is changed once, in the first policy that has it (the others have the same rule with figures of their own);
each change is one mutant. Written by `python -m tests.mutation.rules --changed --write` from
`tests/mutation/noticed.tsv`: the outcome of each rule, with a fingerprint of the rule and its tests.

**{noticed} of {counted} mutants of {rules} rules were noticed ({share}).** {equivalent} more mean the same as
their rule, and are listed below. A mutant that survives and is not listed makes the command fail{none}.

* `make mutate`: every rule; `make mutate RULES="'Model*'"`: some. Progress is told on the way; the outcome
  of a rule is kept as soon as it is there.
* `make mutate-changed`: the rules that are not in `noticed.tsv` as they are now with the tests of now. CI
  runs it; it needs no history. Whoever changes a rule or its tests runs it too and commits the file.
* A change that changes nothing, or that is no PromQL, is an error; so is a listed mutant that is noticed.

{open}## What is changed

| change | mutants |
|---|---:|
{kinds}

## What no test can notice

| rule | change | mutants | why it means the same |
|---|---|---:|---|
{reasons}
"""


def write(text: str) -> None:
    """The page anew."""
    PATH.write_text(text, encoding="utf-8")


def page(lines: Iterable[Line], subjects: Sequence[Subject]) -> str:
    """The page as text; the figures are those of the lines."""
    lines = list(lines)
    shown = {line.key: line for line in lines}
    open_ = [one.title for one in subjects if not current(shown, one)]
    noticed, same = sum(line.noticed for line in lines), sum(line.equivalent for line in lines)
    counted = sum(line.mutants for line in lines) - same
    kinds = Counter(_kind(m.change) for subject in subjects for m in subject.mutants)
    reasons = Counter(
        entry
        for subject in subjects
        for mutant in subject.mutants
        if (entry := equivalent.entry(subject.title, mutant.change))
    )
    return _PAGE.format(
        noticed=noticed,
        counted=counted,
        rules=len(lines),
        share=f"{100 * noticed / counted:.2f} %",
        equivalent=same,
        none="; there is none" if noticed == counted else "",
        open=f"Not shown as they are now: {', '.join(open_)}.\n\n" if open_ else "",
        kinds="\n".join(f"| {told} | {kinds[kind]} |" for kind, told in KINDS.items()),
        reasons="\n".join(
            f"| {_cell(entry.rule)} | {_cell(entry.change)} | {count} | {entry.why} |"
            for entry, count in reasons.items()
        ),
    )


def _kind(change: str) -> str:
    return change.split(maxsplit=1)[0].split(".", maxsplit=1)[0]


def _cell(pattern: str) -> str:
    escaped = pattern.replace("|", "\\|")
    return f"`{escaped}`"
