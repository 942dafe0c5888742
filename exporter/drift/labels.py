"""A batch of labels: values, sources, and the order in which they were given."""

from __future__ import annotations

import numpy as np

from exporter.catalogue import LABEL_SOURCES
from exporter.drift.batch import Batch
from exporter.drift.known import Known
from exporter.drift.register import Label
from exporter.drift.setup import LABEL, ORDER, SOURCE


def to_labels(batch: Batch, known: Known) -> list[Label]:
    """Labels with a value. Their order is that of their ids, or of the lines of their file."""
    if not batch.rows or batch.keys is None:
        return []
    values: list[float]
    if LABEL in batch.categories:
        values = known.register.class_numbers(batch.categories[LABEL]).tolist()
    else:
        values = batch.numbers[LABEL].tolist()
    sources = batch.categories.get(SOURCE, ["other"] * batch.rows)
    if ORDER in batch.numbers:
        orders = batch.numbers[ORDER].tolist()
    else:
        orders = [known.label_order + number for number in range(1, batch.rows + 1)]
        known.label_order += batch.rows
    return [
        Label(key, value, _source(source), order)
        for key, value, source, order in zip(batch.keys.tolist(), values, sources, orders, strict=True)
        if not np.isnan(value)
    ]


def _source(value: object) -> int:
    name = str(value).lower()
    return LABEL_SOURCES.index(name if name in LABEL_SOURCES else "other")
