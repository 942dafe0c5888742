"""`gradewatch drift`: a reference profile from data, exact against binned, and a report to look at."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from gradewatch.exits import UsageError

SUMMARY = "Make a model's reference profile, verify its drift figures, or draw a report."
EXAMPLE = "gradewatch drift profile training.csv --out /etc/gradewatch/essay.npz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (summary, text, example, declare) in _ACTIONS.items():
        action = actions.add_parser(
            name,
            help=summary,
            description=f"{text}\n\nexample:\n  gradewatch drift {name} {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        declare(action)


def _profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rows", nargs="?", type=Path, metavar="FILE", help="rows to make it of")
    parser.add_argument("--config", type=Path, metavar="FILE", help="or the sidecar's configuration ...")
    parser.add_argument("--model", metavar="NAME", help="... and the model in it whose reference is read")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the profile to write (.npz)")
    parser.add_argument("--prediction", default="score", metavar="COLUMN", help="default: %(default)s")
    parser.add_argument(
        "--skip",
        default="id,time,version",
        metavar="COLUMNS",
        help="columns that are no features, with commas (default: %(default)s)",
    )
    parser.add_argument("--bins", type=int, default=1024, metavar="N", help="default: %(default)s")


def _verify(parser: argparse.ArgumentParser) -> None:
    _of_a_model(parser)
    parser.add_argument(
        "--reference", type=Path, metavar="FILE", help="the reference's rows, where the model has a profile"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def _report(parser: argparse.ArgumentParser) -> None:
    _of_a_model(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the page to write (.html)")
    parser.add_argument("--days", type=int, default=14, metavar="N", help="days to draw (default: 14)")


def _of_a_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="the sidecar's configuration"
    )
    parser.add_argument("--model", metavar="NAME", help="default: the only one")
    parser.add_argument("--window", metavar="DURATION", help="1h to 48h or 2d to 7d instead of the model's")
    parser.add_argument("--at", metavar="TIME", help="as of then (ISO 8601; default: the newest row)")


_Action = tuple[str, str, str, Callable[[argparse.ArgumentParser], None]]
_ACTIONS: dict[str, _Action] = {
    "profile": (
        "make a reference profile from rows",
        """\
Read a file (CSV, JSON Lines, Parquet) or a model's configured reference, and
save what the sidecar needs to know of it: counts, no row. Prints the
configuration to go with it.""",
        "validation.csv --out essay.npz",
        _profile,
    ),
    "verify": (
        "compare figures from counts with exact ones",
        """\
Compute the Kolmogorov-Smirnov distance of each numeric feature from the raw
rows, and print it beside the one from counts. Exit 1 when an exact value lies
outside the bracket that is exported.""",
        "--config sidecar.yaml",
        _verify,
    ),
    "report": (
        "draw a page with pictures",
        """\
Read the log at its own time and write one HTML page that needs nothing from
elsewhere: what drifted, what to do, each feature's distribution now and in
the reference, and the drift by day.""",
        "--config sidecar.yaml --window 7d --out report.html",
        _report,
    ),
}


def run(args: argparse.Namespace) -> int:
    """Do the action."""
    if find_spec("numpy") is None:
        raise UsageError("numpy is needed for this: pip install 'gradewatch[drift]'")
    from exporter.drift.cpu import choose_sort

    choose_sort()
    from gradewatch import drift_profile, drift_report, drift_verify

    actions: dict[str, Callable[[argparse.Namespace], int]]
    actions = {"profile": drift_profile.run, "verify": drift_verify.run, "report": drift_report.run}
    return actions[args.action](args)
