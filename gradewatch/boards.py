"""Boards of several policies in one Grafana: each has its policy's name in its address.

A board's uid is its address, so two of the same uid would overwrite one another; links between boards and
from alerts follow. Grafana allows 40 characters.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath

BOARDS_OF = "grafana/"
LONGEST_UID = 40
_LINK = re.compile(r"/d/gradewatch-")


def apart(name: str, text: str, policy: str, title: str) -> tuple[str, str]:
    """The file of a board below the policy's folder, and its text with links to boards of the same policy."""
    board = json.loads(text)
    uid = address(board["uid"], policy)
    changed = with_links(text, policy).replace(f'"uid": "{board["uid"]}"', f'"uid": "{uid}"')
    changed = changed.replace(f'"title": "{board["title"]}"', f'"title": "{title}: {board["title"]}"', 1)
    return f"{BOARDS_OF}{policy}/{PurePosixPath(name).name.replace(board['uid'], uid)}", changed


def with_links(text: str, policy: str) -> str:
    """Links to boards by the addresses that they have beside other policies."""
    return _LINK.sub(f"/d/gradewatch-{_short(policy)}-", text)


def address(uid: str, policy: str) -> str:
    """The uid of a policy's board."""
    found = uid.replace("gradewatch-", f"gradewatch-{_short(policy)}-", 1)
    assert len(found) <= LONGEST_UID, found
    return found


def _short(policy: str) -> str:
    """At most 12 characters, else the initials: a long name would leave nothing for the board."""
    return policy if len(policy) <= 12 else "".join(word[0] for word in policy.split("-"))
