"""Prometheus' HTTP API, as far as boards need it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import requests

TIMEOUT = 30
Labels = dict[str, str]


class QueryError(Exception):
    """Prometheus refused a query; the text is its own."""


@dataclass(frozen=True, slots=True)
class Series:
    """Labels and points (Unix seconds, value) in time order."""

    labels: Labels
    points: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server at `url`; raises QueryError, or requests' exceptions when it does not answer."""

    url: str
    _session: requests.Session = field(default_factory=requests.Session, compare=False)

    def instant(self, expr: str, at: float) -> list[Series]:
        """The value of each series at a moment."""
        data = self._ask("query", {"query": expr, "time": at})
        if data["resultType"] in ("scalar", "string"):
            return [Series({}, [_point(data["result"])])]
        return [Series(entry["metric"], [_point(entry["value"])]) for entry in data["result"]]

    def range(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        """The points of each series."""
        data = self._ask("query_range", {"query": expr, "start": start, "end": end, "step": step})
        return [
            Series(entry["metric"], [_point(point) for point in entry["values"]]) for entry in data["result"]
        ]

    def label_values(self, label: str, selector: str, start: float, end: float) -> list[str]:
        """The values of a label among the series that a selector finds."""
        parameters: dict[str, Any] = {"start": start, "end": end}
        if selector:
            parameters["match[]"] = selector
        found: list[str] = self._ask(f"label/{label}/values", parameters)
        return found

    def ready(self, patience: float = 30) -> bool:
        """Wait until the server answers; False when it did not within `patience` seconds."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                if self._session.get(f"{self.url}/-/ready", timeout=1).ok:
                    return True
            except requests.RequestException:
                pass  # not there yet, or no address at all
            time.sleep(0.05)
        return False

    def _ask(self, path: str, parameters: dict[str, Any]) -> Any:
        answer = self._session.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=TIMEOUT)
        body = answer.json()
        if body.get("status") != "success":
            raise QueryError(body.get("error", f"HTTP status {answer.status_code}"))
        return body["data"]


def _point(pair: list[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
