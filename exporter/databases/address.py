"""Where a database server is and how to log in: the URL of the configuration, and the secrets beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from exporter.collector import CollectError

Tls = Literal["disable", "prefer", "require", "verify"]
"""Not encrypted; if the server can; always; always, and certificate and name of the server are verified."""

SOCKET_OPTION = {"mysql": "unix_socket", "postgresql": "host"}
"""The option of a URL that names a Unix socket (MySQL) or the folder of it (PostgreSQL), as elsewhere."""
PORTS = {"mysql": 3306, "postgresql": 5432}


@dataclass(frozen=True, slots=True)
class Access:
    """How to log in and how to encrypt. Secrets are read at each connect, so that they can be rotated."""

    password_file: str | None = None
    password_env: str | None = None
    tls: Tls = "prefer"
    ca_file: str | None = None

    def password(self) -> str | None:
        """The password, None when none is configured; raises CollectError("auth") when it cannot be read."""
        if self.password_file is not None:
            try:
                return Path(self.password_file).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "not UTF-8 text"
                raise CollectError(
                    "auth", f"password_file {self.password_file} cannot be read: {why}"
                ) from None
        if self.password_env is not None:
            if self.password_env not in os.environ:
                raise CollectError("auth", f"the environment variable {self.password_env} is not set")
            return os.environ[self.password_env]
        return None


@dataclass(frozen=True, slots=True)
class Address:
    """A database on a server. `socket` is a path of the file system and stands in place of host and port."""

    user: str
    host: str
    port: int
    database: str
    socket: str | None = None
    access: Access = field(default_factory=Access)

    def __str__(self) -> str:
        return f"{self.socket or f'{self.host}:{self.port}'}/{self.database}"


def parse(url: str, dialect: Literal["mysql", "postgresql"], access: Access | None = None) -> Address:
    """Read `mysql://user@host:3306/database`; ValueError, as a sentence, for what is missing or wrong."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        # Not quoted: it may be half of a password that has a slash in it.
        raise ValueError("a port is a number up to 65535") from None
    if parts.password is not None:
        raise ValueError("no password in a URL: write it to a file and name that in password_file")
    if not parts.username:
        raise ValueError(f"the URL names no user; write {dialect}://user@host/database")
    database = unquote(parts.path.strip("/"))
    if not database or "/" in database:
        raise ValueError(f"the URL names no database; write {dialect}://user@host/database")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    socket = options.pop(SOCKET_OPTION[dialect], None)
    if options:
        raise ValueError(
            f'"{next(iter(options))}" is no option of a {dialect} URL; allowed: {SOCKET_OPTION[dialect]}'
        )
    if socket is not None and not socket.startswith("/"):
        raise ValueError(f'{SOCKET_OPTION[dialect]}="{socket}": a socket is named by its absolute path')
    if socket is None and not parts.hostname:
        raise ValueError(f"the URL names no host; write {dialect}://user@host/database")
    return Address(
        user=unquote(parts.username),
        host=parts.hostname or "localhost",
        port=port or PORTS[dialect],
        database=database,
        socket=socket,
        access=access or Access(),
    )
