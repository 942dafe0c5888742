"""The machine below the demo grader, as node_exporter would show it: busy with what the workers do."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge

from gradewatch.demo import workload

CORES = 4
MEMORY = 16e9
DISK = 200e9
NETWORK = 125e6
"""Bytes a second: a gigabit."""
_RESTING, _PER_WORKER = 0.07, 0.09
"""Shares of all cores."""
_REQUEST = 20_000
"""Bytes sent for one request of the application."""


class Machine:
    """Counts as the kernel would, by real seconds: a share means the same at every speed."""

    def __init__(self, start: float) -> None:
        self.registry = CollectorRegistry()
        self._last = start
        self._share, self._traffic = _RESTING, 0.0
        self._cpu = Counter("node_cpu_seconds", "Time by mode.", ("cpu", "mode"), registry=self.registry)
        self._received, self._sent = (
            Counter(f"node_network_{way}_bytes", "Moved by the network.", ("device",), registry=self.registry)
            for way in ("receive", "transmit")
        )
        self._gauge("node_memory_MemTotal_bytes", MEMORY)
        self._available = self._gauge("node_memory_MemAvailable_bytes", MEMORY)
        self._gauge("node_load1", 1.0)
        self._gauge("node_boot_time_seconds", start - 40 * workload.DAY)
        self._gauge("node_vmstat_oom_kill", 0.0)
        self._gauge("node_network_speed_bytes", NETWORK, device="eth0")
        place = {"device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/"}
        self._gauge("node_filesystem_size_bytes", DISK, **place)
        self._gauge("node_filesystem_readonly", 0.0, **place)
        self._left = self._gauge("node_filesystem_avail_bytes", DISK, **place)

    def step(self, busy_workers: int, wave: float, graded: int) -> None:
        """What it is busy with from now on; `wave` is the activity of the day, 1 on the mean."""
        self._share = min(_RESTING + 0.05 * wave + _PER_WORKER * busy_workers, 1.0)
        self._traffic = workload.REQUESTS_PER_SECOND * wave * _REQUEST
        self._available.set(MEMORY * (0.62 - 0.04 * busy_workers))
        self._left.set(DISK * 0.55 - 1000 * graded)

    def refresh(self) -> None:
        """Count up to now, also when no step came for a while: a slow demo is not a busy machine."""
        now = time.time()
        passed, self._last = max(now - self._last, 0.0), now
        share = self._share
        for core in range(CORES):
            for mode, of in (("user", 0.8 * share), ("system", 0.2 * share), ("idle", 1 - share)):
                self._cpu.labels(str(core), mode).inc(passed * of)
        moved = self._traffic * passed
        self._sent.labels("eth0").inc(moved)
        self._received.labels("eth0").inc(moved / 8)

    def _gauge(self, name: str, value: float, **labels: str) -> Gauge:
        family = Gauge(name, "As node_exporter has it.", tuple(labels), registry=self.registry)
        child = family.labels(**labels) if labels else family
        child.set(value)
        return child
