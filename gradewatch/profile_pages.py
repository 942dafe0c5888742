"""The pages of `gradewatch profile`: the list, and all about one profile."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from exporter.profiles import Profile
from exporter.profiles.grants import Place, create_role, read_from, statements
from gradewatch.tables import paragraph, table

_SHORT = {
    "submissions_total": "submissions",
    "deadline_submissions_total": "deadlines",
    "gradings_total": "gradings",
    "grading_failures_total": "failures",
    "queue_wait_seconds": "wait",
    "grading_duration_seconds": "duration",
    "turnaround_seconds": "turnaround",
    "queue_depth": "queue",
    "workers": "workers",
    "worker_heartbeat_age_seconds": "heartbeat",
    "grade_comparisons_total": "agreement",
    "manual_grading_pending": "manual",
    "active_users": "users",
    "internal_errors_open": "errors",
}
"""What a profile gives, in one word, in the order in which it is listed."""
_FOLLOWS = {
    "watermark": "new rows",
    "state": "changed rows",
    "counts": "grown groups",
    "none": "state",
}


def listing(profiles: Sequence[Profile]) -> str:
    """Two lines a profile: what it is for, and what it gives."""
    rows = [(p.profile, ", ".join(p.dialects), p.version, p.title) for p in profiles]
    first, *lines = _aligned([("profile", "database", "verified", "grader"), *rows])
    texts = [f"{line}\n{_given(profile)}" for line, profile in zip(lines, profiles, strict=True)]
    return "\n".join([first, *texts])


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _given(profile: Profile) -> str:
    words = ", ".join(word for feed, word in _SHORT.items() if feed in _feeds(profile))
    return textwrap.fill(words, 78, initial_indent="    ", subsequent_indent="    ")


def page(profile: Profile, dialect: str, database: str) -> str:
    """All about one profile, bound to a dialect; `database` is the grader's, for its rights."""
    return "\n\n".join(_sections(profile, dialect, Place(database)))


def rights(profile: Profile, dialect: str, place: Place) -> str:
    """The SQL for an administrator, wrapped; empty for SQLite."""
    listed = statements(profile, dialect, place)
    return "\n".join(_wrapped(sql) for sql in listed)


def _sections(profile: Profile, dialect: str, place: Place) -> Iterator[str]:
    yield _head(profile, dialect)
    rows = [(name, _FOLLOWS[block.follow], ", ".join(block.feeds)) for name, block in profile.queries.items()]
    if profile.files:
        rows.append(("files", "folders", ", ".join(profile.files.feeds)))
    yield "What is read, and the metrics (grader_...) it is for:\n\n" + table(
        ("block", "read by", "metrics"), rows
    )
    if profile.unknown:
        yield paragraph(f"What {profile.title} does not record: {', '.join(profile.unknown)}.")
    if profile.unsettled:
        yield "To know:\n" + "\n".join(_point(text) for text in profile.unsettled)
    if profile.options:
        listed = ", ".join(f"{name}: {value}" for name, value in profile.options.items())
        yield paragraph(f"Options (graders[].options, or --option here): {listed}.")
    if profile.labels:
        listed = ", ".join(profile.labels.of)
        yield paragraph(f"Labels for the counters (graders[].labels, or --label here): {listed}.")
    if profile.beside:
        yield f"Configuration beside it:\n\n{textwrap.indent(profile.beside.rstrip(), '  ')}"
    yield _rights_section(profile, dialect, place)


def _head(profile: Profile, dialect: str) -> str:
    verified = f"verified with {profile.version}"
    if server := profile.verified.get("server"):
        verified += f" on {server}"
    if how := profile.verified.get("how"):
        verified += f" ({how})"
    return paragraph(f"{profile.title}: profile {profile.profile} for {dialect}, {verified}.")


def _rights_section(profile: Profile, dialect: str, place: Place) -> str:
    if dialect == "sqlite":
        return paragraph("Rights: a user that may read the database file and its folder, and nothing else.")
    lines = [
        paragraph("Rights, for the administrator to run in the grader's database; the password is yours:"),
        "",
        _wrapped(create_role(dialect, place, "...")),
        rights(profile, dialect, place),
    ]
    if read_from(profile, dialect, place) != place.database:
        lines += ["", paragraph(f"The sidecar's URL then names the database {place.views}.")]
    if profile.masked and dialect == "postgresql":
        lines += ["", *_instead_of_views(profile, place)]
    return "\n".join(lines)


def _instead_of_views(profile: Profile, place: Place) -> Iterator[str]:
    """A view in PostgreSQL holds on to its columns."""
    yield paragraph(
        "PostgreSQL refuses to change or drop a column that a view shows, so a migration of the grader may"
        f" stop at it: drop the schema {place.views} before an upgrade (the blocks that need it fail"
        " meanwhile) and run these statements again after it. Or do without the view, and let the role read"
        " the column:"
    )
    yield ""
    for table_name in profile.masked:
        columns = ", ".join(profile.grants[table_name])
        yield _wrapped(f"GRANT SELECT ({columns}) ON {table_name} TO {place.role}")


def _feeds(profile: Profile) -> set[str]:
    files = profile.files.feeds if profile.files else ()
    return {*files, *(feed for block in profile.queries.values() for feed in block.feeds)}


def _wrapped(sql: str) -> str:
    return textwrap.fill(
        f"{sql};", 78, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _point(text: str) -> str:
    return textwrap.fill(text, 78, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
