"""`graders:` the grader to watch, and the profile that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Annotated, Any

from msgspec import Meta

from exporter.catalogue import AddedLabel
from exporter.config.names import AbsolutePath, Name, TablePart, unreadable
from typedyaml.faults import Fault, Faults, unknown
from typedyaml.load import Document

Patterns = Annotated[tuple[str, ...], Meta(min_length=1)]
"""As in a shell: `*`, `?` and `[...]`."""


@dataclass(frozen=True, slots=True)
class Grader:
    """The grader to watch: a profile (shipped by name, or a file) over a configured database.

    For nbgrader `course` is the folder with submitted/ and autograded/, `exchange` the course's folder in
    the exchange (it holds inbound/). Fewer submitters than `min_users` are shown as 0. `options` are the
    profile's own: parts of table names that an installation chooses. `labels` are added to the counters of
    submissions and gradings, each with the patterns that its values must fit; what fits none is `other`.
    """

    profile: str
    database: Name
    course: AbsolutePath | None = None
    exchange: AbsolutePath | None = None
    min_users: Annotated[int, Meta(ge=1)] = 5
    options: dict[str, TablePart] = field(default_factory=dict)
    labels: dict[AddedLabel, Patterns] = field(default_factory=dict)


def profile_names() -> tuple[str, ...]:
    """The profiles that are shipped."""
    folder = resources.files("exporter") / "profiles"
    return tuple(
        sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    )


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section, and with the profiles that it names."""
    config = document.value
    for index, grader in enumerate(config.graders):
        place = ("graders", index)
        if index:
            message = "a second grader would write the same series; run one sidecar for each grader"
            yield document.fault(place, message)
        if (
            grader.database not in config.databases
            and ("databases", grader.database) not in document.positions
        ):
            yield document.fault((*place, "database"), unknown("database", grader.database, config.databases))
        yield from _profile_faults(document, index)


def _profile_faults(document: Document[Any], index: int) -> Iterator[Fault]:
    profile, place = document.value.graders[index].profile, ("graders", index, "profile")
    if profile.endswith(".yaml"):
        if why := unreadable(profile):
            yield document.fault(place, f"{profile} cannot be read: {why}")
            return
    elif profile not in profile_names():
        yield document.fault(place, unknown("profile", profile, profile_names()))
        return
    yield from _faults_of_profile(document, index)


def _faults_of_profile(document: Document[Any], index: int) -> Iterator[Fault]:
    """Faults in the profile's own file, else what keeps it from this grader."""
    from exporter.profiles.checks import misfits
    from exporter.profiles.profile import load_profile

    grader = document.value.graders[index]
    try:
        profile = load_profile(grader.profile).value
    except Faults as error:
        yield from error.faults
        return
    database = document.value.databases.get(grader.database)
    dialect = database.dialect if database else profile.dialects[0]
    folders = {"course": grader.course, "exchange": grader.exchange}
    for key, message in misfits(profile, dialect, folders, grader.options, grader.labels):
        yield document.fault(("graders", index, *key), message)
