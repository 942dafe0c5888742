"""docs/benchmarks.md is replaced section by section."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.document import machine, replace_section, table


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    replace_section("one", "First", "a", page)
    replace_section("two", "Second", "b", page)
    replace_section("one", "First", "c", page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Benchmarks\n")
    assert text.index("## First\n\nc\n") < text.index("## Second\n\nb\n")
    assert "\na\n" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["benchmarks.md"]


def test_a_page_with_a_broken_marker_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("<!-- begin one -->\nkept\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no end marker"):
        replace_section("one", "First", "a", page)
    assert page.read_text(encoding="utf-8") == "<!-- begin one -->\nkept\n"


@pytest.mark.parametrize("name", ["", "Upper", "a b", "-->"])
def test_a_name_that_would_break_the_markers_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a section name"):
        replace_section(name, "T", "b", tmp_path / "benchmarks.md")


def test_a_table_is_markdown() -> None:
    assert table(["what", "ms"], [["a|b", 1.5]]) == "| what | ms |\n| --- | ---: |\n| a\\|b | 1.5 |"


def test_the_machine_is_told_with_the_programs_that_ran() -> None:
    assert machine(MariaDB="10.11").endswith(", MariaDB 10.11.")
