"""The rights that a profile's statements need, as SQL for the administrator of the grader's database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exporter.profiles.profile import Profile

_RESERVED = {"condition", "desc", "group", "index", "key", "limit", "load", "order", "range", "rank", "user"}
_QUOTE = {"mysql": "`", "postgresql": '"'}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the grader's tables are, and who may read them. `views` is where views of ours go."""

    database: str
    role: str = "gradewatch"
    views: str = "gradewatch"


def read_from(profile: Profile, dialect: str, place: Place) -> str:
    """The database that the URL names: in MySQL that of the views, where there are any."""
    return place.views if dialect == "mysql" and profile.masked else place.database


def statements(profile: Profile, dialect: str, place: Place) -> list[str]:
    """GRANT and VIEW statements without a final semicolon, in order; none for SQLite, which has no roles.

    The role must exist and is given nothing else.
    """
    if dialect == "postgresql":
        return list(_postgresql(profile, place))
    if dialect == "mysql":
        return list(_mysql(profile, place))
    return []


def create_role(dialect: str, place: Place, password: str) -> str:
    """The statement that makes the role; `password` is put between quotes as it is."""
    if dialect == "mysql":
        return f"CREATE USER {_user(place)} IDENTIFIED BY '{password}'"
    return f"CREATE ROLE {place.role} LOGIN PASSWORD '{password}'"


def _postgresql(profile: Profile, place: Place) -> Iterator[str]:
    yield f"GRANT CONNECT ON DATABASE {place.database} TO {place.role}"
    yield f"GRANT USAGE ON SCHEMA public TO {place.role}"
    for table, columns in profile.grants.items():
        if table not in profile.masked:
            yield f"GRANT SELECT ({_listed(columns, 'postgresql')}) ON {table} TO {place.role}"
    if not profile.masked:
        return
    # The role finds the view before the table: the profile's statements name neither's schema.
    yield f"CREATE SCHEMA {place.views}"
    for table, masked in profile.masked.items():
        shown = _shown(profile.grants[table], masked, "postgresql")
        yield f"CREATE VIEW {place.views}.{table} AS SELECT {shown} FROM public.{table}"  # noqa: S608 - to be read, not run
        yield f"GRANT SELECT ON {place.views}.{table} TO {place.role}"
    yield f"GRANT USAGE ON SCHEMA {place.views} TO {place.role}"
    path = f"{place.views}, public"
    yield f"ALTER ROLE {place.role} IN DATABASE {place.database} SET search_path = {path}"


def _mysql(profile: Profile, place: Place) -> Iterator[str]:
    if not profile.masked:
        for table, columns in profile.grants.items():
            listed = _listed(columns, "mysql")
            yield f"GRANT SELECT ({listed}) ON {place.database}.{table} TO {_user(place)}"
        return
    # MySQL has no search path, so the URL names a database of views: of every table, or none would be found.
    yield f"CREATE DATABASE {place.views}"
    for table, columns in profile.grants.items():
        shown = _shown(columns, profile.masked.get(table, {}), "mysql")
        yield f"CREATE VIEW {place.views}.{table} AS SELECT {shown} FROM {place.database}.{table}"  # noqa: S608 - as above
        yield f"GRANT SELECT ON {place.views}.{table} TO {_user(place)}"


def _user(place: Place) -> str:
    return f"'{place.role}'@'%'"


def _shown(columns: Sequence[str], masked: Mapping[str, str], dialect: str) -> str:
    return ", ".join(
        f"{masked[column]} AS {column}" if column in masked else _quoted(column, dialect)
        for column in columns
    )


def _listed(columns: Sequence[str], dialect: str) -> str:
    return ", ".join(_quoted(column, dialect) for column in columns)


def _quoted(column: str, dialect: str) -> str:
    quote = _QUOTE[dialect] if column in _RESERVED else ""
    return f"{quote}{column}{quote}"
