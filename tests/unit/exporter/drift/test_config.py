"""The section `models`: every fault at once, each with its place, what is wrong and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config.models import format_of, moment
from exporter.config.whole import load_config
from typedyaml.faults import Faults

GOOD = """\
databases:
  grader: {url: "sqlite:////srv/grader.db"}
models:
  essay:
    log: {database: grader, table: predictions}
    reference: {file: /srv/reference.csv}
    features:
      words: {}
"""


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "sidecar.yaml"
    path.write_text(text)
    with pytest.raises(Faults) as caught:
        load_config(path)
    return [f"{fault.line}:{fault.column}: {fault.message}" for fault in caught.value.faults]


def test_a_small_section_is_enough(tmp_path: Path) -> None:
    (tmp_path / "sidecar.yaml").write_text(GOOD)
    model = load_config(tmp_path / "sidecar.yaml").value.models["essay"]
    assert model.log.table == "predictions"
    assert (model.window.seconds, model.min_rows, model.decision) == (86400, 500, "relevant")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("table: predictions}", "table: 1 or 2}", '"1 or 2" is not a table or view'),
        ("database: grader, table", "database: greader, table", 'did you mean "grader"?'),
        ("{database: grader, table: predictions}", "{database: grader}", '"table" is missing in "log"'),
        ("{database: grader, table: predictions}", "{}", 'name one place: "database" and "table", or "file"'),
        ("{database: grader, table: predictions}", "{file: /srv/log}", "tells no format"),
        ("{database: grader, table: predictions}", '{file: "/srv/*.csv"}', "only Parquet files"),
        ("    reference: {file: /srv/reference.csv}\n", "", 'required key "reference" is missing'),
        ("{file: /srv/reference.csv}", "{profile: /srv/no.npz}", "/srv/no.npz cannot be read: No such file"),
        ("{file: /srv/reference.csv}", "{file: /a.csv, database: grader}", 'or "file", or "profile"'),
        (
            "words: {}",
            "words: {kind: numeric}",
            'did you mean "number"? (allowed: category, number)',
        ),
        ("words: {}", "words: {delta: 5}", "is not a number between 0 and 1"),
        ("    features:", "    window: 90m\n    features:", "a window is 1h to 48h in whole hours"),
        ("    features:", "    trained_at: soon\n    features:", '"soon" is not a date'),
        (
            "    features:",
            "    prediction: {threshold: 70}\n    features:",
            "is not between 0 and the maximum (1)",
        ),
        (
            "    features:",
            "    labels: {database: grader, table: regrades}\n    features:",
            'without "source" every label counts as "other"',
        ),
        ("    features:", "    bins: 5\n    features:", '"5" is not a whole number from 16 to 4096'),
    ],
)
def test_a_fault_says_where_what_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in GOOD
    found = faults(tmp_path, GOOD.replace(old, new))
    assert any(expected in fault for fault in found), found
    assert len(found) == 1, found


def test_faults_of_several_models_come_at_once(tmp_path: Path) -> None:
    second = "  code:\n    log: {file: /srv/log.txt}\n    window: 3h5m\n    reference: {file: /srv/r.csv}\n"
    found = faults(tmp_path, GOOD.replace("database: grader, table", "database: nobody, table") + second)
    assert len(found) == 3


def test_too_many_features_for_the_memory_of_a_sidecar(tmp_path: Path) -> None:
    many = "".join(f"      f{index}: {{}}\n" for index in range(201))
    (found,) = faults(tmp_path, GOOD + many)
    assert '"bins: 256"' in found
    (tmp_path / "sidecar.yaml").write_text(
        GOOD.replace("    features:", "    bins: 256\n    features:") + many
    )
    load_config(tmp_path / "sidecar.yaml")


def test_a_moment_without_a_zone_is_utc() -> None:
    assert moment("2026-09-01") == moment("2026-09-01T02:00:00+02:00")


def test_formats_are_told_by_suffixes() -> None:
    from exporter.config.models import Place

    found = {s: format_of(Place(file=f"/a{s}")) for s in (".csv", ".jsonl", ".ndjson", ".parquet", ".log")}
    assert list(found.values()) == ["csv", "jsonl", "jsonl", "parquet", None]
    assert format_of(Place(file="/a.log", format="csv")) == "csv"
