"""`make pictures`: every board from the data sets of the tests, into docs/pictures and docs/dashboards.md.

The data sets are those that every query is tested on: an ordinary day and an outage of 36 minutes. They have
what no demo on one machine has (hosts, MySQL, a broker, a model, surveys), and the same bytes on every run.
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
from dashboards.viz.pictures import faults, picture_of, window_of
from gradewatch import programs
from policy.load import load_policy
from tests.dashboards.day import END, STEP
from tests.dashboards.serving import served, write_blocks

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "dashboards.md"
HOURS = 7
COLOURS = 200
# Data set and theme of each picture; the overview, which people see first, in every combination.
ALWAYS = (("busy", "dark"), ("outage", "dark"))
FIRST = (("busy", "light"), ("outage", "light"))
_WORDS = {"busy": "an ordinary day", "outage": "an outage"}


def main() -> int:
    """Draw what was asked for, print the faults, 1 when there are any."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "boards", nargs="*", metavar="UID", help="only these; docs/dashboards.md is written always"
    )
    parser.add_argument("--set", choices=tuple(_WORDS), help="only this data set")
    arguments = parser.parse_args()
    policy = load_policy().value
    boards = documents(policy)
    PAGE.write_text(page(boards), encoding="utf-8")
    bad = 0
    for name in [arguments.set] if arguments.set else _WORDS:
        with tempfile.TemporaryDirectory(prefix="album-") as folder:
            blocks = write_blocks(name, policy, HOURS, programs.newest("promtool").path, Path(folder, name))
            with served(blocks, programs.newest("prometheus").path, Path(folder, "server")) as server:
                for uid, document in boards.items():
                    if not arguments.boards or uid in arguments.boards:
                        bad += _draw(uid, document, name, server)
    return 1 if bad else 0


def page(boards: dict[str, Json]) -> str:
    """docs/dashboards.md: the head by hand, then each board with its question, pictures and panels."""
    head = (Path(__file__).parent / "dashboards-head.md").read_text(encoding="utf-8")
    return head + "".join(_section(uid, board) for uid, board in boards.items())


def pictures_of(uid: str) -> list[tuple[str, str]]:
    """Data set and theme of each picture of a board."""
    return [*ALWAYS, *(FIRST if uid.endswith("overview") else ())]


def picture_name(uid: str, name: str, theme: str) -> str:
    """The file's name in docs/pictures."""
    return f"{uid}{'' if name == 'busy' else f'-{name}'}-{theme}.png"


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


def _draw(uid: str, document: Json, name: str, server: Prometheus) -> int:
    bad = 0
    window = window_of("6h", f"{STEP}s", END)
    for which, theme in pictures_of(uid):
        if which != name:
            continue
        target = DOCS / "pictures" / picture_name(uid, name, theme)
        found = list(faults(picture_of(document, server, window, theme, target), busy=name == "busy"))
        _shrink(target)
        print(f"{target.name}  {target.stat().st_size // 1000} kB  {'; '.join(found) or 'good'}", flush=True)
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
