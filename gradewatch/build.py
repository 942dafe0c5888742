"""`gradewatch build`: a policy becomes the files that operations import."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradewatch import exits

if TYPE_CHECKING:
    from policy.model import Policy
    from typedyaml.load import Document

SUMMARY = "Build rules, routes and dashboards from a policy."
EXAMPLE = "gradewatch build policy/auto-grader.yaml --out generated"

FOLDERS = ("prometheus", "alertmanager", "grafana", "kubernetes", "mimir", "thanos", "vmalert", "pint")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "policy",
        nargs="*",
        default=["auto-grader"],
        help="a policy file, or the name of a shipped one; several share one Prometheus and one Alertmanager",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("generated"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when DIR is not up to date"
    )


def run(args: argparse.Namespace) -> int:
    """Render everything first, so that a fault leaves DIR as it was."""
    from gradewatch.render import render_all

    rendered = render_all(load_all(args.policy))
    for note in rendered.notes:
        print(f"note: {note}", file=sys.stderr)
    if args.check:
        return _compare(rendered.files, args.out)
    try:
        changed = [name for name, text in rendered.files.items() if _write(args.out / name, text)]
    except OSError as error:
        raise exits.UsageError(
            f"--out {args.out}: {error.strerror} ({error.filename}); name a folder to write to"
        ) from None
    for name in sorted(rendered.files):
        print(f"{'wrote ' if name in changed else 'as was'}  {args.out / name}")
    for name in _strays(rendered.files, args.out):
        print(f"alien   {args.out / name} is not of this build; left alone")
    return exits.GOOD


def load_all(sources: Sequence[str | Path]) -> list[Document[Policy]]:
    """Every policy; raises Faults with those of all files."""
    from policy.load import load_policy
    from typedyaml.faults import Fault, Faults

    documents: list[Document[Policy]] = []
    faults: list[Fault] = []
    for source in sources:
        try:
            documents.append(load_policy(source))
        except Faults as error:
            faults += error.faults
    if faults:
        raise Faults(faults)
    return documents


def _compare(files: dict[str, str], out: Path) -> int:
    stale = [name for name, text in files.items() if not _same(out / name, text)]
    strays = _strays(files, out)
    for name in stale:
        print(f"{out / name}: {'stale' if (out / name).exists() else 'missing'}")
    for name in strays:
        print(f"{out / name}: not made by this build")
    if stale or strays:
        print(
            f"{len(stale) + len(strays)} findings; run `gradewatch build --out {out}` and commit the result"
        )
        return exits.FINDINGS
    print(f"{out}: {len(files)} files, all up to date")
    return exits.GOOD


def _same(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _strays(files: dict[str, str], out: Path) -> list[str]:
    present = (p for folder in FOLDERS for p in (out / folder).rglob("*") if p.is_file())
    return sorted(name for p in present if (name := p.relative_to(out).as_posix()) not in files)


def _write(path: Path, text: str) -> bool:
    """Replace a file in one step; False when it already holds `text`."""
    if _same(path, text):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return True
