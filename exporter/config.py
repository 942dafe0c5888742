"""The sidecar's configuration: types, and the faults that only show when the parts are seen together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from typedyaml.checked import load_checked
from typedyaml.faults import Fault, Faults, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

DEFAULT_LISTEN = "0.0.0.0:11910"
SCHEMES = ("sqlite",)

_OFF = Duration(0)
_STATEMENT = Duration(2)
_SCRAPE = Duration(10)  # Prometheus' own default
_MARGIN = Duration(0.5)

Name = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}$", description="a name: lower case letters, digits, - and _")
]
ADDRESS = r"^(\[[0-9A-Fa-f:.%a-z]+\]|[^\s:/\[\]]*):[0-9]{1,5}$"
ADDRESS_FORM = 'an address like "0.0.0.0:11910", "[::]:11910" or ":11910"'
Address = Annotated[str, Meta(pattern=ADDRESS, description=ADDRESS_FORM)]
AbsolutePath = Annotated[str, Meta(pattern=r"^/", description="an absolute path")]


@dataclass(frozen=True, slots=True)
class Database:
    """A database to read. `timeout` bounds one statement; `password_file` is read at each connect."""

    url: str
    timeout: Duration = _STATEMENT
    password_file: AbsolutePath | None = None

    @property
    def path(self) -> str:
        """The file of an SQLite URL; sqlite:///srv/a.db and sqlite:////srv/a.db both mean /srv/a.db."""
        return "/" + urlsplit(self.url).path.lstrip("/")


@dataclass(frozen=True, slots=True)
class Grader:
    """The grader to watch: a profile (shipped by name, or a file) over a configured database.

    For nbgrader `course` is the folder with submitted/ and autograded/, `exchange` the course's folder in
    the exchange (it holds inbound/). Fewer submitters than `min_users` are shown as 0.
    """

    profile: str
    database: Name
    course: AbsolutePath | None = None
    exchange: AbsolutePath | None = None
    min_users: Annotated[int, Meta(ge=1)] = 5


@dataclass(frozen=True, slots=True)
class Collection:
    """Bounds of one collection.

    A collector has until `timeout`, or until `margin` before the scrape itself times out, if that is earlier.
    A good answer is served again for `min_interval`, and after an error for `stale_if_error`. A label has at
    most `max_label_values` values; the rest is counted as `other`.
    """

    timeout: Duration = _SCRAPE
    margin: Duration = _MARGIN
    min_interval: Duration = _OFF
    stale_if_error: Duration = _OFF
    max_label_values: Annotated[int, Meta(ge=1, le=10_000)] = 50


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file."""

    databases: dict[Name, Database]
    graders: tuple[Grader, ...] = ()
    listen: Annotated[tuple[Address, ...], Meta(min_length=1)] = (DEFAULT_LISTEN,)
    state_dir: AbsolutePath = "/var/lib/gradewatch"
    collection: Collection = field(default_factory=Collection)


def load_config(path: str | Path) -> Document[Config]:
    """Read and check a file; raises Faults with every fault at once."""
    return load_checked(path, Config, _faults)


def profile_names() -> tuple[str, ...]:
    """The profiles that are shipped."""
    folder = resources.files("exporter") / "profiles"
    return tuple(
        sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    )


def split_address(address: str) -> tuple[str, int]:
    """Host (empty: all addresses of IPv4 and IPv6) and port of "host:port" or "[host]:port"."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _faults(document: Document[Config]) -> Iterator[Fault]:
    yield from _listen_faults(document)
    yield from _collection_faults(document)
    for name in document.value.databases:
        yield from _database_faults(document, name)
    yield from _grader_faults(document)


def _listen_faults(document: Document[Config]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, address in enumerate(document.value.listen):
        if split_address(address)[1] > 65535:
            yield document.fault(("listen", index), f'"{address}": a port is at most 65535')
        if address in seen:
            yield document.fault(("listen", index), f'"{address}" is written twice')
        seen.add(address)


def _collection_faults(document: Document[Config]) -> Iterator[Fault]:
    bounds = document.value.collection
    if not bounds.timeout:
        yield document.fault(("collection", "timeout"), "a timeout of 0s lets no collector answer")
    elif bounds.margin >= bounds.timeout:
        message = f"a margin of {bounds.margin} leaves nothing of the timeout of {bounds.timeout}"
        yield document.fault(("collection", "margin"), message)


def _database_faults(document: Document[Config], name: str) -> Iterator[Fault]:
    database, limit = document.value.databases[name], document.value.collection.timeout
    place = ("databases", name)
    url = urlsplit(database.url)
    scheme = url.scheme.partition("+")[0]
    if scheme not in SCHEMES:
        yield document.fault((*place, "url"), unknown("scheme", scheme, (f"{s}://" for s in SCHEMES)))
    elif url.netloc or url.path.strip("/") == "":
        yield document.fault(
            (*place, "url"), 'a file is named by its absolute path: "sqlite:///srv/grader/grader.db"'
        )
    if url.password is not None:
        yield document.fault(
            (*place, "url"), "no password in a URL: write it to a file and name that in password_file"
        )
    if not database.timeout:
        yield document.fault((*place, "timeout"), "a timeout of 0s lets no statement answer")
    elif database.timeout > limit > _OFF and (*place, "timeout") in document.positions:
        yield document.fault(
            (*place, "timeout"), f"{database.timeout} is more than collection.timeout ({limit})"
        )
    if database.password_file is not None and (why := _unreadable(database.password_file)):
        yield document.fault((*place, "password_file"), f"{database.password_file} cannot be read: {why}")


def _unreadable(path: str) -> str | None:
    try:
        with open(path, "rb"):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__


def _grader_faults(document: Document[Config]) -> Iterator[Fault]:
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


def _profile_faults(document: Document[Config], index: int) -> Iterator[Fault]:
    profile, place = document.value.graders[index].profile, ("graders", index, "profile")
    if profile.endswith(".yaml"):
        if why := _unreadable(profile):
            yield document.fault(place, f"{profile} cannot be read: {why}")
            return
    elif profile not in profile_names():
        yield document.fault(place, unknown("profile", profile, profile_names()))
        return
    yield from _faults_of_profile(document, index)


def _faults_of_profile(document: Document[Config], index: int) -> Iterator[Fault]:
    """Faults in the profile's own file, else what keeps it from this grader."""
    from exporter.profiles.profile import load_profile, misfits

    grader = document.value.graders[index]
    try:
        profile = load_profile(grader.profile).value
    except Faults as error:
        yield from error.faults
        return
    database = document.value.databases.get(grader.database)
    dialect = urlsplit(database.url).scheme.partition("+")[0] if database else profile.dialect
    folders = {"course": grader.course, "exchange": grader.exchange}
    for key, message in misfits(profile, dialect, folders):
        yield document.fault(("graders", index, key), message)
