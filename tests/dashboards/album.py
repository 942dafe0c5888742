"""`make pictures`: every board from the demo's data, into docs/pictures and docs/dashboards.md.

The demo runs for an ordinary hour, then its grader hangs for 37 minutes; time runs twelve times as fast, so
that takes nine minutes. `--demo DIR` keeps what was played there, and takes it when it is there already.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

from dashboards.finding import Json, panels_of
from dashboards.live.client import Prometheus
from dashboards.palette import SERIES, STATES
from dashboards.render import documents
from dashboards.viz.pictures import faults, hurried, picture_of, window_of
from policy.load import load_policy
from tests.dashboards.mutations import MUTATIONS
from tests.dashboards.played import Played, again, play

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "dashboards.md"
COLOURS = 112
# Moment and theme of each picture; the overview, which people see first, in every combination.
ALWAYS = (("ordinary", "dark"), ("outage", "dark"))
FIRST = (("ordinary", "light"), ("outage", "light"))
_CHECKERS = {
    "lint": "rules",
    "live": "answers",
    "quiet": "answers of a quiet system",
    "schema": "schema",
    "sdk": "round trip",
}
_WORDS = {"ordinary": "an ordinary hour", "outage": "an outage"}


def main() -> int:
    """Draw what was asked for, print the faults, 1 when there are any."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "boards", nargs="*", metavar="UID", help="only these; docs/dashboards.md is written always"
    )
    parser.add_argument("--only", choices=tuple(_WORDS), help="only the pictures of this moment")
    parser.add_argument(
        "--demo", type=Path, metavar="DIR", help="keep the demo's data there for the next run"
    )
    arguments = parser.parse_args()
    boards = documents(load_policy().value)
    PAGE.write_text(page(boards), encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="album-") as scratch:
        folder = arguments.demo or Path(scratch, "demo")
        if not folder.exists():
            play(folder)
        with again(folder) as (played, server):
            bad = sum(
                _draw(uid, document, moment, played, server)
                for moment in ([arguments.only] if arguments.only else _WORDS)
                for uid, document in documents(played.policy).items()
                if not arguments.boards or uid in arguments.boards
            )
    return 1 if bad else 0


def page(boards: dict[str, Json]) -> str:
    """docs/dashboards.md: the the head, each board with its question, pictures, panels; the defects."""
    head = (Path(__file__).parent / "dashboards-head.md").read_text(encoding="utf-8")
    return head + "".join(_section(uid, board) for uid, board in boards.items()) + _defects()


def _defects() -> str:
    rows = "\n".join(
        f"| {mutation.name} | {', '.join(_CHECKERS[name] for name in sorted(mutation.caught_by))} |"
        for mutation in MUTATIONS
    )
    return (
        "\n## Injected defects\n\nEach is put into every board that has a place for it, and must be noticed "
        "by at least these.\n\n<details><summary>The list</summary>\n\n| defect | noticed by |\n|---|---|\n"
        f"{rows}\n| metric that the catalogue loses | rules |\n| two states of similar colour | palette |\n"
        "| grey of a figure without data removed | pictures |\n\n</details>\n"
    )


def pictures_of(uid: str) -> list[tuple[str, str]]:
    """Moment and theme of each picture of a board."""
    return [*ALWAYS, *(FIRST if uid.endswith("overview") else ())]


def picture_name(uid: str, name: str, theme: str) -> str:
    """The file's name in docs/pictures."""
    return f"{uid}{'' if name == 'ordinary' else f'-{name}'}-{theme}.png"


def _section(uid: str, board: Json) -> str:
    pictures = "\n\n".join(
        f"![{board['title']}: {_WORDS[name]}, {theme}](pictures/{picture_name(uid, name, theme)})"
        for name, theme in pictures_of(uid)
    )
    hidden = [panel for row in board["panels"] if row["type"] == "row" for panel in row["panels"]]
    rows = "\n".join(
        f"| {panel['title']} | {panel['description']} |" for panel in panels_of(board) if panel not in hidden
    )
    name = board["title"].partition(": ")[2]
    return (
        f"\n## {name[0].upper()}{name[1:]}\n\n`{uid}`. {board['description']}\n\n{pictures}\n\n"
        "<details><summary>Its panels</summary>\n\n| panel | what it says, and what to do |\n|---|---|\n"
        f"{rows}\n\n</details>\n"
    )


def _draw(uid: str, document: Json, moment: str, played: Played, server: Prometheus) -> int:
    bad = 0
    window = window_of(played.hour, str(played.policy.scrape.interval), played.ends[moment])
    board = hurried(document, played.speed)
    for which, theme in pictures_of(uid):
        if which != moment:
            continue
        target = DOCS / "pictures" / picture_name(uid, moment, theme)
        facts = picture_of(board, server, window, theme, target)
        found = list(faults(facts, busy=False))
        _shrink(target)
        empty = f"without data: {', '.join(facts.nodata)}" if facts.nodata else ""
        size = f"{target.stat().st_size // 1000} kB"
        print(target.name, size, *found, empty or "whole", sep="  ", flush=True)
        bad += len(found)
    return bad


def _shrink(target: Path) -> None:
    """Few colours make a small file; the colours that mean something stay exactly as they are."""
    picture = Image.open(target).convert("RGB")
    most = (picture.quantize(COLOURS).getpalette() or [])[: 3 * COLOURS]
    meant = [*STATES.values(), *SERIES.values()]
    palette = Image.new("P", (1, 1))
    palette.putpalette(most + [int(colour[i : i + 2], 16) for colour in meant for i in (1, 3, 5)])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
