"""Types of the configuration that several sections share: names, paths, addresses."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Name = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}$", description="a name: lower case letters, digits, - and _")
]
ADDRESS = r"^(\[[0-9A-Fa-f:.%a-z]+\]|[^\s:/\[\]]*):[0-9]{1,5}$"
ADDRESS_FORM = 'an address like "0.0.0.0:11910", "[::]:11910" or ":11910"'
Address = Annotated[str, Meta(pattern=ADDRESS, description=ADDRESS_FORM)]
AbsolutePath = Annotated[str, Meta(pattern=r"^/[^\x00]*$", description="an absolute path")]

TablePart = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_]*$", description="a part of a table's name: letters, digits and _")
]


def split_address(address: str) -> tuple[str, int]:
    """Host (empty: all addresses of IPv4 and IPv6) and port of "host:port" or "[host]:port"."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def unreadable(path: str) -> str | None:
    """Why a file cannot be read, None when it can."""
    try:
        with open(path, "rb"):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__
    except ValueError:  # NUL, which YAML can write
        return "this is no path"
