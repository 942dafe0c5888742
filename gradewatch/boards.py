"""Boards of several policies in one Grafana: each has its policy's name in its address.

A board's uid is its address, so two of the same uid would overwrite one another; links between boards and
from alerts follow. Grafana allows 40 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from dashboards.render import BOARDS
from policy.model import Policy
from typedyaml.faults import Fault
from typedyaml.load import Document

BOARDS_OF = "grafana/"
LONGEST_UID = 40
OTHER_FORMS = ("api", "configmaps")
"""Folders that hold the same boards for other ways to bring them into a Grafana."""
_PREFIX = "gradewatch-"
_ADDRESS = re.compile(rf"\b(?:{'|'.join(BOARDS)})(?![\w-])")


def board_files(folder: Path) -> list[Path]:
    """The boards of a build, in order; those of several policies lie in a folder each."""
    below = (path for path in folder.glob("*/*.json") if path.parent.name not in OTHER_FORMS)
    return sorted([*folder.glob("*.json"), *below])


def apart(name: str, text: str, policy: str) -> tuple[str, str]:
    """A board's file, in any form, below the policy's folder; its text leads to that policy's boards."""
    inside = PurePosixPath(name).relative_to(BOARDS_OF)
    return f"{BOARDS_OF}{policy}/{with_links(str(inside), policy)}", with_links(text, policy)


def with_links(text: str, policy: str) -> str:
    """The boards' addresses as they are beside other policies, wherever the text has them."""
    return _ADDRESS.sub(lambda found: address(found[0], policy), text)


def address(uid: str, policy: str) -> str:
    """The uid of a policy's board."""
    found = uid.replace(_PREFIX, f"{_PREFIX}{_short(policy)}-", 1)
    assert len(found) <= LONGEST_UID, found
    return found


def collisions(documents: Sequence[Document[Policy]]) -> Iterator[Fault]:
    """Policies whose boards would have one address: the second would overwrite the first."""
    seen: dict[str, str] = {}
    for document in documents:
        name = document.value.policy
        other = seen.setdefault(_short(name), name)
        if other != name:
            message = (
                f'in the addresses of boards "{name}" is "{_short(name)}", as {other} is: name it otherwise'
            )
            yield document.fault(("policy",), message)


def _short(policy: str) -> str:
    """At most 12 characters, else the initials: a long name would leave nothing for the board."""
    return policy if len(policy) <= 12 else "".join(word[0] for word in policy.split("-"))
