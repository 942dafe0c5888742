"""`gradewatch drift`: from rows to a profile, its proof, and a page that stands alone."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import stats

from exporter.config.whole import load_config
from exporter.drift.profile import load_profile
from exporter.drift.references import fitting
from exporter.drift.setup import wanted_of
from gradewatch.cli import main
from gradewatch.drift_shapes import moved, quantile, shape
from gradewatch.drift_verify import exact_ks
from tests.unit.exporter.drift.logs import DAY, NOON, rows, write_csv, write_jsonl, write_parquet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Training rows, a log whose last day is shifted, labels, and the configuration over them."""
    write_csv(tmp_path / "training.csv", rows(20_000, 0, 100, seed=99))
    quiet = rows(6000, NOON - 6 * DAY, NOON - DAY)
    moved_rows = rows(2000, NOON - DAY, NOON, first=6001, shift=1.0)
    write_csv(tmp_path / "log.csv", quiet + moved_rows)
    labels = [
        {"prediction_id": r["id"], "label": int(r["score"] >= 0.4), "source": "audit"} for r in quiet[::5]
    ]
    write_csv(tmp_path / "labels.csv", labels)
    (tmp_path / "sidecar.yaml").write_text(f"""
state_dir: {tmp_path}
models:
  essay:
    log: {{file: {tmp_path}/log.csv}}
    columns: {{version: version}}
    reference: {{file: {tmp_path}/training.csv}}
    labels: {{file: {tmp_path}/labels.csv, source: source}}
    features:
      words: {{}}
      language: {{kind: category}}
""")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["drift", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_becomes_a_profile_and_a_configuration_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    training = tmp_path / f"training.{kind}"
    {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}[kind](training, rows(3000, 0, 100))
    code, out, _ = run(capsys, "profile", training, "--out", tmp_path / "essay.npz")
    assert code == 0
    assert re.search(r"words +number", out)
    assert re.search(r"language +category +0 +3 values", out)
    assert "Fewer than 10,000 rows" in out
    snippet = out[out.index("models:") :]
    assert set(yaml.safe_load(snippet)["models"]["my-model"]["features"]) == {"words", "language"}
    (tmp_path / "sidecar.yaml").write_text(snippet)
    load_config(tmp_path / "sidecar.yaml")


def test_a_profile_holds_no_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    training = rows(3000, 0, 100)
    write_csv(tmp_path / "training.csv", training)
    run(capsys, "profile", tmp_path / "training.csv", "--out", tmp_path / "essay.npz")
    assert (tmp_path / "essay.npz").stat().st_size < 100_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "x"], "name a file with rows, or --config and --model"),
        (["no.csv", "--out", "x"], "no.csv cannot be read: No such file"),
        (["log.txt", "--out", "x"], "the suffix tells no format"),
        (
            ["training.csv", "--out", "x", "--prediction", "grade"],
            'no column "grade" for the predictions',
        ),
        (["training.csv", "--out", "x", "--bins", "3"], "--bins 3: 16 to 4096"),
        (["training.csv", "--out", "no/such/x.npz"], "cannot be written: No such file"),
        (["empty.csv", "--out", "x"], "no rows"),
        (["broken.parquet", "--out", "x"], "broken.parquet is not a whole Parquet file"),
        (["array.jsonl", "--out", "x"], "array.jsonl: the first line is no JSON object"),
    ],
)
def test_what_cannot_be_a_profile_is_told_in_a_sentence(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(folder)
    (folder / "log.txt").write_text("")
    (folder / "empty.csv").write_text("words,score\n")
    (folder / "broken.parquet").write_text("PAR1")
    (folder / "array.jsonl").write_text('[{"words": 1, "score": 1}]\n')
    code, out, err = run(capsys, "profile", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert not (folder / "x").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("latin.csv", "words,größe,score\n1,2,0.5\n2,3,0.6\n".encode("latin-1")),
        ("bom.jsonl", b'\xef\xbb\xbf{"words": 1, "x": 2, "score": 0.5}\n'),
        ("index.csv", b",words,essay length,score\n0,1,2,0.5\n1,2,3,0.6\n"),
        ("twice.csv", b"words,words,a b,a_b,1st,score\n1,1,2,3,4,0.5\n2,2,3,4,5,0.6\n"),
    ],
)
def test_columns_of_any_name_become_features_that_the_sidecar_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    code, out, _ = run(capsys, "profile", tmp_path / name, "--out", tmp_path / "essay.npz")
    assert code == 0
    assert len(re.findall(r"^words +number", out, re.MULTILINE)) == 1
    assert len(re.findall(r"^\(predictions\) ", out, re.MULTILINE)) == 1
    (tmp_path / "sidecar.yaml").write_text(out[out.index("models:") :])
    model = load_config(tmp_path / "sidecar.yaml").value.models["my-model"]
    assert model.features["words"].column is None
    profile = load_profile(tmp_path / "essay.npz")
    assert fitting(profile, wanted_of(model), "essay.npz").features
    if name == "twice.csv":
        columns = {key: feature.column or key for key, feature in model.features.items()}
        assert sorted(columns.values()) == ["1st", "a b", "a_b", "words"]
        assert columns["a_b"] == "a_b"


def without_a_reference_of_v1(folder: Path) -> Path:
    """The configuration where only version v2, of the log's last rows, has a reference."""
    lines = (folder / "log.csv").read_text().splitlines(keepends=True)
    lines[-1000:] = [line.replace(",v1,", ",v2,") for line in lines[-1000:]]
    (folder / "log.csv").write_text("".join(lines))
    config = folder / "sidecar.yaml"
    place = f"reference: {{file: {folder}/training.csv}}"
    config.write_text(config.read_text().replace(place, f"versions: {{v2: {{{place}}}}}"))
    return config


def test_verify_leaves_out_a_version_without_a_reference(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = without_a_reference_of_v1(folder)
    training = folder / "training.csv"
    code, out, _ = run(capsys, "verify", "--config", config, "--reference", training, "--json")
    assert code == 0
    assert {row["version"] for row in json.loads(out)} == {"v2"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rows.txt", "rows.txt: the suffix tells no format; allowed: .csv, .jsonl, .parquet"),
        ("rows.csv", 'rows.csv has no column "words"'),
    ],
)
def test_verify_says_what_is_wrong_with_the_rows_that_were_named(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    (folder / name).write_text("id,score\n1,0.5\n")
    config = folder / "sidecar.yaml"
    code, out, err = run(capsys, "verify", "--config", config, "--reference", folder / name)
    assert (code, out) == (2, "")
    assert message in err


def test_verify_shows_the_exact_distance_inside_the_bracket(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "verify", "--config", folder / "sidecar.yaml", "--json")
    assert code == 0
    found = {row["feature"]: row for row in json.loads(out)}
    assert set(found) == {"words", "(predictions)"}
    assert found["words"]["good"]
    assert abs(found["words"]["exact"] - found["words"]["binned"]) < 1e-3
    code, out, _ = run(capsys, "verify", "--config", folder / "sidecar.yaml")
    assert re.search(r"words .*ok\n", out)
    assert "largest difference" in out


def test_verify_asks_for_rows_where_there_is_only_a_profile(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "profile", folder / "training.csv", "--out", folder / "essay.npz")
    config = folder / "sidecar.yaml"
    config.write_text(
        config.read_text().replace(f"file: {folder}/training.csv", f"profile: {folder}/essay.npz")
    )
    code, _, err = run(capsys, "verify", "--config", config)
    assert code == 2
    assert "--reference" in err
    code, _, _ = run(capsys, "verify", "--config", config, "--reference", folder / "training.csv")
    assert code == 0


def test_the_exact_distance_is_scipys_to_the_last_bit() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        a, b = np.round(rng.normal(0, 1, 500), 1), np.round(rng.normal(0.1, 1, 300), 1)
        assert exact_ks(np.sort(a), b) == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-15)


class Page(HTMLParser):
    """What a test wants to know of a page: what it loads, its open tags, its pictures' names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.open: list[str] = []
        self.names: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loaded += [given[name] or "" for name in ("src", "href") if name in given]
        if tag == "svg":
            self.names.append(given.get("aria-label") or "")
        if tag not in ("meta", "br", "wbr", "rect", "line", "circle", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag


def test_the_report_is_one_page_that_needs_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out_file = folder / "report.html"
    code, out, _ = run(capsys, "report", "--config", folder / "sidecar.yaml", "--out", out_file)
    assert code == 0
    assert "version v1: 1 of 2 features drifted, the predictions did not" in out
    text = out_file.read_text()
    page = Page(text)
    assert page.loaded == []
    assert not re.search(r"url\(|@import|<script", text)
    assert page.open == []
    assert len(page.names) == 7, "two pictures of each of three parts, and the calibration"
    assert all(page.names)
    assert "prefers-color-scheme: dark" in text
    assert re.search(r"<b>words</b> \(the median: \d+[.\d]*, now \d", text)
    assert "limit 0.05" in text


def test_the_report_of_a_quiet_day_says_that_there_is_nothing_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out_file = folder / "report.html"
    words = (
        "--config",
        folder / "sidecar.yaml",
        "--out",
        out_file,
        "--at",
        "2026-09-20T11:00",
        "--window",
        "48h",
    )
    code, out, _ = run(capsys, "report", *words)
    assert code == 0
    assert "0 of 2 features drifted" in out
    assert "Nothing: no shift larger than what matters." in out_file.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--window", "90m"], "1h to 48h in whole hours"),
        (["--at", "lunch"], '"lunch" is no time'),
        (["--at", "2020-01-01"], "has no row in the 1d before"),
        (["--model", "code"], 'unknown model "code"'),
        (["--days", "0"], "--days 0: 1 to 60"),
    ],
)
def test_what_cannot_be_reported_is_told_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    out_file = folder / "report.html"
    code, out, err = run(capsys, "report", "--config", folder / "sidecar.yaml", "--out", out_file, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert not out_file.exists()


def test_text_of_the_data_is_escaped(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = (folder / "log.csv").read_text().replace(",python,", ",<script>x</script>,")
    (folder / "log.csv").write_text(log)
    training = (folder / "training.csv").read_text().replace(",python,", ",<script>x</script>,")
    (folder / "training.csv").write_text(training)
    out_file = folder / "report.html"
    assert run(capsys, "report", "--config", folder / "sidecar.yaml", "--out", out_file)[0] == 0
    assert "<script" not in out_file.read_text()


def test_shapes_show_a_bar_for_each_value_where_values_are_few() -> None:
    from exporter.drift.bins import count
    from exporter.drift.reference import numeric_reference

    rng = np.random.default_rng(1)
    scores = rng.integers(1, 6, 5000).astype(float)
    part = numeric_reference("f", scores)
    found = shape(part, count(scores[:1000], part.edges))
    assert len(found.window) == 5
    assert sum(found.window) == pytest.approx(1)
    assert quantile(part, part.counts, 0.5) == 3.0
    assert "is 3 as before" in moved(part, part.counts)
    zeros = np.where(rng.random(5000) < 0.7, 0.0, rng.gamma(2, 2, 5000))
    mostly = numeric_reference("f", zeros)
    assert quantile(mostly, mostly.counts, 0.5) == 0.0
    assert len(shape(mostly, mostly.counts).window) == 40


def test_many_quiet_features_are_folded_and_days_without_rows_are_grey(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = [f"quiet_feature_{i}" for i in range(7)]
    config = (folder / "sidecar.yaml").read_text()
    listed = "".join(f"      {name}: {{column: words}}\n" for name in more)
    (folder / "sidecar.yaml").write_text(config.replace("    features:\n", f"    features:\n{listed}"))
    out_file = folder / "report.html"
    at = ("--at", "2026-09-20T11:00", "--window", "48h")
    code, _, _ = run(capsys, "report", "--config", folder / "sidecar.yaml", "--out", out_file, *at)
    assert code == 0
    text = out_file.read_text()
    assert "<summary>10 more, as before</summary>" in text
    assert "quiet_<wbr>feature_<wbr>6" in text
    assert 'class="nothing"' in text
    assert Page(text).open == []


def test_a_long_replay_says_how_far_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradewatch.progress._LOG_SECONDS", 0.0)
    out_file = folder / "report.html"
    _, _, err = run(capsys, "report", "--config", folder / "sidecar.yaml", "--out", out_file)
    assert re.search(r"reading the log: [\d,]+ rows\n", err)
    assert re.search(r"counting the log: [\d,]+ rows\n", err)


def test_what_is_not_installed_is_named_with_the_way_to_get_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradewatch.drift.find_spec", lambda _: None)
    code, _, err = run(capsys, "profile", folder / "training.csv", "--out", folder / "x.npz")
    assert (code, "pip install 'gradewatch[drift]'" in err) == (2, True)
    monkeypatch.undo()
    monkeypatch.setattr("gradewatch.drift_profile.find_spec", lambda _: None)
    code, _, err = run(capsys, "profile", folder / "training.parquet", "--out", folder / "x.npz")
    assert (code, "pip install 'gradewatch[parquet]'" in err) == (2, True)
