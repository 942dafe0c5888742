"""The secret files that a configuration names: Alertmanager itself only misses them at the first message."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def secret_files(config: Any) -> Iterator[str]:
    """The value of every key that ends in `_file`, in the order of the configuration, each once."""
    seen = dict.fromkeys(_values(config))
    yield from seen


def unreadable(config: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each secret that is missing, empty or not for this user's eyes."""
    for name in secret_files(config):
        path = Path(name)
        if not path.is_file():
            yield f"secret file {name} does not exist"
        elif not os.access(path, os.R_OK):
            yield f"secret file {name} cannot be read by this user"
        elif path.stat().st_size == 0:
            yield f"secret file {name} is empty"


def _values(config: Any) -> Iterator[str]:
    if isinstance(config, Mapping):
        for key, value in config.items():
            if str(key).endswith("_file") and isinstance(value, str):
                yield value
            else:
                yield from _values(value)
    elif isinstance(config, list):
        for item in config:
            yield from _values(item)
