"""The catalogue keeps the naming rules that others rely on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType

import pytest

from exporter import catalogue
from exporter.catalogue import FAMILIES, FOREIGN, Family
from exporter.collector import RowFamily
from exporter.collectors.backups import backup_collectors
from exporter.collectors.database import DatabaseCollector
from exporter.collectors.facts import Facts, ProfileCollector
from exporter.collectors.model import ModelCollector
from exporter.collectors.probes import probe_collectors
from exporter.collectors.queues import queue_collectors
from exporter.config.backups import Backup
from exporter.config.brokers import Broker
from exporter.config.probes import Probe
from exporter.own import Own, Reloads
from exporter.profiles.blocks import BLOCKS
from exporter.queries import queryable

ALERT_LABELS = {"priority", "severity", "service", "team", "category", "alert_type", "escalation"}
HOURS_OF_THE_HELP_DESK = (1, 2, 4, 8, 24, 72, 168)


def names(families: Iterable[Family]) -> list[str]:
    return [family.name for family in families]


def test_a_name_says_what_kind_of_metric_it_is() -> None:
    families = FAMILIES.values()
    assert not names(f for f in families if not re.fullmatch(r"grader_[a-z][a-z0-9_]*", f.name))
    assert not names(f for f in families if f.name.endswith("_total") != (f.type == "counter"))
    assert not names(f for f in families if f.name.endswith("_info") != (f.type == "info"))
    assert not names(f for f in families if f.name.endswith(("_count", "_sum", "_bucket", "_created")))


def test_a_family_can_be_referred_to_by_its_constant() -> None:
    assert not names(f for f in FAMILIES.values() if getattr(catalogue, f.name.upper()) is not f)


def test_no_label_is_one_that_alerts_or_prometheus_set() -> None:
    taken = ALERT_LABELS | {"job", "instance", "le", "quantile", "type"}
    assert not names(f for f in FAMILIES.values() if taken & set(f.labels))
    assert not [
        label for f in FAMILIES.values() for label in f.labels if not re.fullmatch("[a-z][a-z_]*", label)
    ]


def test_no_label_can_hold_a_person() -> None:
    """A new label is added here only when none of its values can be one's name, mail, address or number."""
    known = (
        "attempt backup basis broker check collector database family feature files group label_source model "
        "model_version outcome probe profile python query queue reason result stage stat state survey "
        "timeliness urgency version window"
    )
    assert {label for family in FAMILIES.values() for label in family.labels} <= set(known.split())


def test_help_names_the_collector() -> None:
    assert not names(
        f for f in FAMILIES.values() if not re.search(rf"[.] Collector {f.collector}, from .+[.]$", f.help)
    )


def test_a_unit_is_a_base_unit_at_the_end_of_the_name() -> None:
    assert {family.unit for family in FAMILIES.values()} == {"", "seconds", "bytes", "ratio"}
    assert not names(f for f in FAMILIES.values() if f.unit and not f.base_name.endswith(f"_{f.unit}"))


def test_only_histograms_have_buckets_and_theirs_rise() -> None:
    assert not names(f for f in FAMILIES.values() if bool(f.buckets) != (f.type == "histogram"))
    assert not names(f for f in FAMILIES.values() if list(f.buckets) != sorted(set(f.buckets)))


def test_families_do_not_share_an_openmetrics_name() -> None:
    assert len({family.base_name for family in FAMILIES.values()}) == len(FAMILIES)


def test_the_help_desk_limits_are_bucket_bounds() -> None:
    """Then the share of tickets that were answered in time is exact."""
    for family in (
        catalogue.GRADER_SUPPORT_FIRST_RESPONSE_SECONDS,
        catalogue.GRADER_SUPPORT_RESOLUTION_SECONDS,
    ):
        assert {hours * 3600 for hours in HOURS_OF_THE_HELP_DESK} <= set(family.buckets)


def test_the_catalogue_cannot_be_changed() -> None:
    assert isinstance(FAMILIES, MappingProxyType)
    with pytest.raises(TypeError):
        FAMILIES["grader_workers"].values["state"] = ()


def test_foreign_families_are_none_of_ours() -> None:
    assert not FOREIGN.keys() & FAMILIES.keys()
    assert not any(name.startswith("grader_") for name in FOREIGN)


def test_what_is_exported_now_is_what_collectors_can_make() -> None:
    """`since` is a promise to those who write rules."""
    facts = ProfileCollector("demo", "1", Facts())
    feeds = {f"grader_{feed}" for kind in BLOCKS.values() for feed in kind.feeds}
    others = (
        DatabaseCollector(()),
        ModelCollector(()),
        next(queue_collectors({"b": Broker("redis://h")}, (), {})),
        next(probe_collectors({"p": Probe("http://h")})),
        next(backup_collectors({"b": Backup("/b/*")}, {})),
        facts,
    )
    everything = Own(Reloads(web=lambda: True)).metrics([], [])
    own = {metric.family.name for metric in everything if isinstance(metric, RowFamily)}
    made = {*feeds, *own, *(name for collector in others for name in names(collector.families()))}
    made |= {family.name for family in queryable()}
    assert made == {family.name for family in FAMILIES.values() if family.since == "now"}
