"""The life of a sidecar that serves: sockets, signals, reloads, a good end."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence

from exporter.config.whole import Config
from exporter.reload import Reloader, state_faults
from exporter.server import Site
from exporter.sidecar import Sidecar
from exporter.signals import Signals
from exporter.web.access import Access
from typedyaml.faults import Faults
from typedyaml.load import Document

GOOD, WRONG_INPUT = 0, 2
_FIRST_DESCRIPTOR = 3

log = logging.getLogger(__name__)


def serve(args: argparse.Namespace, document: Document[Config], sidecar: Sidecar) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    # From here on a signal ends it well, also one that comes before the first page.
    signals = Signals()
    if faults := state_faults(document):
        print(*faults, sep="\n", file=sys.stderr)
        return WRONG_INPUT
    try:
        site = _site(args, document.value, sidecar)
    except Faults as error:
        print(*error.faults, sep="\n", file=sys.stderr)
        return WRONG_INPUT
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; choose another address with --listen", file=sys.stderr)
        return WRONG_INPUT
    except ValueError as error:
        print(error, file=sys.stderr)
        return WRONG_INPUT
    listens = not (args.listen or args.systemd_socket)
    reload = Reloader(args.config, document.value, sidecar, site.use, listens)
    site.reload = reload
    site.start()
    for server in site.servers:
        log.info("serving", extra={"url": server.url, "collectors": ",".join(sidecar.names)})
    # Counting begins now and not at the first scrape; a database that is down is told at once.
    threading.Thread(target=sidecar.begin, name="first-collection", daemon=True).start()
    while signals.next() == signal.SIGHUP:
        reload()
    log.info("ending")
    if not site.stop(patience=site.sidecar.limits.timeout + 1):
        log.warning("ended before all answers were sent")
    return GOOD


def _site(args: argparse.Namespace, config: Config, sidecar: Sidecar) -> Site:
    access = Access(args.web_config)
    sidecar.own.reloads.web = access.check
    addresses: Sequence[str | socket.socket] = args.listen or config.listen
    if args.systemd_socket:
        addresses = handed_over()
    return Site(sidecar, addresses, args.most_scrapes, access=access, metrics_path=args.metrics_path)


def handed_over() -> list[socket.socket]:
    """The listening sockets that systemd passed (sd_listen_fds); raises ValueError when there are none."""
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal() or not int(count):
        raise ValueError("--web.systemd-socket: systemd handed over no socket; is there a .socket unit?")
    sockets = []
    for descriptor in range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + int(count)):
        os.set_inheritable(descriptor, False)
        try:
            given = socket.socket(fileno=descriptor)
            listening = given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError:
            raise ValueError(f"--web.systemd-socket: descriptor {descriptor} is no socket") from None
        if given.family not in (socket.AF_INET, socket.AF_INET6) or not listening:
            raise ValueError("--web.systemd-socket: ListenStream= must name a TCP port")
        sockets.append(given)
    return sockets
