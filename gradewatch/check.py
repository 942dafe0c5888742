"""`gradewatch check`: everything that can be wrong before it is deployed, in one table."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gradewatch import exits

if TYPE_CHECKING:
    from policy.model import Policy
    from typedyaml.load import Document

SUMMARY = "Check rules, routes and dashboards with promtool and amtool."
EXAMPLE = "gradewatch check generated --junit gradewatch.xml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "path",
        nargs="*",
        type=Path,
        default=[Path("generated")],
        metavar="PATH",
        help="a folder that `gradewatch build` made; or policies, built together: files, or names of shipped "
        "ones (default: generated)",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write the findings as JUnit XML")
    parser.add_argument(
        "--secrets",
        action="store_true",
        help="on Alertmanager's machine: every secret file that is named exists and can be read",
    )


def run(args: argparse.Namespace) -> int:
    """Run the parts one after the other; 1 when any of them has a finding."""
    from gradewatch import junit
    from gradewatch.parts import parts

    started = time.monotonic()
    with _folder(args.path) as (folder, document):
        done = []
        for part in parts(folder, document, secrets=args.secrets):
            done.append(part)
            state = "ok" if not part.findings else "FAILED"
            print(f"{part.name:<11} {state:<7} {part.what:<48} {part.tool}".rstrip())
            for finding in part.findings:
                print(f"            {finding}")
    if args.junit:
        try:
            junit.write(args.junit, done)
        except OSError as error:
            raise exits.UsageError(
                f"--junit {args.junit}: {error.strerror}; name a file to write to"
            ) from None
    count = sum(len(part.findings) for part in done)
    print(f"{count} finding{'s' * (count != 1)} in {time.monotonic() - started:.1f} s")
    return exits.FINDINGS if count else exits.GOOD


@contextmanager
def _folder(paths: list[Path]) -> Iterator[tuple[Path, Document[Policy] | None]]:
    """The folder to check; policies are built into a temporary one first, and a single one comes with it."""
    if len(paths) == 1 and paths[0].is_dir():
        yield paths[0], None
        return
    from gradewatch.build import load_all
    from gradewatch.render import render_all
    from policy.load import shipped

    for path in paths:
        if path.suffix not in (".yaml", ".yml") and str(path) not in shipped():
            raise exits.UsageError(
                f"{path} is neither a folder that `gradewatch build` made nor a policy: its file, or the "
                f"name of a shipped one ({', '.join(shipped())})"
            )
    documents = load_all(paths)
    rendered = render_all(documents)
    for note in rendered.notes:
        print(f"note: {note}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="gradewatch-") as temporary:
        for name, text in rendered.files.items():
            target = Path(temporary, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        yield Path(temporary), documents[0] if len(documents) == 1 else None
