"""Loading a policy: types, then the ready set that it names, then cross references; every fault at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from policy.checks import faults_of
from policy.matrices import NAMES, ready
from policy.model import Policy
from typedyaml.checked import load_checked
from typedyaml.faults import Fault, Faults, unknown
from typedyaml.load import Document

FOLDER = Path(__file__).parent
DEFAULT = "auto-grader"


def shipped() -> tuple[str, ...]:
    """Names of the policies that come with gradewatch."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_policy(source: str | Path = DEFAULT) -> Document[Policy]:
    """A policy by path, or by the name of a shipped one; raises Faults with all that is wrong."""
    path = Path(source)
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        if str(source) not in shipped():
            raise Faults([Fault(str(source), 1, 1, unknown("policy", source, shipped()))])
        path = FOLDER / f"{source}.yaml"
    return _with_matrix(load_checked(path, Policy, _faults))


def _faults(doc: Document[Policy]) -> Iterator[Fault]:
    policy = doc.value
    if policy.matrix and policy.priorities:
        yield doc.fault(("matrix",), "both matrix and priorities say who is told; choose one")
    if not policy.matrix and not policy.priorities:
        rows = any(path[:1] == ("priorities",) and path[1:] for path in doc.positions)
        if not rows and not doc.written("matrix"):
            message = f"who is told? priorities is missing, or matrix: {' or '.join(NAMES)}"
            yield doc.fault(("priorities",), message)
        return
    yield from faults_of(_with_matrix(doc))


def _with_matrix(doc: Document[Policy]) -> Document[Policy]:
    """The policy with the rows of the ready set that it names; faults in them are shown where it is named."""
    name = doc.value.matrix
    if name is None:
        return doc
    positions = {**doc.positions, ("priorities",): doc.position("matrix")}
    return Document(dataclasses.replace(doc.value, priorities=ready(name)), doc.path, positions)
