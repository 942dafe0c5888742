"""Finds the verb, parses its arguments, turns known failures into one sentence and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from gradewatch import __version__, exits
from typedyaml.faults import Faults

VERBS = ("build", "check", "push", "preview", "exporter", "profile", "drift", "route", "ack", "demo")
"""In the order in which a user meets them."""

_DESCRIPTION = """\
Monitoring for auto-graders and the ML services behind them: a sidecar that
turns the grader's own database into metrics, and rules, escalation routes and
dashboards built from one policy."""

_EPILOG = """\
Begin with `gradewatch demo`; `gradewatch VERB --help` explains a verb.
Exit codes: 0 good, 1 findings, 2 wrong input."""


class Verb(Protocol):
    """What a verb's module has."""

    SUMMARY: str
    EXAMPLE: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it and return the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; known failures become one sentence on stderr."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    chosen = [verb for verb in arguments[:1] if verb in VERBS]
    args = _parser(chosen or VERBS).parse_args(arguments)
    try:
        return cast("int", args.run(args))
    except Faults as error:
        count = len(error.faults)
        print(*error.faults, sep="\n", file=sys.stderr)
        print(f"{count} fault{'s' * (count != 1)}, nothing written.", file=sys.stderr)
        return exits.WRONG_INPUT
    except exits.UsageError as error:
        print(f"gradewatch: {error}", file=sys.stderr)
        return exits.WRONG_INPUT
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.GOOD


def _parser(verbs: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the modules of `verbs` are imported, so that one verb costs only itself."""
    parser = argparse.ArgumentParser(
        prog="gradewatch",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gradewatch {__version__}")
    subparsers = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name in verbs:
        verb = cast("Verb", importlib.import_module(f"gradewatch.{name}"))
        sub = subparsers.add_parser(
            name,
            help=verb.SUMMARY[0].lower() + verb.SUMMARY[1:].rstrip("."),
            description=f"{verb.SUMMARY}\n\nexample:\n  {verb.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_arguments(sub)
        sub.set_defaults(run=verb.run)
    return parser
