"""A Celery application for the tests; CELERY_TEST_BROKER says where its broker is."""

from __future__ import annotations

import os
import time

from celery import Celery

app = Celery("grading", broker=os.environ.get("CELERY_TEST_BROKER"))
app.conf.broker_transport_options = {"queue_order_strategy": "priority"}
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_prefetch_multiplier = 1
app.conf.task_acks_late = True


@app.task(name="grading.hold")  # type: ignore[untyped-decorator]
def hold(seconds: float) -> None:
    """A grading that takes its time."""
    time.sleep(seconds)
