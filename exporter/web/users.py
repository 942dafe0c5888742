"""Basic authentication: bcrypt hashes from the web configuration file, with each verdict computed once."""

from __future__ import annotations

import base64
import binascii
import hmac
import importlib.util
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
"""Of the salt's last character two bits count: the others have to be 0, or bcrypt refuses the hash."""
_COSTS = range(4, 16)
_LONGEST = 72
"""bcrypt reads no more bytes of a password than these."""
_REMEMBERED = 100
_SAME_TIME = "$2b$10$" + "." * 53
"""No password has this hash; checking it takes as long as that of a user at the usual cost."""

Place = tuple[str, ...]


def faults(written: Any) -> Iterator[tuple[Place, str]]:
    """What is wrong with `basic_auth_users`; no message holds anything but the names."""
    if written is None:
        return
    if not isinstance(written, dict):
        yield (), '"basic_auth_users" must be a mapping of names to bcrypt hashes'
        return
    if written and importlib.util.find_spec("bcrypt") is None:
        yield (), "users need the package bcrypt: install gradewatch[auth]"
    for name, stored in written.items():
        shown = f'"{name}"'
        if not name or ":" in name:
            yield (name,), f"a user's name must not be empty and has no colon: {shown}"
        match = _HASH.fullmatch(stored) if isinstance(stored, str) else None
        if match is None:
            yield (
                (name,),
                f"the password of {shown} is not a bcrypt hash; make one with: htpasswd -nBC 10 {name}",
            )
        elif int(match[1]) not in _COSTS:
            yield (name,), f"the hash of {shown} has cost {match[1]}; allowed: 4 to {_COSTS[-1]}"


class Users:
    """Who may come in. Verdicts are kept by a digest with a key that never leaves the process."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._right: set[bytes] = set()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        costs = [stored[4:6] for stored in self._hashes.values()]
        self._nobody = _SAME_TIME.replace("$10$", f"${max(costs, default='10')}$")

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def admits(self, authorization: str | None) -> bool:
        """Whether a request with this header may be answered; always when there are no users."""
        if not self._hashes:
            return True
        name, password = _credentials(authorization)
        if name is None:
            return False
        digest = hmac.digest(self._key, len(name).to_bytes(4, "big") + name + password, "sha256")
        # Who is known does not wait for the others, and no flood of wrong passwords makes him unknown.
        if digest in self._right:
            return True
        # One at a time: a flood must not take every core either.
        with self._lock:
            if digest in self._right:
                return True
            if digest not in self._wrong:
                if self._check(name, password):
                    self._right.add(digest)
                    return True
                self._wrong[digest] = None
                if len(self._wrong) > _REMEMBERED:
                    self._wrong.popitem(last=False)
            return False

    def _check(self, name: bytes, password: bytes) -> bool:
        import bcrypt

        stored = self._hashes.get(name.decode("utf-8", "replace"))
        # A wrong name takes as long as a wrong password: names cannot be found out by the clock.
        same = bcrypt.checkpw(password[:_LONGEST], (stored or self._nobody).encode())
        return same and stored is not None and len(password) <= _LONGEST


def _credentials(authorization: str | None) -> tuple[bytes | None, bytes]:
    """Name and password of a header `Basic …`; the name is None when there is none that can be read."""
    scheme, _, encoded = (authorization or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None, b""
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None, b""
    return (name, password) if colon and b"\0" not in password else (None, b"")
