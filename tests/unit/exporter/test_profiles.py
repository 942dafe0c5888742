"""A profile is refused with every fault at its line, and the shipped ones are good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter import catalogue
from exporter.config.graders import profile_names
from exporter.config.whole import load_config
from exporter.profiles import bind, load_profile
from exporter.profiles.blocks import BLOCKS, FILE_FEEDS
from exporter.profiles.profile import parameters
from typedyaml.faults import Faults

GOOD = """\
profile: mine
title: My grader
dialects: [sqlite]
verified: {release: "1"}
queries:
  rows:
    feeds: [submissions_total, gradings_total]
    follow: watermark
    columns: [id, outcome]
    newest: SELECT MAX(id) FROM jobs
    sql: SELECT id, outcome FROM jobs WHERE id > :after ORDER BY id LIMIT :limit
  backlog:
    feeds: [queue_depth]
    states: [waiting]
    columns: [depth]
    sql: SELECT COUNT(*) AS depth FROM jobs WHERE outcome IS NULL
"""

SECOND = """\
  gradings:
    feeds: [gradings_total]
    follow: state
    columns: [id, outcome]
    sql: SELECT 1
  backlog:"""


def faults(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    try:
        load_profile(str(path))
    except Faults as found:
        return [str(fault).removeprefix(f"{path}:") for fault in found.faults]
    return []


def test_a_profile_of_one_s_own_is_a_file(tmp_path: Path) -> None:
    assert faults(GOOD, tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("backlog:", "backlgo:", r'12:3: unknown block "backlgo"; did you mean "backlog"\?'),
        ("[id, outcome]", "[id, outcom]", r'9:19: unknown column "outcom"; did you mean "outcome"\?'),
        ("[id, outcome]", "[id]", r'9:\d+: block "rows" needs a column "outcome"'),
        ("gradings_total]", "gradings]", r'7:32: unknown feed "gradings"; did you mean "gradings_total"\?'),
        ("gradings_total]", "queue_wait_seconds]", r'7:32: .* "queue_wait_seconds", which is not in columns'),
        ("follow: watermark", "follow: sometimes", r'8:13: unknown value "sometimes"; allowed'),
        ("    newest: SELECT MAX(id) FROM jobs\n", "", r"6:\d+: newest is missing"),
        ("> :after", ">= :after", r'11:10: .* contains "> :after"'),
        (":limit", ":limits", r'11:10: unknown parameter ":limits"; did you mean ":limit"\?'),
        ("WHERE outcome", "WHERE :window AND outcome", r'16:10: unknown parameter ":window"'),
        ("WHERE outcome", "WHERE at < :now AND outcome", r"16:10: now is missing in the profile"),
        ("states: [waiting]", "states: [waitng]", r'14:14: unknown state "waitng"; did you mean "waiting"\?'),
        ("    states: [waiting]\n", "", r"12:\d+: states is missing: which of waiting, running"),
        ("[queue_depth]", "[]", r'13:12: "feeds" must not be empty'),
        (
            "follow: watermark",
            "follow: watermark\n    settle: {default: 1m}",
            r"9:\d+: settle belongs to follow: state",
        ),
        ("title: My grader", "titel: My grader", r'2:1: unknown key "titel"; did you mean "title"\?'),
        (
            "dialects: [sqlite]",
            "dialects: [oracle]",
            r'3:12: unknown value "oracle"; allowed: mysql, postgresql, sqlite',
        ),
        ('release: "1"}', 'release: "1"}\nunknown: [wokers]', r'5:11: unknown metric "wokers"; did you mean'),
        (
            "FROM jobs WHERE outcome",
            "FROM {prefix}jobs WHERE outcome",
            r'16:10: unknown word "prefix"',
        ),
        (
            "queries:",
            "words: {sqlite: {}, mysql: {}}\nqueries:",
            r'5:\d+: unknown dialect "mysql"',
        ),
        (
            "queries:",
            "grants: {jobs: [id]}\nmasked: {jobs: {secret: '1'}}\nqueries:",
            r'6:\d+: unknown column "secret"',
        ),
        (
            "follow: watermark",
            "follow: counts",
            r'9:\d+: follow: counts needs a column "count"',
        ),
        (
            "follow: watermark",
            "follow: watermark\n    stale_after: 1m",
            r"9:\d+: stale_after needs the columns worker and beat",
        ),
        (
            "  backlog:",
            SECOND,
            r'13:13: gradings_total is fed by block "rows" already',
        ),
        (
            "queries:",
            "files: {layout: canvas, feeds: [queue_depth], sql: SELECT 1}\nqueries:",
            r'5:17: unknown layout "canvas"; allowed: nbgrader',
        ),
        (
            "queries:",
            "files: {layout: nbgrader, feeds: [workers], sql: SELECT 1}\nqueries:",
            r'5:35: unknown feed "workers"; allowed',
        ),
    ],
)
def test_a_fault_is_named_at_its_line_with_what_is_allowed(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    assert old in GOOD
    found = faults(GOOD.replace(old, new, 1), tmp_path)
    assert any(re.match(fault, line) for line in found), found


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("[id, outcome]", "[id, outcom]")
        .replace("[queue_depth]", "[depth]")
        .replace(":limit", ":l")
    )
    assert len(faults(text, tmp_path)) >= 4


def test_a_profile_without_blocks_answers_nothing(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("queries:")] + "queries: {}\n"
    assert faults(text, tmp_path) == ["5:1: a profile without blocks answers nothing"]


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_is_good_and_says_what_it_was_verified_with(name: str) -> None:
    profile = load_profile(name).value
    assert profile.profile == name
    assert profile.version


def test_what_a_block_feeds_is_in_the_catalogue() -> None:
    feeds = {feed for kind in BLOCKS.values() for feed in kind.feeds} | {
        f for fs in FILE_FEEDS.values() for f in fs
    }
    assert {f"grader_{feed}" for feed in feeds} <= catalogue.FAMILIES.keys()


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("id > :after LIMIT :limit", {"after", "limit"}),
        ("IN (:id_0, :id_12)", {"id_0", "id_12"}),
        ("strftime('%H:%M:seconds', x)", set()),
        ("x::float8 > :after -- not :this", {"after"}),
        ("'it''s :not' || :window", {"window"}),
    ],
)
def test_parameters_are_not_looked_for_in_text_casts_and_comments(sql: str, found: set[str]) -> None:
    assert parameters(sql) == found


def test_a_profile_that_does_not_fit_its_grader_is_refused(tmp_path: Path) -> None:
    """Another dialect, and folders that it cannot read."""
    profile, sidecar = tmp_path / "mine.yaml", tmp_path / "sidecar.yaml"
    profile.write_text(GOOD.replace("dialects: [sqlite]", "dialects: [mysql]"))
    sidecar.write_text(
        'databases: {grader: {url: "sqlite:///srv/g.db"}}\n'
        f"graders: [{{profile: {profile}, database: grader, exchange: /srv/exchange}}]\n"
    )
    with pytest.raises(Faults) as caught:
        load_config(sidecar)
    assert [fault.message for fault in caught.value.faults] == [
        "profile mine is written for mysql, this is sqlite",
        "profile mine reads no folders",
    ]
    assert {fault.line for fault in caught.value.faults} == {2}


def test_a_word_is_needed_in_every_dialect_and_filled_in_each(tmp_path: Path) -> None:
    text = (
        GOOD.replace("[sqlite]", "[sqlite, mysql]")
        .replace("FROM jobs", "FROM {prefix}{table}")
        .replace("queries:", "options: {prefix: a_}\nwords: {sqlite: {table: jobs}}\nqueries:")
    )
    assert all("{table} has no word for mysql" in line for line in faults(text, tmp_path))
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("{table: jobs}}", "{table: jobs}, mysql: {table: queue}}"))
    profile = load_profile(str(path)).value
    assert "FROM a_jobs" in bind(profile, "sqlite").queries["backlog"].sql
    other = bind(profile, "mysql", {"prefix": "b_"}).queries["rows"]
    assert "FROM b_queue" in other.sql
    assert other.newest == "SELECT MAX(id) FROM b_queue"


def test_an_option_that_a_profile_does_not_have_is_refused(tmp_path: Path) -> None:
    sidecar = tmp_path / "sidecar.yaml"
    sidecar.write_text(
        'databases: {grader: {url: "mysql://u@db/moodle"}}\n'
        "graders:\n  - {profile: moodle-vpl, database: grader, options: {prefx: m_}}\n"
    )
    with pytest.raises(Faults) as caught:
        load_config(sidecar)
    (fault,) = caught.value.faults
    assert (fault.line, fault.message.partition(" (")[0]) == (
        3,
        'unknown option "prefx"; did you mean "prefix"?',
    )
    sidecar.write_text(sidecar.read_text().replace("prefx: m_", "prefix: 'm; DROP'"))
    with pytest.raises(Faults, match="a part of a table's name"):
        load_config(sidecar)
