"""docs/dashboards.md is that of the boards, and its pictures are there."""

from __future__ import annotations

import re

from dashboards.render import documents
from policy.load import load_policy
from tests.dashboards.album import DOCS, PAGE, page

LARGEST, ALL = 160_000, 2_000_000
"""Bytes of a picture and of them together: the documentation stays small."""


def test_the_page_is_that_of_the_boards() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(documents(load_policy().value)), "run `make pictures`"


def test_every_picture_of_the_page_is_there_and_no_other() -> None:
    named = set(re.findall(r"\]\(pictures/(\S+?)\)", PAGE.read_text(encoding="utf-8")))
    kept = {path.name: path.stat().st_size for path in (DOCS / "pictures").glob("*.png")}
    assert set(kept) == named
    assert max(kept.values()) < LARGEST
    assert sum(kept.values()) < ALL
