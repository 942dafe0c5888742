"""The sidecar's command line, for `python -m exporter` and `gradewatch exporter` alike."""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType

from exporter import __version__
from exporter.config.names import ADDRESS, ADDRESS_FORM
from exporter.config.whole import Config, load_config
from exporter.exposition import Format, page
from exporter.logs import FORMATS, LEVELS, set_up
from exporter.sidecar import Sidecar, make_sidecar
from typedyaml.faults import Faults
from typedyaml.load import Document

SUMMARY = "Read a grader's database and serve its metrics to Prometheus."
EXAMPLE = "gradewatch exporter --config sidecar.yaml"

GOOD, FAILED, WRONG_INPUT = 0, 1, 2

log = logging.getLogger(__name__)


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
    try:
        document = load_config(args.config)
        config = document.value
        sidecar = make_sidecar(config, once=args.once)
    except Faults as error:
        print(*error.faults, sep="\n", file=sys.stderr)
        return WRONG_INPUT
    if args.check:
        print(f"{args.config}: ok")
        return _connected(document) if args.connect else GOOD
    if args.once:
        return _once(sidecar)
    if refusal := _state_refusal(config, args.config):
        print(refusal, file=sys.stderr)
        return WRONG_INPUT
    return _serve(sidecar, args.listen or config.listen)


def _once(sidecar: Sidecar) -> int:
    body = page(sidecar.scrape(), Format.TEXT)
    sys.stdout.write(body.decode())
    sys.stdout.flush()
    sidecar.close()
    return GOOD if all(outcome.success for outcome in sidecar.status.outcomes) else FAILED


def _connected(document: Document[Config]) -> int:
    from exporter.connecting import check_connected

    return check_connected(document)


def _serve(sidecar: Sidecar, addresses: list[str] | tuple[str, ...]) -> int:
    from exporter.server import Site

    try:
        site = Site(sidecar, addresses)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; choose another address with --listen", file=sys.stderr)
        return WRONG_INPUT
    ended = _on_signals()
    site.start()
    for server in site.servers:
        log.info("serving", extra={"url": server.url, "collectors": ",".join(sidecar.names)})
    # Counting begins now and not at the first scrape; a database that is down is told at once.
    threading.Thread(target=sidecar.scrape, name="first-collection", daemon=True).start()
    ended.wait()
    log.info("ending")
    if not site.stop(patience=sidecar.limits.timeout + 1):
        log.warning("ended before all answers were sent")
    return GOOD


def _on_signals() -> threading.Event:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    ended = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if ended.is_set():
            os._exit(128 + number)
        ended.set()

    # Handlers of our own, because the default action of a signal does not reach process 1 of a container.
    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return ended


def _state_refusal(config: Config, path: Path) -> str | None:
    """Why counters would not survive a restart, or None."""
    try:
        os.makedirs(config.state_dir, exist_ok=True)
        with tempfile.TemporaryFile(dir=config.state_dir):
            return None
    except OSError as error:
        return (
            f"{path}: state_dir {config.state_dir} cannot be written ({error.strerror});"
            f" give it to user {os.getuid()} or name another folder"
        )


def _address(text: str) -> str:
    if not re.match(ADDRESS, text) or int(text.rpartition(":")[2]) > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is not {ADDRESS_FORM}')
    return text
