"""Probes: does an address of the grader answer as it should, how fast, how long is its certificate good?"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collector import CollectError, Deadline, RowFamily
from exporter.config.probes import Probe
from exporter.config.secrets import password
from exporter.fetching import Answered, Request, fetch, new_session
from exporter.queues.times import field_of
from exporter.troubles import Troubles

log = logging.getLogger(__name__)

_VERSION = re.compile(r"[\w.+:/ -]{1,100}")
"""What a release may be called; anything else in its place is no release."""


def probe_collectors(probes: Mapping[str, Probe]) -> Iterator[ProbeCollector]:
    """One for each probe, so that a slow answer delays nobody."""
    for name, probe in probes.items():
        yield ProbeCollector(f"probe-{name}", name, probe)


@dataclass(slots=True)
class ProbeCollector:
    """Sends one request. That nobody answers is what a probe is for, not a failure of the collection."""

    name: str
    probe_name: str
    probe: Probe
    _session: Any = field(init=False)
    _troubles: Troubles = field(init=False)

    def __post_init__(self) -> None:
        self._session = new_session()
        self._troubles = Troubles(log, self.name, "probe")

    def families(self) -> Sequence[Family]:
        """What a probe finds out."""
        return (
            catalogue.GRADER_PROBE_UP,
            catalogue.GRADER_PROBE_HTTP_STATUS_CODE,
            catalogue.GRADER_PROBE_DURATION_SECONDS,
            catalogue.GRADER_PROBE_CERTIFICATE_NOT_AFTER_TIMESTAMP_SECONDS,
            catalogue.GRADER_BUILD_INFO,
        )

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """Duration in seconds; status, certificate and version are absent where there was no answer."""
        started = time.monotonic()
        answer, trouble = self._ask(deadline)
        seconds = time.monotonic() - started
        trouble = trouble or self._unexpected(answer)
        version, doubt = self._version(answer)
        self._troubles.tell({self.probe_name: trouble or doubt})
        name, status = self.probe_name, answer.status if answer else None
        not_after = answer.not_after if answer else None
        return [
            RowFamily(catalogue.GRADER_PROBE_UP, [(name, int(not trouble))]),
            RowFamily(catalogue.GRADER_PROBE_HTTP_STATUS_CODE, [(name, status)]),
            RowFamily(catalogue.GRADER_PROBE_DURATION_SECONDS, [(name, seconds)]),
            RowFamily(catalogue.GRADER_PROBE_CERTIFICATE_NOT_AFTER_TIMESTAMP_SECONDS, [(name, not_after)]),
            RowFamily(catalogue.GRADER_BUILD_INFO, [(version, 1)] if version else []),
        ]

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, deadline: Deadline) -> tuple[Answered | None, str]:
        probe = self.probe
        try:
            secret = password(probe)
        except (OSError, KeyError):
            return None, "the password cannot be read"
        request = Request(
            probe.url,
            probe.method,
            login=(probe.user or "", secret or "") if probe.user or secret else None,
            ca_file=probe.ca_file,
            timeout=probe.timeout.seconds,
        )
        try:
            return fetch(self._session, request, deadline), ""
        except CollectError as error:
            return None, error.message
        finally:
            # As everybody else comes: over a connection of one's own, with the certificate that is shown now.
            self._session.close()

    def _unexpected(self, answer: Answered | None) -> str:
        """How the answer differs from what is expected; "" when it does not. Never its words."""
        if answer is None or answer.status not in self.probe.status:
            wanted = ", ".join(map(str, self.probe.status))
            return f"status {answer.status}, expected {wanted}" if answer else "no answer"
        if self.probe.body is not None:
            text = answer.body.decode("utf-8", "replace")
            if not re.search(self.probe.body, text):
                return "the body does not match" + ("" if answer.whole else " in its first part")
        return ""

    def _version(self, answer: Answered | None) -> tuple[str, str]:
        """The release, and why it is not known."""
        if self.probe.version is None or answer is None:
            return "", ""
        try:
            found = field_of(answer.body, self.probe.version)
        except ValueError:
            return "", "the body is no JSON, so it tells no version"
        text = str(found) if isinstance(found, str | int | float) else ""
        if not _VERSION.fullmatch(text):
            return "", f"the body tells no version at {self.probe.version}"
        return text, ""
