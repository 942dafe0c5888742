"""What a watch remembers across a restart: arrays and JSON in one file, replaced whole or not at all."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from exporter.state import StateLost, replace_file

FORMAT = 1
"""Raised when the meaning of the file changes; another format is treated like no file."""
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class SavedFile:
    """Where it is kept. `source` names what the state is of: another configuration makes it worthless."""

    path: Path
    source: str

    def load(self) -> tuple[dict[str, Any], Arrays]:
        """JSON values and arrays; raises StateLost when there is no usable file."""
        try:
            with np.load(self.path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            meta = json.loads(arrays.pop("meta").tobytes())
            if meta["format"] != FORMAT:
                raise StateLost(f"{self.path} was written by another release")
            if meta["source"] != self.source:
                raise StateLost(f"{self.path} is of another configuration")
            return meta["state"], arrays
        except FileNotFoundError:
            raise StateLost(f"no saved state at {self.path}") from None
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            raise StateLost(f"{self.path} is damaged") from None
        except OSError as error:
            raise StateLost(f"{self.path} cannot be read: {error.strerror or 'damaged'}") from None

    def save(self, state: dict[str, Any], arrays: Arrays) -> None:
        """Replace the file in one step; raises OSError. Not compressed: that costs 20 times as much."""
        meta = json.dumps({"format": FORMAT, "source": self.source, "state": state}, separators=(",", ":"))
        content: dict[str, Any] = {"meta": np.frombuffer(meta.encode(), np.uint8), **arrays}

        def write(file: BinaryIO) -> None:
            np.savez(file, **content)

        replace_file(self.path, write)
