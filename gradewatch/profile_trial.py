"""`gradewatch profile try`: a profile run once on a database, and what came of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from exporter.catalogue import AddedLabel
from exporter.collector import CollectError, Collector, Deadline, Row, RowFamily
from exporter.collectors import build
from exporter.collectors.facts import Facts, ProfileCollector
from exporter.collectors.state_blocks import OWN_QUEUE
from exporter.config.databases import Database
from exporter.config.graders import Grader
from exporter.config.names import unreadable
from exporter.config.whole import Config
from exporter.databases import dialect_of
from exporter.databases.pool import Pool
from exporter.profiles import Profile, bind
from exporter.profiles.grants import Place
from exporter.profiles.labels import with_labels
from gradewatch import exits
from gradewatch.profile_pages import rights
from gradewatch.tables import paragraph, table
from typedyaml.units import Duration

_QUESTIONS = {"rows": "submissions", "busy_workers": "workers"}


@dataclass(frozen=True, slots=True)
class Trial:
    """One run, with all that it needs; nothing is opened before `run`."""

    config: Config
    profile: Profile
    dialect: str
    seconds: float

    @classmethod
    def of(
        cls,
        args: argparse.Namespace,
        profile: Profile,
        options: Mapping[str, str],
        labels: Sequence[AddedLabel],
    ) -> Trial:
        """Check what the user gave; raises UsageError."""
        try:
            dialect, length = dialect_of(args.url), Duration.parse(args.timeout)
            if urlsplit(args.url).password is not None:
                raise ValueError("no password in a URL: write it to a file and give --password-file")
        except ValueError as error:
            raise exits.UsageError(str(error)) from None
        if dialect not in profile.dialects:
            written = " and ".join(profile.dialects)
            raise exits.UsageError(f"profile {profile.profile} is written for {written}, this is {dialect}")
        path = str(Path(args.password_file).absolute()) if args.password_file else None
        if path and (why := unreadable(path)):
            raise exits.UsageError(f"{path} cannot be read: {why}")
        database = Database(args.url, timeout=length, password_file=path)
        grader = Grader(
            args.profile, "grader", min_users=1, options=dict(options), labels=dict.fromkeys(labels, ("*",))
        )
        config = Config({"grader": database}, (grader,))
        bound = with_labels(bind(profile, dialect, options), labels)
        return cls(config, bound, dialect, length.seconds)

    def run(self) -> int:
        """Ask every block once and print what it found; 1 when one of them failed."""
        try:
            collectors = build(self.config, once=True)
        except ValueError as error:
            raise exits.UsageError(str(error)) from None
        (facts,) = [c.facts for c in collectors if isinstance(c, ProfileCollector)]
        asked = [c for c in collectors if not isinstance(c, ProfileCollector) and c.name != "database"]
        if sentence := self._unreachable(asked):
            print(sentence)
            return exits.FINDINGS
        failures = {}
        found: dict[str, list[str]] = {}
        for collector in asked:
            try:
                families = collector.collect(Deadline.after(self.seconds))
                found[collector.name] = [_told(f) for f in families if isinstance(f, RowFamily)]
            except CollectError as error:
                failures[collector.name] = f"{error.message} ({error.reason})"
        self._print(facts, found, failures)
        self._warn(asked)
        return exits.FINDINGS if failures else exits.GOOD

    def _unreachable(self, collectors: Iterable[Collector]) -> str | None:
        pool = _pool(collectors)
        try:
            with pool.session(Deadline.after(self.seconds)) as session:
                session.run(pool.dialect.light_statement)
        except CollectError as error:
            return paragraph(f"The database does not answer: {error.message} ({error.reason}).")
        return None

    def _print(self, facts: Facts, found: Mapping[str, list[str]], failures: Mapping[str, str]) -> None:
        counted = "counted from the first row on, nothing is remembered"
        print(paragraph(f"{self.profile.title}, profile {self.profile.profile}: {counted}."), end="\n\n")
        rows = []
        for name, block in facts.blocks.items():
            question = _QUESTIONS.get(name, name)
            failed = question in failures
            took = "" if block.duration is None else f"{block.duration * 1000:.0f} ms"
            lines = [f"FAILED: {failures[question]}"] if failed else found.get(question, [])
            lines = [] if name == "busy_workers" and not failed else lines
            number = "" if block.rows is None else str(block.rows)
            rows.append((name, number, took, lines[0] if lines else ""))
            rows += [("", "", "", line) for line in lines[1:]]
        print(table(("block", "rows", "time", "found"), rows))
        if failures:
            count = len(failures)
            missing = f"{count} question{'s' * (count != 1)} without an answer."
            print(
                "\n"
                + paragraph(
                    f"{missing} A table or column that is missing belongs to another release of "
                    f"{self.profile.title} ({self.profile.version} was verified); what is "
                    "refused needs these rights:"
                ),
                end="\n\n",
            )
            print(rights(self.profile, self.dialect, self._place()) or "  reading the file")

    def _place(self) -> Place:
        """The database and role of the URL; in MySQL it may be the database of the views that it names."""
        url = urlsplit(self.config.databases["grader"].url)
        database, role = url.path.strip("/") or self.profile.profile, url.username or "gradewatch"
        if self.dialect == "mysql" and self.profile.masked:
            return Place(self.profile.profile, role, views=database)
        return Place(database, role)

    def _warn(self, collectors: Iterable[Collector]) -> None:
        """The sidecar refuses to write, but a role that cannot is the better guard."""
        pool = _pool(collectors)
        try:
            with pool.session(Deadline.after(self.seconds)) as session:
                more = session.writing_rights()
        except CollectError as error:
            print("\n" + paragraph(f"Whether the role can write is unknown: {error.message}"))
            return
        if more:
            listed = ", ".join(more[:5]) + (", ..." if len(more) > 5 else "")
            name = self.config.graders[0].profile
            print(
                "\n"
                + paragraph(
                    f"Warning: this role can do more than read: {listed}. Give the sidecar one"
                    f" that cannot; `gradewatch profile show {name}` prints its rights."
                )
            )


def _pool(collectors: Iterable[Collector]) -> Pool:
    """The connections that they share."""
    pools = (getattr(getattr(c, "collector", c), "pool", None) for c in collectors)
    return next(pool for pool in pools if isinstance(pool, Pool))


def _told(family: RowFamily) -> str:
    """A family in a line: the series that are not 0, a histogram's counts and means."""
    name, labels = family.family.name.removeprefix("grader_"), len(family.family.labels)
    parts = []
    for row in family.rows:
        value = _histogram(row, name) if family.type == "histogram" else _number(row[-1], name)
        if value:
            which = [str(label) for label in row[:labels] if label != OWN_QUEUE]
            parts.append(" ".join([*which, value]))
    return f"{name}: {', '.join(parts) or 'nothing'}"


def _number(value: float | None, name: str) -> str:
    """Empty for what is 0 or absent."""
    if not value:
        return ""
    return f"{value:.3g} s" if name.endswith("_seconds") else f"{value:.10g}"


def _histogram(row: Row, name: str) -> str:
    *_, total, count = row
    unit = " s" if name.endswith("_seconds") else ""
    return f"{count} of {total / count:.3g}{unit} on average" if count else ""
