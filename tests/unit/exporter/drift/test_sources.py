"""Each kind of log gives each row once: while it grows, is rotated, truncated, or committed out of order."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.databases import open_pool
from exporter.drift.batch import Layout, make_batch, to_keys, to_seconds
from exporter.drift.lines import LinesSource
from exporter.drift.parquet import ParquetSource
from exporter.drift.sources import Place, Source, SourceError
from exporter.drift.table import TableSource
from tests.unit.exporter.drift.logs import Table, rows, write_csv, write_jsonl, write_parquet

LAYOUT = Layout(
    numbers={"words": "words"}, categories={"language": "language"}, time="time", version="version", key="id"
)


class Follower:
    """Reads a source again and again, and remembers the ids of what it was given."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.place: Place | None = None
        self.notes: list[str] = []
        self.bad = 0

    def read(self, now: float = 1000.0, since: float = -np.inf) -> list[int]:
        found: list[int] = []
        # A position goes through JSON between two rounds, as it does in the saved state.
        for step in self.source.steps(json.loads(json.dumps(self.place)), now, since):
            if step.batch.keys is not None:
                found += step.batch.keys.tolist()
            self.bad += step.batch.bad_lines
            self.notes += [step.note] if step.note else []
            self.place = step.place
        return found


def table(path: Path) -> TableSource:
    return TableSource(open_pool("grader", f"sqlite://{path}"), "predictions", "id", LAYOUT)


def ids(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


@pytest.mark.parametrize("kind", ["db", "csv", "jsonl", "parquet"])
def test_each_kind_of_log_gives_each_row_once(tmp_path: Path, kind: str) -> None:
    first, second = rows(25_000, 0, 100), rows(300, 100, 200, first=25_001)
    path = tmp_path / f"log.{kind}"
    source: Source
    if kind == "db":
        log = Table(path)
        log.write(first)
        source = table(path)
    elif kind == "parquet":
        write_parquet(tmp_path / "log-1.parquet", first, row_group_size=7000)
        source = ParquetSource(str(tmp_path / "log-*.parquet"), LAYOUT)
    else:
        write = write_csv if kind == "csv" else write_jsonl
        write(path, first)
        source = LinesSource(path, kind, LAYOUT)  # type: ignore[arg-type]
    follower = Follower(source)
    assert follower.read() == ids(1, 25_000)
    assert follower.read() == []
    if kind == "db":
        log.write(second)
    elif kind == "parquet":
        write_parquet(tmp_path / "log-2.parquet", second)
    else:
        write(path, second, append=True)
    assert follower.read() == ids(25_001, 25_300)
    assert follower.read() == []
    assert not follower.notes


@pytest.mark.parametrize("kind", ["db", "csv", "jsonl", "parquet"])
def test_each_kind_of_log_gives_the_same_values(tmp_path: Path, kind: str) -> None:
    found = rows(50, 1000, 2000)
    found[3]["words"] = None
    path = tmp_path / f"log.{kind}"
    source: Source
    if kind == "db":
        Table(path).write(found)
        source = table(path)
    elif kind == "parquet":
        write_parquet(path, found)
        source = ParquetSource(str(path), LAYOUT)
    else:
        (write_csv if kind == "csv" else write_jsonl)(path, found)
        source = LinesSource(path, kind, LAYOUT)  # type: ignore[arg-type]
    (batch,) = [step.batch for step in source.steps(None, 0.0, -np.inf) if step.batch.rows]
    expected = np.array([np.nan if row["words"] is None else row["words"] for row in found])
    assert np.allclose(batch.numbers["words"], expected, equal_nan=True)
    assert np.allclose(batch.times, [row["time"] for row in found])
    assert list(batch.categories["language"]) == [row["language"] for row in found]
    assert batch.versions == ["v1"] * 50
    assert batch.bad_rows == batch.bad_lines == 0


def test_rows_that_are_committed_late_are_found(tmp_path: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.write(rows(2000, 0, 1))
    follower = Follower(table(log.path))
    follower.read()
    late = sqlite3.connect(log.path, isolation_level=None)
    log.write(rows(5, 0, 1, first=2006))
    assert follower.read(now=1001.0) == ids(2006, 2010)
    columns = "time, version, words, language, score"
    copy = f"INSERT INTO predictions SELECT ?, {columns} FROM predictions WHERE id = 1"
    late.executemany(copy, [(i,) for i in ids(2001, 2005)])
    assert follower.read(now=1002.0) == ids(2001, 2005)
    assert follower.read(now=1003.0) == []


def test_a_rebuild_of_a_table_begins_near_the_time_that_is_wanted(tmp_path: Path) -> None:
    """Old rows of a log of any length cost nothing: the first id is found by halving."""
    log = Table(tmp_path / "log.db")
    found = rows(5000, 0, 500_000)
    log.write([row for row in found if not 1000 < row["id"] < 3000])
    given = Follower(table(log.path)).read(since=400_000.0)
    assert given[-1] == 5000
    assert 3900 < given[0] <= 4001


def test_rows_that_are_committed_late_are_found_after_a_round_of_many_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen is carried from the first step through the others: each row is told, and once."""
    monkeypatch.setattr("exporter.drift.table.STEP_ROWS", 100)
    log = Table(tmp_path / "log.db")
    log.write([row for row in rows(50, 0, 1) if row["id"] not in (7, 40)])
    follower = Follower(table(log.path))
    assert len(follower.read()) == 48
    late = {row["id"]: row for row in rows(600, 0, 1)}
    log.write([late[i] for i in ids(51, 500) if i not in (60, 444)])
    assert follower.read(now=1001.0) == [i for i in ids(51, 500) if i not in (60, 444)]
    log.write([late[i] for i in (7, 60)])
    assert follower.read(now=1002.0) == [7, 60], "known rows of every step stay known, gaps stay gaps"
    log.write([late[i] for i in (40, 444)])
    assert follower.read(now=1003.0) == [40, 444]
    assert follower.read(now=1004.0) == []
    assert not follower.notes


def test_rows_older_than_a_rebuild_wants_are_not_found_by_the_look_for_late_ones(tmp_path: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.write(rows(3000, 0, 300_000))
    follower = Follower(table(log.path))
    given = follower.read(since=299_000.0)
    assert 10 <= len(given) < 100
    log.write(rows(5, 300_000, 300_001, first=3001))
    assert follower.read(now=1001.0) == ids(3001, 3005)


def test_what_is_known_of_rows_that_come_fast_does_not_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the overlap is the last thousand ids; with few rows it is all of two minutes."""
    monkeypatch.setattr("exporter.drift.table.MOST_SEEN", 2000)
    log = Table(tmp_path / "log.db")
    log.write(rows(2500, 0, 1))
    follower = Follower(table(log.path))
    follower.read()
    log.write([row for row in rows(5000, 0, 1) if row["id"] > 2500 and row["id"] not in (3000, 4800)])
    assert len(follower.read(now=1001.0)) == 2498
    assert follower.place is not None
    assert sum(last - first + 1 for first, last in follower.place["seen"]) == 999
    log.write([row for row in rows(5000, 0, 1) if row["id"] in (3000, 4800)])
    assert follower.read(now=1002.0) == [4800]


def test_a_table_that_was_emptied_is_told(tmp_path: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.write(rows(5000, 0, 1))
    follower = Follower(table(log.path))
    follower.read()
    log.db.execute("DELETE FROM predictions")
    log.write(rows(10, 0, 1))
    assert follower.read() == []
    assert "older table" in follower.notes[0]
    log.write(rows(3, 0, 1, first=11))
    assert follower.read() == [11, 12, 13]


CELLS: tuple[Any, ...] = (1.5, -0.0, 7, 2**62, None, float("inf"), "12.5", "", "many", "nan", b"9", b"\xff")


@pytest.mark.parametrize("width", [1, 2, 100, 101, 230])
@pytest.mark.parametrize("kinds", [6, len(CELLS)], ids=["numbers", "anything"])
def test_a_table_gives_the_numbers_of_its_cells(tmp_path: Path, width: int, kinds: int) -> None:
    """However many columns there are, and whatever stands in them; text spoils its own column only."""
    names = [f"f{number}" for number in range(width)]
    layout = Layout(numbers={name.upper(): name for name in (*names, "gone", "id", "text")}, time="time")
    rng = np.random.default_rng(width)
    cells = [[CELLS[i] for i in rng.integers(0, kinds, 40)] for _ in names]
    cells[0] = [float(i) for i in range(40)]
    given: dict[str, Any] = {"id": list(range(1, 41)), "time": [float(i) for i in range(40)]}
    given |= dict(zip(names, cells, strict=True)) | {"text": ["x"] * 40}
    db = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    db.execute(f"CREATE TABLE predictions (id INTEGER PRIMARY KEY, {', '.join(list(given)[1:])})")
    marks = ", ".join("?" * len(given))
    db.executemany(f"INSERT INTO predictions VALUES ({marks})", zip(*given.values(), strict=True))
    source = TableSource(open_pool("grader", f"sqlite://{tmp_path / 'log.db'}"), "predictions", "id", layout)
    (step,) = source.steps(None, 1000.0, -np.inf)
    expected = make_batch(layout, given, 40, absent=["gone"])
    assert step.batch.numbers.keys() == expected.numbers.keys()
    for name, values in expected.numbers.items():
        assert np.array_equal(step.batch.numbers[name], values, equal_nan=True), name
    assert step.batch.bad_numbers == expected.bad_numbers
    assert step.batch.bad_rows == expected.bad_rows == 40
    assert step.batch.bad_numbers.keys() >= {"TEXT"}
    assert "F0" not in step.batch.bad_numbers
    assert step.batch.absent == {"gone"}


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (Layout(time="when"), 'predictions has no column "when"; it has: id, time, version, words'),
        (Layout(time="time", key="prediction"), 'no column "prediction"'),
    ],
)
def test_a_table_without_a_needed_column_says_what_it_has(
    tmp_path: Path, layout: Layout, message: str
) -> None:
    Table(tmp_path / "log.db").write(rows(1, 0, 1))
    source = TableSource(open_pool("grader", f"sqlite://{tmp_path / 'log.db'}"), "predictions", "id", layout)
    with pytest.raises(SourceError, match=message):
        list(source.steps(None, 0.0, 0.0))


def test_ids_that_are_no_whole_numbers_are_refused(tmp_path: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.db.execute("CREATE TABLE predictions (id TEXT, time, version, words, language)")
    log.db.execute("INSERT INTO predictions VALUES ('a', 1, 'v1', 2, 'c')")
    with pytest.raises(SourceError, match='column "id" of predictions is not a whole number'):
        list(table(log.path).steps(None, 0.0, 0.0))


@pytest.mark.parametrize("last", ["'b'", "3.5"])
def test_ids_of_which_some_are_no_whole_numbers_are_refused(tmp_path: Path, last: str) -> None:
    log = Table(tmp_path / "log.db")
    log.db.execute("CREATE TABLE predictions (id, time, version, words, language)")
    log.db.execute(f"INSERT INTO predictions VALUES (1, 1, 'v1', 2, 'c'), ({last}, 1, 'v1', 2, 'c')")
    with pytest.raises(SourceError, match='column "id" of predictions is not a whole number'):
        list(table(log.path).steps(None, 0.0, 0.0))


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_half_written_line_waits_for_its_end(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "log"
    (write_csv if kind == "csv" else write_jsonl)(path, rows(4, 0, 1))
    whole = path.read_bytes()
    cut = len(whole) - 7
    path.write_bytes(whole[:cut])
    follower = Follower(LinesSource(path, kind, LAYOUT))
    assert follower.read() == [1, 2, 3]
    with path.open("ab") as file:
        file.write(whole[cut:])
    assert follower.read() == [4]
    assert follower.bad == 0


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_rotated_file_is_read_to_its_end_and_then_the_new_one(tmp_path: Path, kind: Any) -> None:
    write = write_csv if kind == "csv" else write_jsonl
    path = tmp_path / "log"
    write(path, rows(100, 0, 1))
    follower = Follower(LinesSource(path, kind, LAYOUT))
    follower.read()
    write(path, rows(20, 1, 2, first=101), append=True)
    path.rename(tmp_path / "log.1")
    write(path, rows(30, 2, 3, first=131))
    # The writer has not noticed yet and goes on writing to the old file.
    write(tmp_path / "log.1", rows(5, 1, 2, first=121), append=True)
    assert follower.read() == [*ids(101, 125), *ids(131, 160)]
    write(tmp_path / "log.1", rows(5, 1, 2, first=126), append=True)
    assert follower.read() == ids(126, 130)
    assert follower.read() == []
    assert not follower.notes


def test_a_file_that_was_rotated_away_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write_csv(path, rows(10, 0, 1))
    follower = Follower(LinesSource(path, "csv", LAYOUT))
    follower.read()
    write_csv(tmp_path / "new", rows(3, 1, 2, first=11))
    os.replace(tmp_path / "new", path)
    assert follower.read() == [11, 12, 13]
    assert "was replaced" in follower.notes[0]


def test_a_truncated_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    """Also when it has grown past the old position meanwhile: what stands before that is another."""
    path = tmp_path / "log"
    write_jsonl(path, rows(10, 0, 1))
    follower = Follower(LinesSource(path, "jsonl", LAYOUT))
    follower.read()
    path.write_text("")
    write_jsonl(path, rows(4, 1, 2, first=11), append=True)
    assert follower.read() == ids(11, 14)
    path.write_text("")
    write_jsonl(path, rows(40, 2, 3, first=15), append=True)
    assert follower.read() == ids(15, 54)
    assert all("truncated" in note for note in follower.notes)


def test_broken_lines_are_counted_and_take_no_other_row_with_them(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = ["id,time,version,words,language", '1,1,v1,3,"open quote', "2,1,v1,3,c", "3,1", '4,1,v1,3,"a, b"']
    path.write_text("\n".join([*lines, "", "\xff5,1,v1,x,c", "6,1,v1,3,c,7", ""]))
    follower = Follower(LinesSource(path, "csv", LAYOUT))
    found = follower.read()
    assert set(found) >= {1, 2, 4}
    assert follower.bad == 2
    path = tmp_path / "jsonl"
    path.write_text('{"id": 1}\nnot json\n[1]\n\n{"id": 2, "time": "x"}\n')
    follower = Follower(LinesSource(path, "jsonl", LAYOUT))
    assert follower.read() == [1, 2]
    assert follower.bad == 2


def test_a_csv_file_without_a_needed_column_says_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("id,when\n1,2\n")
    with pytest.raises(SourceError, match='has no column "time"; its first line has: id, when'):
        list(LinesSource(path, "csv", LAYOUT).steps(None, 0.0, 0.0))


def test_a_parquet_file_that_is_not_whole_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    write_parquet(tmp_path / "1.parquet", rows(100, 0, 1))
    write_parquet(tmp_path / "2.parquet", rows(100, 0, 1, first=101))
    whole = (tmp_path / "1.parquet").read_bytes()
    (tmp_path / "1.parquet").write_bytes(whole[: len(whole) // 2])
    follower = Follower(ParquetSource(str(tmp_path / "*.parquet"), LAYOUT))
    with pytest.raises(SourceError, match=r"1\.parquet is not a whole Parquet file"):
        follower.read()
    assert follower.place is not None
    (tmp_path / "1.parquet").write_bytes(whole)
    assert follower.read() == ids(1, 100), "the other file was read, once"


def test_a_parquet_file_that_is_rewritten_with_more_rows_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    write_parquet(path, rows(20_000, 0, 1), row_group_size=3000)
    follower = Follower(ParquetSource(str(path), LAYOUT))
    assert follower.read() == ids(1, 20_000)
    write_parquet(path, rows(20_700, 0, 1), row_group_size=3000)
    assert follower.read() == ids(20_001, 20_700)
    write_parquet(path, rows(10, 0, 1, first=50_001))
    assert follower.read() == ids(50_001, 50_010)


def test_no_file_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        list(ParquetSource(str(tmp_path / "*.parquet"), LAYOUT).steps(None, 0.0, 0.0))
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        list(LinesSource(tmp_path / "log", "csv", LAYOUT).steps(None, 0.0, 0.0))


def test_times_in_every_form_are_unix_seconds() -> None:
    texts = ["2026-09-01T00:00:00Z", "2026-09-01 02:00:00+02:00", "2026-09-01", "1788220800", "soon", None]
    assert to_seconds(texts, 6)[:4].tolist() == [1788220800.0] * 4
    assert np.isnan(to_seconds(texts, 6)[4:]).all()
    assert to_seconds([1788220800000, 1788220800], 2).tolist() == [1788220800.0] * 2


def test_keys_of_numbers_and_text_are_the_same() -> None:
    assert (
        to_keys([12, 13]).tolist()
        == to_keys(["12", "13"]).tolist()
        == to_keys(np.array([12.0, 13.0])).tolist()
    )
    assert len(set(to_keys(["a", "b", "a"]).tolist())) == 2


def test_text_where_a_number_is_due_is_missing_and_counted() -> None:
    batch = make_batch(LAYOUT, {"words": ["1", "many", None, "", "inf"]}, 5)
    assert batch.bad_rows == 1
    assert batch.numbers["words"].tolist()[0] == 1.0
    assert np.isnan(batch.numbers["words"][1:4]).all()
