"""Pictures of the boards from a running Prometheus: `python -m dashboards.viz.pictures --out docs/pictures`.

Without --prometheus it asks that of the demo (`make run`).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dashboards.finding import Json
from dashboards.live.ask import Answer, answers
from dashboards.live.client import Prometheus
from dashboards.live.variables import resolve
from dashboards.live.window import Window
from dashboards.render import documents
from dashboards.viz.browser import Facts, NoBrowserError, draw, page
from policy.compress import compress
from policy.load import load_policy
from typedyaml.units import Duration

WIDTH = 1624
ROW, HEAD = 38, 60
THEMES = ("dark", "light")
DEMO = "http://127.0.0.1:9090"
PATIENCE = 3.0


def main() -> int:
    """Draw, print what was found, 1 when a picture is not as it should be."""
    arguments = _arguments()
    policy = compress(load_policy(arguments.policy).value, arguments.speed)
    prometheus = Prometheus(arguments.prometheus.rstrip("/"))
    if not prometheus.ready(PATIENCE):
        print(
            f"no Prometheus at {arguments.prometheus}: start the demo, or give its --prometheus URL",
            file=sys.stderr,
        )
        return 2
    scrape = arguments.scrape or str(policy.scrape.interval)
    window = window_of(arguments.range, scrape, arguments.at or time.time())
    bad = 0
    try:
        for uid, document in documents(policy).items():
            if arguments.board in (None, uid):
                bad += _draw_board(uid, document, prometheus, window, arguments)
    except NoBrowserError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 1 if bad else 0


def _draw_board(
    uid: str, document: Json, prometheus: Prometheus, window: Window, arguments: argparse.Namespace
) -> int:
    bad = 0
    for theme in [arguments.theme] if arguments.theme else THEMES:
        picture = Path(arguments.out).absolute() / f"{uid}{arguments.suffix}-{theme}.png"
        began = time.monotonic()
        problems = list(
            faults(picture_of(document, prometheus, window, theme, picture), not arguments.allow_empty)
        )
        bad += len(problems)
        print(f"{picture.name}  {time.monotonic() - began:.1f} s  {'; '.join(problems) or 'good'}")
    return bad


def window_of(length: str, scrape: str, end: float) -> Window:
    """A time range on a page of the picture's width."""
    return Window(end, Duration.parse(length).seconds, Duration.parse(scrape).seconds, WIDTH)


def picture_of(
    document: Json, prometheus: Prometheus, window: Window, theme: str, picture: Path | None = None
) -> Facts:
    """Ask all queries of a board and draw it; without `picture` only the page's facts are wanted."""
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in document["panels"])
    return draw(_data(document, prometheus, window, theme), (WIDTH, bottom * ROW + HEAD), picture)


def page_of(document: Json, prometheus: Prometheus, window: Window, theme: str, target: Path) -> None:
    """Ask all queries of a board and write it as one page that any browser opens."""
    text = page(_data(document, prometheus, window, theme))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _data(document: Json, prometheus: Prometheus, window: Window, theme: str) -> Json:
    values = resolve(document, prometheus, window)
    found = list(answers(document, prometheus, window, values))
    return {
        "dashboard": document,
        "theme": theme,
        "from": window.start * 1000,
        "to": window.end * 1000,
        "results": {_key(answer): _result(answer) for answer in found},
    }


def faults(facts: Facts, busy: bool = True) -> Iterator[str]:
    """What is wrong with a picture; `busy`: every panel must have data."""
    yield from facts.errors
    if facts.panels != facts.expected:
        yield f"{facts.panels} panels instead of {facts.expected}"
    yield from (f"clipped: {text}" for text in facts.clipped)
    if busy:
        yield from (f"no data: {title}" for title in facts.nodata)


def _key(answer: Answer) -> str:
    return f"{answer.panel['id']}.{answer.panel['targets'].index(answer.target)}"


def _result(answer: Answer) -> Json:
    return {
        "refId": answer.target["refId"],
        "format": answer.target["format"],
        "instant": answer.target["instant"],
        "legend": answer.target["legendFormat"],
        "step": answer.step,
        "error": answer.error,
        "series": [
            {"labels": series.labels, "points": [[t, None if math.isnan(v) else v] for t, v in series.points]}
            for series in answer.series
        ],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prometheus", default=DEMO, metavar="URL", help="default: %(default)s")
    parser.add_argument("--out", default="docs/pictures", metavar="DIR", help="where the PNG files go")
    parser.add_argument("--policy", default="auto-grader", help="name or path of the policy")
    parser.add_argument("--board", metavar="UID", help="only this board")
    parser.add_argument("--theme", choices=THEMES, help="only this theme")
    parser.add_argument("--range", default="6h", help="length of the time range")
    parser.add_argument("--at", type=float, metavar="UNIX", help="end of the time range; now when not given")
    parser.add_argument("--scrape", help="the data source's scrape interval; the policy's when not given")
    parser.add_argument(
        "--speed", type=float, default=1, metavar="X", help="how much faster time runs in the demo"
    )
    parser.add_argument(
        "--allow-empty", action="store_true", help="a panel without data is no fault: in an outage"
    )
    parser.add_argument("--suffix", default="", help="goes into the file names, like -outage")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
