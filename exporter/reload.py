"""Another configuration without a restart: all of it or nothing, and nothing counted is lost or repeated."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporter.config.whole import Config, load_config
from exporter.sidecar import Sidecar, make_sidecar
from typedyaml.faults import Fault, Faults
from typedyaml.load import Document

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reloader:
    """Reads the file again when it is called, by one caller after the other.

    `use` is told of the new sidecar, from which every page is served from then on; `sidecar` is the one in
    use. `listens` says that the file's own addresses are in use, and not others given on the command line.
    """

    path: Path
    config: Config
    sidecar: Sidecar
    use: Callable[[Sidecar], None]
    listens: bool
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Sequence[Fault]:
        """Reload; returns what is wrong with the new file, in which case the old configuration stays."""
        with self._lock:
            try:
                document = load_config(self.path)
                if faults := [*self._unchangeable(document), *state_faults(document)]:
                    raise Faults(faults)
                new = make_sidecar(document.value, before=self.sidecar)
            except Faults as error:
                return self._refuse(error.faults)
            except Exception as error:
                # Whatever it is, it must not end what works.
                log.exception("reading the configuration failed")
                return self._refuse([Fault(str(self.path), 1, 1, f"cannot be taken: {type(error).__name__}")])
            self._swap(new, document.value)
            return ()

    def _refuse(self, faults: Sequence[Fault]) -> Sequence[Fault]:
        self.sidecar.own.reloads.faults = faults
        for fault in faults:
            log.error("configuration not taken, the last good one is kept: %s", fault)
        return faults

    def _swap(self, new: Sidecar, config: Config) -> None:
        old, self.sidecar, self.config = self.sidecar, new, config
        new.own.reloads.faults, new.own.reloads.read_at = (), time.time()
        # The new sidecar serves first: a scrape that finds the old one retired asks again, and finds it.
        self.use(new)
        old.retire()
        # Connections are closed when the collections that are in work have ended; nobody waits for that.
        threading.Thread(target=old.finish, name="retired", daemon=True).start()
        threading.Thread(target=new.begin, name="first-collection", daemon=True).start()
        log.info("configuration read again", extra={"file": self.path, "collectors": ",".join(new.names)})

    def _unchangeable(self, document: Document[Config]) -> list[Fault]:
        if not self.listens or document.value.listen == self.config.listen:
            return []
        now = ", ".join(self.config.listen)
        return [
            document.fault(("listen",), f"listen cannot change while the sidecar runs ({now}); restart it")
        ]


def state_faults(document: Document[Config]) -> list[Fault]:
    """Why counters would not survive a restart."""
    folder = document.value.state_dir
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return []
    except OSError as error:
        message = (
            f"state_dir {folder} cannot be written ({error.strerror});"
            f" give it to user {os.getuid()} or name another folder"
        )
        return [document.fault(("state_dir",), message)]
