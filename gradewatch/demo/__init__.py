"""`gradewatch demo`: the whole on one machine, with a fault if wanted; Ctrl-C leaves nothing behind."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from gradewatch import exits
from gradewatch.demo.faults import FAULTS, Fault

if TYPE_CHECKING:
    from gradewatch.demo.stack import Plan

SUMMARY = "Watch a demo grader: metrics, alerts, escalation and messages, all on this machine."
EXAMPLE = "gradewatch demo --fault grader-stuck"

_FASTEST = 60
"""Scrapes come no more often than twice a second: faster, and windows no longer hold enough of them."""
_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--fault",
        choices=tuple(FAULTS),
        help="break the grader after half a minute, let it escalate, acknowledge and repair it",
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="N",
        help="time runs N times faster (default: 1; with a fault 30, queue-flood 60)",
    )
    parser.add_argument(
        "--port-offset",
        type=int,
        default=0,
        metavar="N",
        help="add N to every port, when one is taken",
    )
    parser.add_argument("--plain", action="store_true", help="one line an event instead of a full screen")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="work in DIR, a new folder, and keep it")
    parser.add_argument(
        "--exit-after-story", action="store_true", help="end when the story of the fault is told"
    )
    parser.add_argument("--duration", type=float, metavar="SECONDS", help="end after so many seconds")


def run(args: argparse.Namespace) -> int:
    """Start everything, show it, stop everything; exit 1 when the story did not go as the policy promises."""
    from gradewatch import programs
    from gradewatch.demo.ports import check_free, shifted
    from gradewatch.demo.stack import Plan
    from policy.load import load_policy

    fault = FAULTS[args.fault] if args.fault else None
    speed = args.speed or (fault.speed if fault else 1.0)
    ports = shifted(args.port_offset)
    check_free(ports)
    servers = programs.newest("prometheus"), programs.newest("alertmanager")
    document = load_policy()
    with _folder(args.dir) as folder:
        return _play(Plan(document, speed, ports, folder, *servers), fault, args)


def _play(plan: Plan, fault: Fault | None, args: argparse.Namespace) -> int:
    from gradewatch.demo.screen import display
    from gradewatch.demo.show import Demo
    from gradewatch.demo.stack import running

    demo = None
    try:
        with (
            _ends_by_signal(),
            running(plan, _progress) as (processes, sinks),
            display(plain=args.plain) as shown,
        ):
            demo = Demo(plan, processes, sinks, shown, fault)
            demo.run(args.duration, until_story_ends=args.exit_after_story)
    except KeyboardInterrupt:
        pass  # the usual end
    for line in demo.closing() if demo else ():
        print(line)
    print("Everything is stopped and removed." if not args.dir else f"Everything is stopped; see {args.dir}.")
    return exits.FINDINGS if demo and demo.failed else exits.GOOD


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _ends_by_signal() -> Iterator[None]:
    """The first Ctrl-C, SIGTERM or hang-up ends the demo; later ones do not disturb the tidying up."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        for one in _STOP:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {one: signal.signal(one, end) for one in _STOP}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    """A temporary folder, or the one that the user names and keeps; raises UsageError when it is in use."""
    if wanted is None:
        try:
            temporary = tempfile.TemporaryDirectory(prefix="gradewatch-demo-")
        except OSError as error:
            raise exits.UsageError(f"no temporary folder: {error.strerror}; name one with --dir") from None
        with temporary as name:
            yield Path(name)
        return
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        if any(wanted.iterdir()):
            raise exits.UsageError(f"--dir {wanted} is not empty; name a new folder")
    except OSError as error:
        raise exits.UsageError(
            f"--dir {wanted}: {error.strerror}; name a folder that you may write to"
        ) from None
    yield wanted.resolve()


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= _FASTEST:
        raise argparse.ArgumentTypeError(f'"{text}" is not a speed; allowed are 1 to {_FASTEST}')
    return value
