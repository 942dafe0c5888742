"""`python -m exporter`: the sidecar without the rest of gradewatch."""

from __future__ import annotations

import argparse
import sys

from exporter.command import EXAMPLE, SUMMARY, add_arguments, run


def main() -> int:
    """Parse the arguments and run."""
    example = EXAMPLE.replace("gradewatch exporter", "python -m exporter")
    parser = argparse.ArgumentParser(
        prog="python -m exporter",
        description=f"{SUMMARY}\n\nexample:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    args = parser.parse_args()
    return run(args)


if __name__ == "__main__":
    sys.exit(main())
