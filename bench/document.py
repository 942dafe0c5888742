"""docs/benchmarks.md: one section a benchmark, each between markers of its own and replaced as a whole.

from bench.document import machine, replace_section, table

replace_section("counting", "Counting", f"{machine()}\n\n{table(['rows', 'ms'], [['10 k', '1.2']])}")
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"
_HEAD = """\
# Benchmarks

Every figure on this page was written by the command that its section names. Both sides of a ratio ran in
turns on the same machine and the same data: **trust the ratios, not the milliseconds.**
"""


def replace_section(name: str, title: str, body: str, page: Path = PAGE) -> None:
    """Write a section (heading and Markdown) in place of its predecessor, or at the end of the page.

    The other sections stay as they are. `name` is lower case and marks the section; it is not shown.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(f'"{name}" is not a section name: lower case letters, digits, -')
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if begin in body or end in body:
        raise ValueError(f"the text of section {name} holds its own markers")
    section = f"{begin}\n## {title}\n\n{body.strip()}\n{end}"
    text = page.read_text(encoding="utf-8") if page.exists() else _HEAD
    before, found, rest = text.partition(begin)
    if found:
        _, closed, after = rest.partition(end)
        if not closed:
            raise ValueError(f"{page}: section {name} has no end marker")
        new = f"{before}{section}{after}"
    else:
        new = f"{text.rstrip()}\n\n{section}\n"
    temporary = page.with_name(page.name + ".new")
    temporary.write_text(new, encoding="utf-8")
    temporary.replace(page)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; the first column is text, the others are figures and stand on the right."""
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join([*lines, *map(_line, rows)])


def machine(**versions: str) -> str:
    """One line that says where the figures are from; `versions` are those of the programs that ran."""
    cores = len(os.sched_getaffinity(0))
    python = f"Python {platform.python_version()} ({platform.python_compiler()})"
    programs = "".join(f", {name} {version}" for name, version in versions.items())
    many = "core" if cores == 1 else "cores"
    return f"{cores} {many} of {_processor()}, {platform.system()} {platform.release()}, {python}{programs}."


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
