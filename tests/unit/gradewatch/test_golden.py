from __future__ import annotations

import pytest

from gradewatch.golden import ROOT, documents

DOCUMENTS = documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_derived_document_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == DOCUMENTS[name], "run `make golden`"
