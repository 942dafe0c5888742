"""Every fault of the demo from beginning to end; minutes long, so only `make test-all` runs it."""

from __future__ import annotations

import pytest

from gradewatch.demo.faults import FAULTS
from tests.e2e.test_demo import demo


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_a_fault_fires_escalates_is_acknowledged_and_resolves(fault, tmp_path, free_offset):
    options = (
        "--fault",
        fault.name,
        "--exit-after-story",
        "--speed",
        "60",
        "--port-offset",
        str(free_offset),
    )
    with demo(tmp_path, *options) as process:
        said, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, said + complaint
    assert f"{fault.alert} (P" in said
    assert "would have been told now, but stays undisturbed." in said
    assert "Everybody who was told has heard of the recovery, and nobody else." in said
