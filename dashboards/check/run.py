"""All checks of all boards in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from dashboards.check.boards import board_findings
from dashboards.check.known import Known, from_rules, known
from dashboards.check.links import link_findings
from dashboards.check.panels import panel_findings
from dashboards.check.queries import target_findings
from dashboards.check.roundtrip import available, roundtrip_findings
from dashboards.check.schema import schema_findings
from dashboards.finding import Finding, Json, panels_of
from policy.model import Policy
from typedyaml.load import Document

FOLDER = "grafana"


def check(
    directory: Path, doc: Document[Policy] | None = None, boards_in: Path | None = None
) -> list[Finding]:
    """What is wrong with the boards in `boards_in`, else in `directory` or its folder `grafana`.

    With a policy the thresholds and the runbooks are checked against it, too; without one the names of
    recorded series and the application's metrics are taken from the rules in the folder `prometheus` beside.
    The round trip through Grafana's SDK is made where the SDK is installed.
    """
    folder = boards_in or (directory / FOLDER if (directory / FOLDER).is_dir() else directory)
    boards, findings = _read(folder)
    policy = doc.value if doc else None
    metrics = from_rules(directory / "prometheus") | known(policy)
    for name, document in boards.items():
        findings += board_check(name, document, boards, policy, metrics)
    return sorted(findings)


def board_check(
    name: str,
    document: Json,
    boards: Mapping[str, Json],
    policy: Policy | None,
    metrics: Mapping[str, Known],
) -> list[Finding]:
    """What is wrong with one board among those that are shipped together.

    The rules are for what has the structure of a board: they are applied when the schema has nothing to say.
    """
    if broken := list(schema_findings(name, document)):
        return broken
    return [
        *(roundtrip_findings(name, document) if available() else ()),
        *lint(name, document, boards, policy, metrics),
    ]


def lint(
    name: str,
    document: Json,
    boards: Mapping[str, Json],
    policy: Policy | None,
    metrics: Mapping[str, Known],
) -> Iterator[Finding]:
    """The rules that are not about types: the linter's, and the house's."""
    yield from board_findings(name, document, metrics)
    yield from link_findings(name, document, boards, policy)
    for panel in panels_of(document):
        yield from panel_findings(name, panel, policy)
        for target in panel.get("targets", ()):
            yield from target_findings(name, panel, target, metrics)


def _read(folder: Path) -> tuple[dict[str, Json], list[Finding]]:
    """Boards by uid; two files with one uid stop each other in Grafana."""
    boards: dict[str, Json] = {}
    findings = []
    paths = sorted(folder.glob("*.json"))
    if not paths:
        findings.append(Finding(str(folder), "", "shipping", "there is no dashboard in this folder"))
    for path in paths:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            findings.append(Finding(path.name, "", "shipping", f"is not JSON: {error}"))
            continue
        uid = str(document.get("uid", path.stem)) if isinstance(document, dict) else path.stem
        if not isinstance(document, dict):
            findings.append(Finding(path.name, "", "shipping", "is not a dashboard"))
        elif uid in boards:
            findings.append(Finding(path.name, "", "shipping", f'another file has the uid "{uid}" too'))
        else:
            boards[uid] = document
    return boards, findings
