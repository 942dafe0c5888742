"""Series as OpenMetrics text, the form that `promtool tsdb create-blocks-from openmetrics` reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Values = Sequence[float | None]
"""One value a time; None is a gap."""


@dataclass(slots=True)
class Samples:
    """Series by family over common times (Unix seconds)."""

    times: Sequence[float]
    families: dict[str, tuple[str, list[tuple[str, Values]]]] = field(default_factory=dict)

    def gauge(self, name: str, values: Values | float, **labels: Any) -> None:
        self._add(name, "gauge", name, values, labels)

    def counter(self, name: str, per_second: Values | float, **labels: Any) -> None:
        """A counter that grows by these rates. Its family has no `_total`, its samples have."""
        base = name.removesuffix("_total")
        typed = "counter" if name != base else "unknown"
        self._add(base, typed, name, _grown(self._steady(per_second), self.times), labels)

    def histogram(
        self, name: str, per_second: Values | float, shape: Sequence[tuple[float, Any]], **labels: Any
    ) -> None:
        """Observations at these rates; `shape` has for each upper bound the share at or below it."""
        rates = self._steady(per_second)
        for bound, share in [*shape, (float("inf"), 1.0)]:
            shares = self._steady(share)
            under = _grown([(r or 0) * (s or 0) for r, s in zip(rates, shares, strict=True)], self.times)
            text = "+Inf" if bound == float("inf") else str(float(bound))
            self._add(name, "histogram", f"{name}_bucket", under, labels | {"le": text})
        self._add(name, "histogram", f"{name}_count", _grown(rates, self.times), labels)
        mean = shape[len(shape) // 2][0]
        self._add(
            name, "histogram", f"{name}_sum", _grown([(r or 0) * mean for r in rates], self.times), labels
        )

    def write(self, path: Path) -> None:
        path.write_text("".join(self._lines()), encoding="utf-8")

    def _steady(self, values: Values | float) -> Values:
        return [values] * len(self.times) if isinstance(values, int | float) else values

    def _add(
        self, family: str, type_: str, name: str, values: Values | float, labels: dict[str, Any]
    ) -> None:
        inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
        self.families.setdefault(family, (type_, []))[1].append((f"{name}{{{inside}}}", self._steady(values)))

    def _lines(self) -> Iterable[str]:
        for family, (type_, series) in self.families.items():
            yield f"# TYPE {family} {type_}\n"
            for name, values in series:
                for moment, value in zip(self.times, values, strict=True):
                    if value is not None:
                        yield f"{name} {value:.12g} {moment:.0f}\n"
        yield "# EOF\n"


def _grown(rates: Values, times: Sequence[float]) -> list[float]:
    """Events so far. Parts of events too: rounding each bucket for itself would bend the quantiles."""
    step = times[1] - times[0]
    total, grown = 0.0, []
    for rate in rates:
        total += (rate or 0) * step
        grown.append(total)
    return grown
