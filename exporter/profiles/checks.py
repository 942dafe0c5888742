"""What can be wrong with a profile: every fault with its line, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from exporter import catalogue
from exporter.profiles.binding import WORD
from exporter.profiles.blocks import BLOCKS, FILE_FEEDS, STATES
from exporter.profiles.labels import LABELLED, offered
from exporter.profiles.profile import AFTER, Dialect, Files, Labels, Profile, parameters
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document

_FOLLOWING = {"after", "limit"}


def faults(document: Document[Profile]) -> Iterator[Fault]:
    """What is wrong with a profile, as far as it can be seen without a database."""
    profile = document.value
    known = [name.removeprefix("grader_") for name in catalogue.FAMILIES]
    for index, name in enumerate(profile.unknown):
        if name not in known:
            yield document.fault(("unknown", index), unknown("metric", name, known))
    if not profile.queries:
        yield document.fault(("queries",), "a profile without blocks answers nothing")
    for name in profile.queries:
        if name not in BLOCKS:
            yield document.fault(("queries", name), unknown("block", name, BLOCKS))
        else:
            yield from _block_faults(document, name)
    yield from _double_feeds(document)
    yield from _word_faults(document)
    yield from _masked_faults(document)
    if profile.files:
        yield from _files_faults(document, profile.files)
    if profile.labels:
        yield from _label_faults(document, profile.labels)


def _block_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    yield from _column_faults(document, name)
    yield from _feed_faults(document, name)
    yield from _follow_faults(document, name)
    yield from _parameter_faults(document, name)
    block, place = document.value.queries[name], ("queries", name)
    for index, state in enumerate(block.states):
        if state not in STATES.get(name, ()):
            yield document.fault((*place, "states", index), unknown("state", state, STATES.get(name, ())))
    if name in STATES and not block.states:
        yield document.fault(
            place, f"states is missing: which of {', '.join(STATES[name])} does the grader know?"
        )
    for outcome in block.settle:
        if outcome not in (*catalogue.OUTCOMES, "default"):
            yield document.fault(
                (*place, "settle", outcome), unknown("outcome", outcome, (*catalogue.OUTCOMES, "default"))
            )


def _column_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    block, kind = document.value.queries[name], BLOCKS[name]
    place = ("queries", name, "columns")
    for index, column in enumerate(block.columns):
        if column not in kind.columns:
            yield document.fault((*place, index), unknown("column", column, kind.columns))
    for column in kind.required:
        if column not in block.columns:
            yield document.fault(place, f'block "{name}" needs a column "{column}"')


def _feed_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    block, kind = document.value.queries[name], BLOCKS[name]
    for index, feed in enumerate(block.feeds):
        place = ("queries", name, "feeds", index)
        if feed not in kind.feeds:
            yield document.fault(place, unknown("feed", feed, kind.feeds))
        elif kind.feeds[feed] not in block.columns and not _observed(feed, block.columns):
            yield document.fault(
                place, f'{feed} is made of a column "{kind.feeds[feed]}", which is not in columns'
            )


def _observed(feed: str, columns: tuple[str, ...]) -> bool:
    """Whether the sidecar itself measures a heartbeat's age."""
    return feed == "worker_heartbeat_age_seconds" and "beat" in columns


def _follow_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    block, kind = document.value.queries[name], BLOCKS[name]
    place = ("queries", name)
    if block.follow not in kind.follow:
        yield document.fault((*place, "follow"), unknown("follow", block.follow, kind.follow))
    if block.follow == "watermark":
        if AFTER not in block.sql or ":limit" not in block.sql:
            message = f'a statement that is followed by watermark contains "{AFTER}", ORDER BY and ":limit"'
            yield document.fault((*place, "sql"), message)
        if block.newest is None:
            yield document.fault(
                place, "newest is missing: the statement that gives the highest id of the table"
            )
    elif block.newest is not None:
        yield document.fault((*place, "newest"), "newest belongs to follow: watermark")
    if block.settle and block.follow != "state":
        yield document.fault((*place, "settle"), "settle belongs to follow: state")
    if block.follow == "counts" and "count" not in block.columns:
        yield document.fault((*place, "columns"), 'follow: counts needs a column "count"')
    observed = {"worker", "beat"} & set(block.columns)
    if observed and (len(observed) < 2 or block.stale_after is None):
        message = "workers whose heartbeat is observed need the columns worker and beat, and stale_after"
        yield document.fault((*place, "columns"), message)
    elif block.stale_after is not None and not observed:
        yield document.fault((*place, "stale_after"), "stale_after needs the columns worker and beat")


def _parameter_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    block, kind = document.value.queries[name], BLOCKS[name]
    allowed = {*kind.parameters, *(_FOLLOWING if block.follow == "watermark" else ())}
    for key, sql in (("sql", block.sql), ("newest", block.newest or "")):
        for parameter in sorted(parameters(sql) - allowed):
            message = unknown("parameter", f":{parameter}", (f":{p}" for p in allowed))
            yield document.fault(("queries", name, key), message)
    if "now" in parameters(block.sql) and document.value.now is None:
        message = "now is missing in the profile: the statement that gives :now by the database's clock"
        yield document.fault(("queries", name, "sql"), message)


def _double_feeds(document: Document[Profile]) -> Iterator[Fault]:
    """A metric has one source; only workers are put together from two blocks."""
    sources: dict[str, str] = {}
    for name, block in document.value.queries.items():
        for index, feed in enumerate(block.feeds):
            first = sources.setdefault(feed, name)
            if first != name and feed != "workers":
                yield document.fault(
                    ("queries", name, "feeds", index), f'{feed} is fed by block "{first}" already'
                )


def _word_faults(document: Document[Profile]) -> Iterator[Fault]:
    """Every `{name}` in a statement is an option, or a word in each dialect."""
    profile = document.value
    for dialect in profile.words:
        if dialect not in profile.dialects:
            yield document.fault(("words", dialect), unknown("dialect", dialect, profile.dialects))
    words = [set(profile.words.get(dialect, {})) for dialect in profile.dialects]
    known = set(profile.options) | set.intersection(*words)
    for place, sql in _statements(profile):
        for name in sorted(set(WORD.findall(sql)) - known):
            lacking = [d for d, has in zip(profile.dialects, words, strict=True) if name not in has]
            some = len(lacking) < len(profile.dialects)
            message = f"{{{name}}} has no word for {lacking[0]}" if some else unknown("word", name, known)
            yield document.fault(place, message)


def _statements(profile: Profile) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, block in profile.queries.items():
        yield ("queries", name, "sql"), block.sql
        if block.newest:
            yield ("queries", name, "newest"), block.newest
    if profile.now:
        yield ("now",), profile.now
    if profile.labels:
        yield ("labels", "values"), profile.labels.values
        for label, expressions in profile.labels.of.items():
            for name, sql in expressions.items():
                yield ("labels", "of", label, name), sql


def _masked_faults(document: Document[Profile]) -> Iterator[Fault]:
    """A column that a view shows in another form is one that is granted."""
    grants = document.value.grants
    for table, columns in document.value.masked.items():
        for column in columns:
            if column not in grants.get(table, ()):
                message = unknown("column", column, grants.get(table, ()))
                yield document.fault(("masked", table, column), message)


def _files_faults(document: Document[Profile], files: Files) -> Iterator[Fault]:
    if files.layout not in FILE_FEEDS:
        yield document.fault(("files", "layout"), unknown("layout", files.layout, FILE_FEEDS))
        return
    for index, feed in enumerate(files.feeds):
        if feed not in FILE_FEEDS[files.layout]:
            yield document.fault(("files", "feeds", index), unknown("feed", feed, FILE_FEEDS[files.layout]))


def _label_faults(document: Document[Profile], labels: Labels) -> Iterator[Fault]:
    """A label is given by every block that counts what can carry it."""
    queries = document.value.queries
    counting = [name for name, block in queries.items() if set(block.feeds) & set(LABELLED)]
    for label, expressions in labels.of.items():
        place = ("labels", "of", label)
        for name in expressions:
            if name not in counting:
                yield document.fault((*place, name), unknown("block", name, counting))
        for name in counting:
            if name not in expressions:
                yield document.fault(place, f'block "{name}" has no expression for {label}')
    for parameter in sorted(parameters(labels.values) - {"limit"}):
        message = unknown("parameter", f":{parameter}", (":limit",))
        yield document.fault(("labels", "values"), message)


def misfits(
    profile: Profile,
    dialect: str,
    folders: Mapping[str, str | None],
    options: Mapping[str, str],
    labels: Mapping[str, object],
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What keeps a profile from a grader as it is configured: (key of the configuration, sentence)."""
    if dialect in get_args(Dialect) and dialect not in profile.dialects:
        written = " and ".join(profile.dialects)
        yield ("database",), f"profile {profile.profile} is written for {written}, this is {dialect}"
    for key, folder in folders.items():
        if folder is not None and profile.files is None:
            yield (key,), f"profile {profile.profile} reads no folders"
    for option in options:
        if option not in profile.options:
            yield ("options", option), unknown("option", option, profile.options)
    for label in labels:
        if label not in offered(profile):
            yield ("labels", label), unknown("label", label, offered(profile))
