"""Grafana's HTTP interface, as far as putting dashboards into a folder needs it.

Written after its documentation (folder and dashboard API, Grafana 11 to 13); no Grafana was at hand to run it
against.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

Json = dict[str, Any]

TIMEOUT = 20
"""Seconds for one answer."""
# Keys that Grafana sets itself when it keeps a dashboard.
_ITS_OWN = ("id", "version")
_CONFLICTS = {
    "name-exists": "the folder has another dashboard of this title; rename or delete it",
    "version-mismatch": "somebody saved it at the same moment; run again",
    "plugin-dashboard": "it belongs to a plugin; delete it or remove the plugin",
}


class GrafanaError(Exception):
    """Grafana does not answer, or refuses; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A dashboard that Grafana has; `document` is without the keys that Grafana sets itself."""

    document: Json
    folder_uid: str
    provisioned: bool


@dataclass(frozen=True, slots=True)
class Grafana:
    """One Grafana by its address; every call raises GrafanaError."""

    url: str
    token: str = field(default="", repr=False)
    _session: requests.Session = field(default_factory=requests.Session, compare=False, repr=False)

    def folder_title(self, uid: str) -> str | None:
        """The folder's title; None when there is no such folder."""
        answer = self._ask("GET", f"folders/{uid}")
        return str(answer["title"]) if answer else None

    def create_folder(self, uid: str, title: str) -> None:
        """A new folder at the root."""
        self._ask("POST", "folders", {"uid": uid, "title": title})

    def dashboard(self, uid: str) -> Kept | None:
        """What Grafana has under this uid; None when it has nothing."""
        answer = self._ask("GET", f"dashboards/uid/{uid}")
        if not answer:
            return None
        meta = answer.get("meta", {})
        kept = {key: value for key, value in answer["dashboard"].items() if key not in _ITS_OWN}
        return Kept(kept, str(meta.get("folderUid", "")), bool(meta.get("provisioned")))

    def save(self, payload: Json) -> str:
        """Create or replace a dashboard; returns its path, like `/d/uid/title`."""
        answer = self._ask("POST", "dashboards/db", payload)
        return str((answer or {}).get("url", ""))

    def _ask(self, method: str, path: str, body: Json | None = None) -> Json | None:
        """The answer's content; None when a GET finds nothing."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = self._session.request(
                method, f"{self.url}/api/{path}", json=body, headers=headers, timeout=TIMEOUT
            )
        except requests.RequestException as error:
            raise GrafanaError(f"Grafana at {self.url} does not answer: {_reason(error)}") from None
        try:
            content = answer.json()
        except requests.JSONDecodeError:
            raise GrafanaError(
                f"{self.url} does not answer like Grafana (status {answer.status_code}, no JSON): "
                "give the address that a browser has, with the path that Grafana is served under"
            ) from None
        if answer.ok and isinstance(content, dict):
            return content
        if method == "GET" and answer.status_code == requests.codes.not_found:
            return None
        raise GrafanaError(_refusal(answer.status_code, content, method, path))


def written(document: Json) -> Json:
    """The keys of a document that Grafana keeps as they are sent."""
    return {key: value for key, value in document.items() if key not in _ITS_OWN}


def _refusal(status: int, content: Any, method: str, path: str) -> str:
    """One sentence: what Grafana refused, why, and the way out."""
    found = content if isinstance(content, dict) else {}
    said = str(found.get("message", "no reason given"))
    if status == requests.codes.unauthorized:
        return f"Grafana does not accept the token ({said}): give one of a service account that is valid"
    if status == requests.codes.forbidden:
        return f"the token may not {method} {path} ({said}): its service account needs the role Editor"
    if status == requests.codes.precondition_failed:
        return f"Grafana refuses: {_CONFLICTS.get(str(found.get('status')), said)}"
    return f"Grafana refuses {method} {path} with status {status}: {said}"


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here; set REQUESTS_CA_BUNDLE to the file of your authority"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT} s"
    if isinstance(error, ValueError):
        return "that is no address like https://grafana.example.org"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)
