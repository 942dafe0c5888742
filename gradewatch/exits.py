"""How a verb ends: its exit code, or an error that the user can put right."""

GOOD = 0
FINDINGS = 1
WRONG_INPUT = 2
INTERRUPTED = 130


class UsageError(Exception):
    """What is wrong and the way out, in one sentence; exit code 2."""
