"""Keeps numpy from an instruction that one family of processors has, and is slow at."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_SLOW = "X86_V4 AVX512_SKX AVX512_ICL AVX512_SPR"
"""What newer and older releases of numpy call their AVX-512 code."""
_ZEN_3_AND_4 = "25"
"""AMD's name of the family; only Zen 4 of it has AVX-512."""


def choose_sort(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Let numpy sort with AVX2 on AMD's Zen 4; whether that was done. Call it before numpy is imported.

    numpy's AVX-512 sort writes compressed registers to memory, which Zen 4 does in microcode: there it is six
    times slower than the AVX2 sort (numpy/x86-simd-sort, issue 6), and counting is mostly sorting. What the
    environment says already stands.
    """
    if "numpy" in sys.modules or "NPY_DISABLE_CPU_FEATURES" in os.environ or not _is_zen_4(cpuinfo):
        return False
    os.environ["NPY_DISABLE_CPU_FEATURES"] = _SLOW
    return True


def _is_zen_4(cpuinfo: Path) -> bool:
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace").partition("\n\n")[0]
    except OSError:  # another system
        return False
    pairs = (line.partition(":") for line in text.splitlines())
    facts = {name.strip(): value.strip() for name, _, value in pairs}
    amd = (facts.get("vendor_id"), facts.get("cpu family")) == ("AuthenticAMD", _ZEN_3_AND_4)
    return amd and "avx512f" in facts.get("flags", "").split()
