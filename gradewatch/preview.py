"""`gradewatch preview`: the dashboards as pictures or pages, without a Grafana, from any Prometheus."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gradewatch import exits

if TYPE_CHECKING:
    from dashboards.finding import Json

SUMMARY = "Draw the dashboards from the data of a Prometheus, without a Grafana."
EXAMPLE = (
    "gradewatch preview overview --prometheus http://localhost:9090 --last 1h\n\n"
    "Drawn by Grafana's own components in a headless Chromium; a faithful look, not a Grafana.\n"
    "It needs what setup/browser.sh brings: Chromium, and Node with the npm packages of dashboards/viz."
)
PATIENCE = 3.0
FORMATS = ("png", "html")
NARROWEST, WIDEST = 800, 3840
"""Pixels: below, Grafana puts panels one below the other, which is not drawn here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "boards", nargs="*", metavar="BOARD", help="like overview or queue; all when none is named"
    )
    parser.add_argument(
        "--prometheus", default="http://127.0.0.1:9090", metavar="URL", help="default: %(default)s"
    )
    parser.add_argument("--last", default="6h", metavar="TIME", help="length of the time range (%(default)s)")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="default: %(default)s")
    parser.add_argument(
        "--format", choices=FORMATS, default="png", help="a picture or one page (%(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("preview"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--width", type=_width, default=1624, metavar="PIXELS", help="of the screen (%(default)s)"
    )
    parser.add_argument("--policy", default="auto-grader", help="a policy file or shipped name (%(default)s)")
    parser.add_argument(
        "--speed", type=_speed, default=1, metavar="N", help="of a demo whose time runs faster (%(default)g)"
    )


def run(args: argparse.Namespace) -> int:
    """Draw each board; panels without data are named, which is no fault."""
    import requests

    from dashboards.live.client import Prometheus, QueryError
    from dashboards.viz.browser import NoBrowserError
    from dashboards.viz.pictures import faults, hurried, page_of, picture_of, window_of
    from policy.compress import compress
    from policy.load import load_policy
    from typedyaml.units import Duration

    policy = compress(load_policy(args.policy).value, args.speed)
    chosen = {uid: hurried(board, args.speed) for uid, board in _chosen(args.boards, policy).items()}
    try:
        if not Duration.parse(args.last):
            raise ValueError("must be longer than 0s")
    except ValueError as error:
        raise exits.UsageError(f"--last: {error}") from None
    prometheus = Prometheus(args.prometheus.rstrip("/"))
    if not prometheus.ready(PATIENCE):
        raise exits.UsageError(
            f"no Prometheus at {args.prometheus}: give its address with --prometheus, or "
            "start `gradewatch demo`"
        )
    window = window_of(args.last, str(policy.scrape.interval), time.time(), args.width)
    bad, drawn = 0, list[str]()
    try:
        for uid, document in chosen.items():
            target = args.out.absolute() / f"{uid}-{args.theme}.{args.format}"
            if args.format == "html":
                page_of(document, prometheus, window, args.theme, target)
                print(target)
                drawn.append(uid)
                continue
            facts = picture_of(document, prometheus, window, args.theme, target)
            print(target, *([f"without data: {', '.join(facts.nodata)}"] if facts.nodata else []), sep="  ")
            drawn.append(uid)
            # A table with more rows than it shows, a title on a narrow screen: no fault of the data.
            for fault in faults(dataclasses.replace(facts, clipped=()), busy=False):
                bad += 1
                print(f"  {fault}", file=sys.stderr)
    except NoBrowserError as problem:
        raise exits.UsageError(str(problem)) from None
    except (requests.RequestException, QueryError) as error:
        raise exits.UsageError(
            f"{args.prometheus} no longer answers like a Prometheus ({type(error).__name__}); "
            f"{len(drawn)} of {len(chosen)} boards are drawn"
        ) from None
    except OSError as error:
        raise exits.UsageError(f"--out {args.out}: {error.strerror}; name a folder to write to") from None
    return exits.FINDINGS if bad else exits.GOOD


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 1 <= speed < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" is not a speed; allowed are 1 and more')
    return speed


def _width(text: str) -> int:
    if not (text.isdecimal() and NARROWEST <= int(text) <= WIDEST):
        raise argparse.ArgumentTypeError(f'"{text}" is no width; allowed are {NARROWEST} to {WIDEST}')
    return int(text)


def _chosen(names: list[str], policy: object) -> dict[str, Json]:
    from dashboards.render import documents

    boards = documents(policy)  # type: ignore[arg-type]
    short = {uid.removeprefix("gradewatch-"): uid for uid in boards}
    unknown = [name for name in names if name not in short and name not in boards]
    if unknown:
        raise exits.UsageError(f"no board {', '.join(unknown)}; there are {', '.join(short)}")
    wanted = {short.get(name, name) for name in names} or set(boards)
    return {uid: board for uid, board in boards.items() if uid in wanted}
