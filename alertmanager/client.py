"""Alertmanager's HTTP interface (API v2), as far as acknowledgements and the demo need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from typedyaml.units import Duration

Matcher = Mapping[str, Any]
"""name, value, isRegex, isEqual: the interface's own form."""


_TIMEOUT = Duration(5)


class AlertmanagerError(Exception):
    """Alertmanager does not answer, or refuses; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that Alertmanager holds and that is not resolved."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts: datetime
    receivers: tuple[str, ...]
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence as Alertmanager keeps it."""

    id: str
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    by: str
    comment: str
    state: str
    """active, pending or expired."""


@dataclass(frozen=True, slots=True)
class Client:
    """One Alertmanager by its URL; every call raises AlertmanagerError."""

    url: str
    timeout: Duration = _TIMEOUT

    def firing(self, labels: Mapping[str, str]) -> tuple[Firing, ...]:
        """The alerts with these labels, silenced and inhibited ones too."""
        query = [("filter", f"{name}={quoted(value)}") for name, value in labels.items()]
        query += [(state, "true") for state in ("active", "silenced", "inhibited", "unprocessed")]
        return tuple(_firing(found) for found in self._ask("GET", "alerts", query=query))

    def silences(self) -> tuple[Silence, ...]:
        """All silences that are not forgotten yet, expired ones too."""
        return tuple(_silence(found) for found in self._ask("GET", "silences"))

    def silence(self, matchers: Iterable[Matcher], *, ends: datetime, by: str, comment: str) -> str:
        """Silence what matches from now on; returns the silence's id."""
        body = {
            "matchers": [dict(matcher) for matcher in matchers],
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": ends.isoformat(),
            "createdBy": by,
            "comment": comment,
        }
        return str(self._ask("POST", "silences", body=body)["silenceID"])

    def expire(self, silence: str) -> None:
        """End a silence now."""
        self._ask("DELETE", f"silence/{silence}")

    def post(self, alerts: Iterable[Mapping[str, Any]]) -> None:
        """Hand over alerts as Prometheus does; for tests and drills."""
        self._ask("POST", "alerts", body=[dict(alert) for alert in alerts])

    def started(self) -> datetime:
        """When this Alertmanager was started."""
        return _time(self._ask("GET", "status")["uptime"])

    @property
    def _name(self) -> str:
        return f"Alertmanager at {self.url}"

    def _ask(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Any:
        url = f"{self.url.rstrip('/')}/api/v2/{path}"
        try:
            answer = requests.request(method, url, params=query, json=body, timeout=self.timeout.seconds)
        except requests.Timeout:
            raise AlertmanagerError(f"{self._name} did not answer within {self.timeout}") from None
        except requests.RequestException as error:
            raise AlertmanagerError(f"{self._name} cannot be reached: {_reason(error)}") from None
        if answer.status_code == 404 and path.startswith("silence/"):
            raise AlertmanagerError(f"{self._name} knows no silence {path.removeprefix('silence/')}")
        if not answer.ok:
            raise AlertmanagerError(f"{self._name} refused: {answer.status_code} {answer.text.strip()}")
        try:
            return answer.json() if answer.content else None
        except requests.JSONDecodeError:
            raise AlertmanagerError(f"{self.url} does not answer like an Alertmanager") from None


def equal(name: str, value: str) -> Matcher:
    """A matcher for one value."""
    return {"name": name, "value": value, "isRegex": False, "isEqual": True}


def one_of(name: str, values: Iterable[str]) -> Matcher:
    """A matcher for several values."""
    return {"name": name, "value": "|".join(values), "isRegex": True, "isEqual": True}


def quoted(value: str) -> str:
    """A matcher's value in quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _firing(found: Mapping[str, Any]) -> Firing:
    status = found["status"]
    return Firing(
        found["labels"],
        found["annotations"],
        _time(found["startsAt"]),
        tuple(receiver["name"] for receiver in found["receivers"]),
        tuple(status["silencedBy"]),
        tuple(status["inhibitedBy"]),
    )


def _silence(found: Mapping[str, Any]) -> Silence:
    return Silence(
        found["id"],
        tuple(found["matchers"]),
        _time(found["startsAt"]),
        _time(found["endsAt"]),
        found["createdBy"],
        found["comment"],
        found["status"]["state"],
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _reason(error: requests.RequestException) -> str:
    """The operating system's words, without the layers around them."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, requests.RequestException):
            return cause.strerror
        cause = cause.__context__ or getattr(cause, "reason", None)
    return type(error).__name__
