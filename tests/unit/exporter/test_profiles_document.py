"""docs/profiles.md: its example runs, and its table is that of the format."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from exporter.collector import Deadline
from exporter.collectors import build
from exporter.config.whole import load_config
from exporter.profiles.blocks import BLOCKS

PAGE = (Path(__file__).parents[3] / "docs/profiles.md").read_text(encoding="utf-8")


def test_the_example_is_a_profile_that_counts(tmp_path: Path) -> None:
    profile, configuration = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
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
