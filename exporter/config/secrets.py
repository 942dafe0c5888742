"""Passwords of servers: named in the configuration, kept in a file or the environment, read when needed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

from exporter.config.names import unreadable
from typedyaml.faults import Fault
from typedyaml.load import Document

Place = tuple[str | int, ...]


class Secured(Protocol):
    """A section with a URL and a password."""

    @property
    def url(self) -> str:
        """Where; without a password."""
        ...

    @property
    def password_file(self) -> str | None:
        """A file that holds the password."""
        ...

    @property
    def password_env(self) -> str | None:
        """A variable that holds the password."""
        ...


def password(source: Secured) -> str | None:
    """The password as it is now, without the newline that editors add; None when none is configured.

    Raises OSError for a file and KeyError for a variable that is not there any more.
    """
    if source.password_file is not None:
        try:
            with open(source.password_file, encoding="utf-8") as file:
                return file.read().rstrip("\r\n")
        except UnicodeDecodeError:
            raise OSError(errno.EILSEQ, "not UTF-8 text", source.password_file) from None
    return os.environ[source.password_env] if source.password_env is not None else None


def secret_faults(document: Document[Any], place: Place, source: Secured) -> Iterator[Fault]:
    """A password in the URL, two of them, or one that cannot be read."""
    if _has_password(source.url):
        message = "no password in a URL: write it to a file and name that in password_file"
        yield document.fault((*place, "url"), message)
    if source.password_file is not None and source.password_env is not None:
        message = "password_file and password_env are given; one of them is enough"
        yield document.fault((*place, "password_env"), message)
    if source.password_file is not None and (why := unreadable(source.password_file)):
        yield document.fault((*place, "password_file"), f"{source.password_file} cannot be read: {why}")
    if source.password_env is not None and source.password_env not in os.environ:
        message = f'the variable "{source.password_env}" is not set'
        yield document.fault((*place, "password_env"), message)


def file_faults(document: Document[Any], place: Place, path: str | None) -> Iterator[Fault]:
    """A file that is named and cannot be read."""
    if path is not None and (why := unreadable(path)):
        yield document.fault(place, f"{path} cannot be read: {why}")


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return False
