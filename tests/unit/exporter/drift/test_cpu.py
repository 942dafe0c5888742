"""Which processors are kept from numpy's AVX-512 sort."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
_ASK = """
import os, sys
from pathlib import Path
from exporter.drift.cpu import choose_sort
print(choose_sort(Path(sys.argv[1])), os.environ.get("NPY_DISABLE_CPU_FEATURES", "-"))
import numpy
"""
_FACTS = "vendor_id\t: {vendor}\ncpu family\t: {family}\nflags\t\t: fpu avx2 {more}\n\nprocessor\t: 1\n"


@pytest.mark.parametrize(
    ("vendor", "family", "more", "expected"),
    [
        ("AuthenticAMD", 25, "avx512f", "True X86_V4"),  # Zen 4
        ("AuthenticAMD", 25, "", "False -"),  # Zen 3
        ("AuthenticAMD", 26, "avx512f", "False -"),  # Zen 5
        ("GenuineIntel", 6, "avx512f", "False -"),
    ],
)
def test_only_zen_4_sorts_without_avx_512(
    tmp_path: Path, vendor: str, family: int, more: str, expected: str
) -> None:
    facts = tmp_path / "cpuinfo"
    facts.write_text(_FACTS.format(vendor=vendor, family=family, more=more))
    assert ask(facts).startswith(expected)


def test_another_system_and_an_environment_that_says_otherwise_are_left_alone(tmp_path: Path) -> None:
    assert ask(tmp_path / "none") == "False -"
    facts = tmp_path / "cpuinfo"
    facts.write_text(_FACTS.format(vendor="AuthenticAMD", family=25, more="avx512f"))
    assert ask(facts, NPY_DISABLE_CPU_FEATURES="X86_V4") == "False X86_V4"


def ask(facts: Path, **environment: str) -> str:
    command = [sys.executable, "-c", _ASK, str(facts)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
