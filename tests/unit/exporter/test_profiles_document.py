"""docs/profiles.md: its example runs, and its table is that of the format."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from exporter.collector import Deadline
from exporter.collectors import build
from exporter.config.graders import profile_names
from exporter.config.whole import load_config
from exporter.profiles import load_profile
from exporter.profiles.blocks import BLOCKS
from exporter.profiles.labels import offered

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "profiles.md").read_text(encoding="utf-8")


def test_the_example_is_a_profile_that_counts(tmp_path: Path) -> None:
    profile, configuration, *_ = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    (tmp_path / "mygrader.yaml").write_text(profile)
    text = configuration.replace("/etc/gradewatch", str(tmp_path)).replace("//srv/mygrader", str(tmp_path))
    (tmp_path / "sidecar.yaml").write_text(text)
    db = sqlite3.connect(tmp_path / "jobs.db")
    db.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, student, created, started, done, verdict)")
    db.execute("INSERT INTO jobs VALUES (1, 7, 100, 101, 103, 'OK'), (2, 8, 100, NULL, NULL, NULL)")
    db.commit()
    db.close()
    collectors = build(load_config(tmp_path / "sidecar.yaml").value, once=True)
    found = {
        " ".join((s.name, *s.labels.values())): s.value
        for c in collectors
        for f in c.collect(Deadline.after(5))
        for s in f.samples
    }
    assert found["grader_submissions_total first"] == 2
    assert found["grader_gradings_total accepted"] == 1
    assert found["grader_turnaround_seconds_sum recorded"] == 3
    assert found["grader_queue_depth waiting grading"] == 1


def test_every_shipped_profile_is_on_the_page() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE[PAGE.index("## The shipped profiles") :], re.M)
    assert sorted(listed) == list(profile_names())


def test_the_labels_of_every_profile_are_on_the_page() -> None:
    section = PAGE[PAGE.index("## By course and assignment") : PAGE.index("## The shipped profiles")]
    rows = [[cell.strip(" `") for cell in row.split("|")[1:-1]] for row in section.splitlines()]
    written = {
        row[0]: {
            label for label, text in zip(("assignment", "course"), row[1:], strict=True) if _is_one(text)
        }
        for row in rows
        if row and row[0] in profile_names()
    }
    offer = {name: set(offered(load_profile(name).value)) for name in profile_names()}
    assert written == {name: labels for name, labels in offer.items() if labels}


def _is_one(text: str) -> bool:
    return bool(text) and text != "one sidecar each"


@pytest.mark.parametrize("name", [n for n in profile_names() if load_profile(n).value.beside])
def test_what_belongs_beside_a_profile_is_a_good_configuration(name: str, tmp_path: Path) -> None:
    profile = load_profile(name).value
    path = tmp_path / "sidecar.yaml"
    path.write_text(
        f'databases: {{grader: {{url: "{profile.dialects[0]}://gradewatch@db/grader"}}}}\n'
        f"graders: [{{profile: {name}, database: grader}}]\n{profile.beside}"
    )
    config = load_config(path).value
    assert config.brokers
    assert config.queues


def test_the_configuration_on_the_page_of_prairielearn_is_a_good_one(tmp_path: Path) -> None:
    page = (DOCS / "prairielearn.md").read_text(encoding="utf-8")
    (text,) = [b for b in re.findall(r"```yaml\n(.*?)```", page, re.S) if "databases:" in b]
    (tmp_path / "database.password").write_text("secret")
    (tmp_path / "sidecar.yaml").write_text(text.replace("/etc/gradewatch", str(tmp_path)))
    assert load_config(tmp_path / "sidecar.yaml").value.graders


def test_the_table_lists_every_block_and_column() -> None:
    rows = {
        match[1]: match[0]
        for match in re.finditer(r"^\| `(\w+)` \|.*$", PAGE[PAGE.index("## Blocks") :], re.M)
    }
    for name, kind in BLOCKS.items():
        missing = [column for column in kind.required if f"`{column}`" not in rows[name]]
        assert not missing, f"{name}: {missing}"
    assert {column for kind in BLOCKS.values() for column in kind.columns} <= set(
        re.findall(r"`(\w+)`", PAGE)
    )
    assert {feed for kind in BLOCKS.values() for feed in kind.feeds} <= set(re.findall(r"`(\w+)`", PAGE))
