"""Do the checkers still bite? Every defect is noticed by the checkers that are there for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pytest

from dashboards.check.known import known
from dashboards.check.roundtrip import roundtrip_findings
from dashboards.check.run import lint
from dashboards.check.schema import schema_findings
from dashboards.finding import Finding, Json
from dashboards.render import documents
from policy.load import load_policy
from tests.dashboards.mutations import MUTATIONS, DoesNotApplyError, Mutation

POLICY = load_policy().value
BOARDS = documents(POLICY)
METRICS = known(POLICY)
WITHOUT_SERVER = frozenset({"schema", "sdk", "lint"})
RULES = frozenset(
    [
        "alert",
        "annotations",
        "average-of-quantiles",
        "denominator",
        "function",
        "grid",
        "id",
        "identity",
        "label",
        "links",
        "max-data-points",
        "menu",
        "metric",
        "no-data",
        "or-matchers",
        "palette",
        "panel-datasource",
        "panel-no-targets",
        "panel-title-description",
        "panel-units",
        "quantile-guard",
        "quantile-le",
        "query-kind",
        "rate-of-gauge",
        "shipping",
        "target-counter-agg",
        "target-instance",
        "target-job",
        "target-logql",
        "target-promql",
        "target-rate-interval",
        "template-datasource",
        "template-instance",
        "template-job",
        "template-label-promql",
        "template-on-time-change-reload",
        "stale",
        "thresholds",
        "uid",
        "uneditable-dashboard",
        "unique",
        "variables",
        "vector",
    ]
)


def noticed(uid: str, document: Json) -> dict[str, list[Finding]]:
    """What each checker finds."""
    return {
        "schema": list(schema_findings(uid, document)),
        "sdk": list(roundtrip_findings(uid, document)),
        "lint": list(lint(uid, document, BOARDS | {uid: document}, POLICY, METRICS)),
    }


@cache
def findings(mutation: Mutation) -> dict[str, dict[str, list[Finding]]]:
    """By board, where the board has a place for the defect."""
    found = {}
    for uid, document in BOARDS.items():
        try:
            found[uid] = noticed(uid, mutation.apply(document))
        except DoesNotApplyError:
            continue
    return found


def names_of(checkers: dict[str, list[Finding]]) -> set[str]:
    return {name for name, found in checkers.items() if found}


def rules_of(found: Iterable[Finding]) -> set[str]:
    return {finding.rule for finding in found}


@pytest.mark.parametrize("uid", BOARDS)
def test_an_unchanged_board_passes(uid: str) -> None:
    assert not names_of(noticed(uid, BOARDS[uid]))


@pytest.mark.parametrize(
    "mutation", [m for m in MUTATIONS if m.caught_by & WITHOUT_SERVER], ids=lambda mutation: mutation.name
)
def test_a_defect_is_noticed_on_every_board_that_has_a_place_for_it(mutation: Mutation) -> None:
    by_board = findings(mutation)
    assert by_board, "no board has a place for this defect any more"
    missed = {uid: (mutation.caught_by & WITHOUT_SERVER) - names_of(found) for uid, found in by_board.items()}
    assert not any(missed.values()), missed


def test_every_rule_is_proven_by_a_defect() -> None:
    fired = {rule for m in MUTATIONS for found in findings(m).values() for rule in rules_of(found["lint"])}
    assert fired == RULES


@pytest.mark.parametrize("uid", BOARDS)
def test_a_metric_that_the_catalogue_loses_is_missed_by_the_board(uid: str) -> None:
    document = BOARDS[uid]
    used = {name for name in METRICS if re.search(rf"\b{re.escape(name)}\{{", str(document))}
    assert len(used) > 5
    for name in used:
        without = {other: metric for other, metric in METRICS.items() if other != name}
        found = rules_of(lint(uid, document, BOARDS, POLICY, without))
        assert found & {"metric", "template-label-promql"}, name
