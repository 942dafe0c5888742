"""Loading a policy: types, then cross references; every fault at once."""

from __future__ import annotations

from pathlib import Path

from policy.checks import faults_of
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
    return load_checked(path, Policy, faults_of)
