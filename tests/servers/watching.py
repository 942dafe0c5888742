"""A whole sidecar over a configuration that a test writes, its pages read by prometheus_client."""

from __future__ import annotations

import textwrap
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from exporter.config.whole import load_config
from exporter.exposition import Format, page
from exporter.sidecar import make_sidecar


class Watched:
    """`page()` collects and returns values by "name{label=value,...}", without the prefix `grader_`."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self.path = folder / "sidecar.yaml"
        self.path.write_text(textwrap.dedent(configuration), encoding="utf-8")
        config = load_config(self.path).value
        self.sidecar = make_sidecar(config, once=True)

    def page(self, timeout: float | None = None) -> dict[str, float]:
        """One scrape; `timeout` as Prometheus sends it, in seconds."""
        text = page(self.sidecar.scrape(timeout), Format.TEXT).decode()
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name.startswith("grader_"):
                    labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
                    name = sample.name.removeprefix("grader_")
                    found[f"{name}{{{labels}}}" if labels else name] = sample.value
        return found

    def figures(self, timeout: float | None = None) -> dict[str, float]:
        """A page without the sidecar's own metrics."""
        return {key: value for key, value in self.page(timeout).items() if not key.startswith("exporter_")}

    def states(self) -> dict[str, tuple[str, str]]:
        """State and message of each collector at the last scrape."""
        return {o.collector: (o.state, o.message) for o in self.sidecar.status.outcomes}
