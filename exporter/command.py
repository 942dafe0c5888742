"""The sidecar's command line, for `python -m exporter` and `gradewatch exporter` alike."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from exporter import __version__
from exporter.config.names import ADDRESS, ADDRESS_FORM
from exporter.config.whole import Config, load_config
from exporter.exposition import Format, page
from exporter.logs import FORMATS, LEVELS, set_up
from exporter.sidecar import Sidecar, make_sidecar
from typedyaml.faults import Fault, Faults
from typedyaml.load import Document

SUMMARY = "Read a grader's database and serve its metrics to Prometheus."
EXAMPLE = "gradewatch exporter --config sidecar.yaml"

GOOD, FAILED, WRONG_INPUT = 0, 1, 2

_PATH = re.compile(r"/[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; those of other exporters are understood too."""
    parser.add_argument(
        "--config",
        "--config.file",
        dest="config",
        type=Path,
        required=True,
        metavar="FILE",
        help="what to read, and how (see docs/sidecar.md)",
    )
    parser.add_argument(
        "--listen",
        "--web.listen-address",
        dest="listen",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help="address to serve on instead of the configuration's; may be given again (port 0: any free one)",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config",
        type=Path,
        metavar="FILE",
        help="TLS, client certificates, users, headers, rate limit: exporter-toolkit's format",
    )
    parser.add_argument(
        "--web.telemetry-path",
        dest="metrics_path",
        type=_path,
        default="/metrics",
        metavar="PATH",
        help="where the metrics are served; default: %(default)s",
    )
    parser.add_argument(
        "--web.max-requests",
        dest="most_scrapes",
        type=_count,
        default=40,
        metavar="N",
        help="scrapes in work at once, more are told to come again; default: %(default)s",
    )
    parser.add_argument(
        "--web.systemd-socket",
        dest="systemd_socket",
        action="store_true",
        help="serve on the sockets that systemd hands over, and on no other address",
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument(
        "--check-config",
        "--config.check",
        dest="check",
        action="store_true",
        help="only read the configuration; exit 2 and name every fault, or print ok",
    )
    parser.add_argument(
        "--connect",
        action="store_true",
        help="with --check-config: ask the databases too: do they let us in and understand each statement?",
    )
    modes.add_argument(
        "--once",
        action="store_true",
        help="collect once, counting from the first row on, and print; exit 1 if a collector failed",
    )
    parser.add_argument(
        "--log.level", dest="log_level", choices=LEVELS, default="info", help="default: %(default)s"
    )
    parser.add_argument(
        "--log.format", dest="log_format", choices=FORMATS, default="logfmt", help="default: %(default)s"
    )
    parser.add_argument("--version", action="version", version=f"gradewatch sidecar {__version__}")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT, or do what --once or --check-config say."""
    if args.connect and not args.check:
        print("--connect belongs to --check-config", file=sys.stderr)
        return WRONG_INPUT
    # A single page is for reading: only what is wrong is worth a line beside it.
    quiet = args.once and args.log_level == "info"
    set_up("warning" if quiet else args.log_level, args.log_format)
    faults: list[Fault] = []
    document = sidecar = None
    try:
        document = load_config(args.config)
        sidecar = make_sidecar(document.value, once=args.once)
    except Faults as error:
        faults += error.faults
    if args.web_config:
        faults += _web_faults(args.web_config)
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return WRONG_INPUT
    assert document
    assert sidecar
    if args.check:
        print(*(f"{path}: ok" for path in (args.config, args.web_config) if path), sep="\n")
        return _connected(document) if args.connect else GOOD
    if args.once:
        return _once(sidecar)
    return _serve(args, document, sidecar)


def _once(sidecar: Sidecar) -> int:
    body = page(sidecar.scrape(), Format.TEXT)
    sidecar.close(0)
    try:
        # As it is served, whatever the terminal's own encoding is.
        sys.stdout.buffer.write(body)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has seen enough. Python would complain again at its end, over the same line.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return GOOD if all(outcome.success for outcome in sidecar.status.outcomes) else FAILED


def _connected(document: Document[Config]) -> int:
    from exporter.connecting import check_connected

    return check_connected(document)


def _web_faults(path: Path) -> tuple[Fault, ...]:
    from exporter.web.config import load_web_config

    try:
        load_web_config(path)
        return ()
    except Faults as error:
        return error.faults


def _serve(args: argparse.Namespace, document: Document[Config], sidecar: Sidecar) -> int:
    from exporter.serve import serve

    return serve(args, document, sidecar)


def _address(text: str) -> str:
    if not re.match(ADDRESS, text) or int(text.rpartition(":")[2]) > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is not {ADDRESS_FORM}')
    return text


def _path(text: str) -> str:
    if not _PATH.fullmatch(text) or text.startswith("/-/"):
        raise argparse.ArgumentTypeError(f'"{text}" is not a path like "/metrics"; /-/ is taken')
    return text


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 1 to 9999')
    return int(text)
