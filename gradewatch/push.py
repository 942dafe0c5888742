"""`gradewatch push`: bring the built dashboards into a Grafana that runs."""

from __future__ import annotations

import argparse
import difflib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gradewatch import exits
from gradewatch.boards import board_files

if TYPE_CHECKING:
    from gradewatch.grafana import Grafana

SUMMARY = "Put the built dashboards into a folder of a running Grafana; again changes only what differs."
EXAMPLE = (
    "gradewatch push grafana --url https://grafana.example.org --token-file token --dry-run\n\n"
    "The token is one of a service account with the role Editor: --token-file, or GRAFANA_TOKEN in the\n"
    "environment. With --dry-run: the differences as a diff, nothing is written, exit code 1 when there are "
    "any."
)

Json = dict[str, Any]
State = Literal["create", "change", "move", "as was"]
TOKEN = "GRAFANA_TOKEN"  # noqa: S105  the name of a variable
_DONE = {"create": "created", "change": "changed", "move": "moved", "as was": "as was"}
_CONTEXT = 2
"""Lines around a difference."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a board needs; `diff` is empty unless its content changes."""

    uid: str
    state: State
    document: Json
    diff: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("to", choices=("grafana",), help="where to: a Grafana, by its HTTP interface")
    parser.add_argument(
        "--board", action="append", default=[], metavar="UID", help="only this one, like gradewatch-overview"
    )
    parser.add_argument("--url", required=True, help="Grafana's address, as in a browser")
    parser.add_argument("--folder", default="gradewatch", help="title of the folder (%(default)s)")
    parser.add_argument("--folder-uid", default="gradewatch", metavar="UID", help="its uid (%(default)s)")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help=f"else {TOKEN} of the environment")
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        default=Path("generated"),
        metavar="DIR",
        help="what `gradewatch build` made (%(default)s)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show the differences, write nothing")


def run(args: argparse.Namespace) -> int:
    """Look at all boards first, so that a refusal comes before anything was written."""
    from gradewatch.grafana import Grafana, GrafanaError

    documents = _documents(args.source, args.board)
    grafana = Grafana(args.url.rstrip("/"), _token(args.token_file))
    done: list[str] = []
    try:
        title = grafana.folder_title(args.folder_uid)
        actions = [action_for(grafana, document, args.folder_uid) for document in documents]
        if args.dry_run:
            return _show(actions, args.folder if title is None else "")
        if title is None:
            grafana.create_folder(args.folder_uid, args.folder)
            print(f"created  folder {args.folder}")
        for action in actions:
            print(_apply(grafana, action, args.folder_uid))
            done.append(action.uid)
    except GrafanaError as error:
        rest = f" (before that: {', '.join(done)})" if done else ""
        raise exits.UsageError(f"{error}{rest}") from None
    return exits.GOOD


def action_for(grafana: Grafana, document: Json, folder_uid: str) -> Action:
    """Compare a board with what Grafana has; raises GrafanaError for one that a file provisions."""
    from gradewatch.grafana import GrafanaError, written

    uid, wanted = str(document["uid"]), written(document)
    kept = grafana.dashboard(uid)
    if kept is None:
        return Action(uid, "create", document)
    if kept.provisioned:
        raise GrafanaError(
            f"{uid} is provisioned from a file in this Grafana: change the file, or remove it there"
        )
    if kept.document != wanted:
        return Action(uid, "change", document, tuple(_diff(uid, kept.document, wanted)))
    return Action(uid, "as was" if kept.folder_uid == folder_uid else "move", document)


def _apply(grafana: Grafana, action: Action, folder_uid: str) -> str:
    from dashboards.shipping import api_payload

    if action.state == "as was":
        return f"as was   {action.uid}"
    path = grafana.save(api_payload(action.document, folder_uid))
    return f"{_DONE[action.state]:<8} {action.uid}  {grafana.url}{path}"


def _show(actions: list[Action], new_folder: str) -> int:
    if new_folder:
        print(f"would create folder {new_folder}")
    for action in actions:
        print(f"as was {action.uid}" if action.state == "as was" else f"would {action.state} {action.uid}")
        for line in action.diff:
            print(f"  {line}")
    return exits.FINDINGS if new_folder or any(a.state != "as was" for a in actions) else exits.GOOD


def _diff(uid: str, before: Json, after: Json) -> Iterator[str]:
    yield from difflib.unified_diff(
        _lines(before), _lines(after), f"{uid} in Grafana", f"{uid} built", lineterm="", n=_CONTEXT
    )


def _lines(document: Json) -> list[str]:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def _documents(source: Path, chosen: list[str]) -> list[Json]:
    folder = source / "grafana"
    found: dict[str, Json] = {}
    for path in board_files(folder):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            found[str(document["uid"])] = document
        except (ValueError, KeyError, TypeError):
            raise exits.UsageError(f"{path} is no dashboard; build again with `gradewatch build`") from None
    if not found:
        raise exits.UsageError(
            f"no dashboards in {folder}: build them first with `gradewatch build --out {source}`"
        )
    if unknown := sorted(set(chosen) - set(found)):
        raise exits.UsageError(f"no dashboard {', '.join(unknown)} in {folder}; there are {', '.join(found)}")
    return [document for uid, document in found.items() if not chosen or uid in chosen]


def _token(path: Path | None) -> str:
    if path is None:
        return os.environ.get(TOKEN, "")
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise exits.UsageError(
            f"--token-file {path}: {getattr(error, 'strerror', '') or 'is no text'}"
        ) from None
    if not token or any(sign.isspace() for sign in token):
        raise exits.UsageError(f"--token-file {path} does not hold one token")
    return token
