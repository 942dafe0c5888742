"""The types of further outputs of a build: nothing is written that a policy does not ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from policy.scalars import Name, Url


@dataclass(frozen=True, slots=True)
class Operator:
    """Objects of the Prometheus Operator. `labels` are what its Prometheus and Alertmanager select by."""

    namespace: Name = "monitoring"
    labels: dict[str, str] = field(default_factory=dict)
    secret: Name = "alertmanager-gradewatch"  # noqa: S105  the name of an object
    """The Secret in `namespace` whose keys are called as the secret files are (as their paths, where two have
    one name)."""


@dataclass(frozen=True, slots=True)
class Mimir:
    """A file for `mimirtool rules load`; `source_tenants` where rules read several tenants."""

    namespace: Name = "gradewatch"
    source_tenants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thanos:
    """Rules for Thanos Ruler: what happens when a store does not answer."""

    partial_response_strategy: Literal["abort", "warn"] = "abort"


@dataclass(frozen=True, slots=True)
class VictoriaMetrics:
    """Rules for vmalert; `keep_firing_for` only where it is new enough: Debian's 1.79 refuses it."""

    keep_firing_for: bool = False


@dataclass(frozen=True, slots=True)
class Pint:
    """A configuration for cloudflare/pint; with `prometheus` it also asks the server."""

    prometheus: Url | None = None


@dataclass(frozen=True, slots=True)
class Outputs:
    operator: Operator | None = None
    mimir: Mimir | None = None
    thanos: Thanos | None = None
    victoriametrics: VictoriaMetrics | None = None
    pint: Pint | None = None
