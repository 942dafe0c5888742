"""The ports of the demo, and whether they are free."""

from __future__ import annotations

import dataclasses
import socket
from dataclasses import dataclass

from gradewatch.exits import UsageError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """One port a server; the defaults are those of generated/ where it names one."""

    grader: int = 5000
    sidecar: int = 11910
    prometheus: int = 9090
    alertmanager: int = 9093
    sinks: int = 9876
    mail: int = 9877
    machine: int = 9878

    def url(self, server: str) -> str:
        """Where a server is, without a final slash."""
        return f"http://{self.address(server)}"

    def address(self, server: str) -> str:
        """host:port of a server."""
        return f"{HOST}:{getattr(self, server)}"


def shifted(offset: int) -> Ports:
    """All ports moved by `offset`; raises UsageError when that leaves the range of ports."""
    usual = dataclasses.asdict(Ports())
    moved = {server: port + offset for server, port in usual.items()}
    if min(moved.values()) < 1024 or max(moved.values()) > 65535:
        low, high = 1024 - min(usual.values()), 65535 - max(usual.values())
        raise UsageError(
            f"a port offset of {offset} leaves the ports 1024 to 65535; allowed are {low} to {high}"
        )
    return Ports(**moved)


def check_free(ports: Ports) -> None:
    """Raises UsageError that names every taken port and the way out."""
    found = {server: port for server, port in dataclasses.asdict(ports).items() if not _is_free(port)}
    if found:
        named = ", ".join(f"{port} ({server})" for server, port in found.items())
        is_taken = "port {} is taken" if len(found) == 1 else "ports {} are taken"
        raise UsageError(
            f"{is_taken.format(named)}: stop what listens there, or move all ports with "
            "`--port-offset 100` (`make run PORT_OFFSET=100`)"
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection that lingers takes no port
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
