"""Which version has what."""

from __future__ import annotations

import pytest

from alertmanager.features import NEWEST, OLDEST, SINCE, missing, parsed

CASES = [
    ("webhook_configs", ["url"], "0.25", []),
    ("webhook_configs", ["url_file"], "0.25", [("webhook_configs.url_file", "0.26")]),
    ("webhook_configs", ["url_file"], "0.26", []),
    ("msteamsv2_configs", ["webhook_url_file"], "0.27", [("msteamsv2_configs", "0.28")]),
    ("msteamsv2_configs", ["webhook_url_file"], "0.28", []),
    ("msteamsv2_configs", ["webhook_url_file"], "0.100", []),
]


@pytest.mark.parametrize(("section", "keys", "target", "lacking"), CASES)
def test_what_a_version_lacks(
    section: str, keys: list[str], target: str, lacking: list[tuple[str, str]]
) -> None:
    assert list(missing(section, dict.fromkeys(keys), target)) == lacking


def test_the_table_has_versions_only() -> None:
    assert all(parsed(OLDEST) <= parsed(since) <= parsed(NEWEST) for since in SINCE.values())
