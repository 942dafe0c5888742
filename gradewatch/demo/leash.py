"""Runs a program that dies with the demo, even when the demo is killed: leash.py PARENT COMMAND ...

It is a program of its own because nothing may run between fork and exec in a process that has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become COMMAND, after asking the kernel to end it together with its parent."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only; else the demo stops its children itself
    if prctl:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before the kernel was asked
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  no shell is the point


if __name__ == "__main__":
    main()
