"""Would the tests notice? Each mutant changes one thing in one rule; some test must then fail.

    python -m tests.mutation.rules [--changed] [--jobs N] [--write] [RULE ...]

RULE is a title or a pattern of titles ('ServiceDown 1', 'Model*'); without one, every rule of every
shipped policy, each once. The outcome of a rule goes to noticed.tsv as soon as it is there. `--changed`
leaves out the rules that stand there with the same tests: a run that was ended goes on where it was.
`--write` also writes docs/mutation.md. Exit 1 when a mutant survives that is not listed as equivalent, 2 for
a wrong argument.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from tests.mutation import equivalent, record, report, trial
from tests.mutation.trial import Bench, Subject


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants of one rule."""

    subject: Subject
    survivors: tuple[str, ...]
    equivalent: tuple[str, ...]
    wrongly_listed: tuple[str, ...]
    """Listed as equivalent, yet a test noticed them."""
    wrong_before: str = ""
    """A test that fails without any change; then nothing is known."""

    @property
    def noticed(self) -> int:
        return len(self.subject.mutants) - len(self.survivors) - len(self.equivalent)

    @property
    def good(self) -> bool:
        return not self.survivors and not self.wrongly_listed and not self.wrong_before


@dataclass(slots=True)
class Progress:
    """How far a run is, on stderr at most every few seconds."""

    rules: int
    mutants: int
    done: int = 0
    tried: int = 0
    noticed: int = 0
    equivalent: int = 0
    began: float = field(default_factory=time.monotonic)
    told: float = 0

    def add(self, outcome: Outcome) -> None:
        """One more rule is done."""
        self.done += 1
        self.tried += len(outcome.subject.mutants)
        self.noticed += outcome.noticed
        self.equivalent += len(outcome.equivalent)
        now = time.monotonic()
        if now - self.told > 5 or self.done == self.rules:
            self.told = now
            left = (now - self.began) / self.tried * (self.mutants - self.tried)
            print(
                f"{self.done} of {self.rules} rules, {self.tried} of {self.mutants} mutants, "
                f"{self.share():.2f} % noticed, {left / 60:.0f} min left",
                file=sys.stderr,
                flush=True,
            )

    def share(self) -> float:
        """The share of the mutants that could be noticed and were, in percent."""
        counted = self.tried - self.equivalent
        return 100 * self.noticed / counted if counted else 100.0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.rules", allow_abbrev=False)
    parser.add_argument("rules", nargs="*", metavar="RULE", help="title of a rule, or a pattern of titles")
    parser.add_argument("--changed", action="store_true", help="what is not in noticed.tsv as it is now")
    parser.add_argument("--jobs", type=int, default=2, help="processes of promtool at a time (default: 2)")
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md too")
    given = parser.parse_args(arguments)
    every = list(trial.subjects(trial.benches()))
    wanted = list(chosen(every, given.rules))
    if given.rules and not wanted:
        parser.error(f"no rule is called {' or '.join(given.rules)}; titles are like 'ServiceDown 1'")
    if given.changed:
        lines = known(every)
        wanted = [(bench, s) for bench, s in wanted if not record.current(lines, s)]
    good = run(wanted, given.jobs)
    if given.write:
        report.write(report.page(known(every).values(), [subject for _, subject in every]))
    return 0 if good else 1


def chosen(every: Iterable[tuple[Bench, Subject]], patterns: list[str]) -> Iterator[tuple[Bench, Subject]]:
    """The rules whose title, or the first word of it, is wanted; all without a pattern."""
    for bench, subject in every:
        names = (subject.title, subject.title.split()[0])
        if not patterns or any(fnmatch.fnmatchcase(name, p) for p in patterns for name in names):
            yield bench, subject


def known(every: Iterable[tuple[Bench, Subject]]) -> dict[tuple[str, str], record.Line]:
    """The recorded lines of rules that still exist."""
    keys = {(subject.policy, subject.title) for _, subject in every}
    return {key: line for key, line in record.read().items() if key in keys}


def run(wanted: list[tuple[Bench, Subject]], jobs: int) -> bool:
    """Try the mutants of these rules and record the outcome; whether all is well."""
    # The cheap ones first, so that a run that is ended has shown most; steps are told by their text.
    wanted = sorted(wanted, key=lambda pair: (_escalation(pair[1]) == 0, _cost(pair[1])))
    progress = Progress(len(wanted), sum(len(subject.mutants) for _, subject in wanted))
    good = True
    pool = ThreadPoolExecutor(jobs)
    try:
        futures = [pool.submit(outcome, bench, subject) for bench, subject in wanted]
        for future in as_completed(futures):
            one = future.result()
            key = one.subject.policy, one.subject.title
            line = record.line(one.subject, one.noticed, len(one.equivalent))
            record.put(key, None if one.wrongly_listed or one.wrong_before else line)
            if one.wrong_before:
                print(f"not tried: {one.wrong_before}", flush=True)
            for change in one.survivors if not one.wrong_before else ():
                print(f"survives: {one.subject.title}: {change}", flush=True)
            for change in one.wrongly_listed:
                print(f"listed as equivalent but noticed: {one.subject.title}: {change}", flush=True)
            good = good and one.good
            progress.add(one)
    finally:
        pool.shutdown(cancel_futures=True)  # an error ends the run now, not after all other rules
    print(
        f"{progress.noticed} of {progress.tried - progress.equivalent} mutants of {progress.done} rules "
        f"noticed ({progress.share():.2f} %), {progress.equivalent} equivalent"
    )
    return good


def _escalation(subject: Subject) -> int:
    return int(subject.rule.get("labels", {}).get("escalation", 0))


def _cost(subject: Subject) -> float:
    """Most mutants are noticed by the first tests; a few see them all."""
    costs = [test.cost for test in subject.tests]
    return len(subject.mutants) * sum(costs[:3]) + 4 * sum(costs)


def outcome(bench: Bench, subject: Subject) -> Outcome:
    """What becomes of the mutants of one rule."""
    listed = {m.change for m in subject.mutants if equivalent.entry(subject.title, m.change)}
    try:
        alive = {mutant.change for mutant in bench.survivors(subject, listed)}
    except trial.WrongBefore as error:
        return Outcome(subject, tuple(m.change for m in subject.mutants), (), (), wrong_before=str(error))
    return Outcome(
        subject, tuple(sorted(alive - listed)), tuple(sorted(alive & listed)), tuple(sorted(listed - alive))
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
