"""The sidecar's configuration: what is accepted, and every fault at once with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config.databases import Database
from exporter.config.graders import Grader, profile_names
from exporter.config.names import split_address
from exporter.config.whole import Config, load_config
from typedyaml.faults import Faults
from typedyaml.units import Duration

WHOLE = """\
listen: ["127.0.0.1:11910", "[::1]:11910"]
state_dir: /var/lib/gradewatch
databases:
  grader: {url: "sqlite:///srv/grader/grader.db", timeout: 1s, password_file: %s}
graders:
  - {profile: demo, database: grader, min_users: 3}
collection: {timeout: 8s, margin: 250ms, min_interval: 30s, stale_if_error: 5m, max_label_values: 20}
"""


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Faults) as caught:
        load_config(path)
    return [f"{fault.line}:{fault.column}: {fault.message}" for fault in caught.value.faults]


def test_a_whole_configuration_is_read(tmp_path: Path) -> None:
    secret, path = tmp_path / "secret", tmp_path / "c.yaml"
    secret.write_text("x", encoding="utf-8")
    path.write_text(WHOLE % secret, encoding="utf-8")
    config = load_config(path).value
    assert config.listen == ("127.0.0.1:11910", "[::1]:11910")
    assert config.databases["grader"] == Database(
        "sqlite:///srv/grader/grader.db", Duration(1), password_file=str(secret)
    )
    assert config.graders == (Grader("demo", "grader", min_users=3),)
    assert config.collection.stale_if_error == Duration(300)


def test_little_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text('databases: {a: {url: "sqlite:////srv/a.db"}}\n', encoding="utf-8")
    config = load_config(path).value
    assert config == Config({"a": Database("sqlite:////srv/a.db")})
    assert config.listen == ("0.0.0.0:11910",)
    assert config.collection.timeout == Duration(10)


@pytest.mark.parametrize("url", ["sqlite:///srv/a.db", "sqlite:////srv/a.db", "sqlite+pysqlite:////srv/a.db"])
def test_three_and_four_slashes_mean_the_same_file(url: str) -> None:
    assert Database(url).path == "/srv/a.db"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'databases: {a: {url: "oracle://h/a"}}',
            [
                '1:22: unknown scheme "oracle"; allowed: mariadb://, mysql://, postgres://, postgresql://,'
                " sqlite://"
            ],
        ),
        (
            'databases: {a: {url: "mysql://h/a"}, b: {url: "postgresql+psycopg://u@h"}}',
            [
                "1:22: the URL names no user; write mysql://user@host/database",
                "1:47: the URL names no database; write postgresql://user@host/database",
            ],
        ),
        (
            'databases: {a: {url: "mariadb://u@h/a?ssl=1", max_connections: 0, tls: yes}}',
            [
                '1:22: "ssl" is no option of a mysql URL; allowed: unix_socket',
                '1:64: "0"',
                '1:72: unknown value "yes"; allowed: ',
            ],
        ),
        (
            'databases: {a: {url: "mysql://u@h:x/a", password_env: NOT_SET_HERE, ca_file: /nowhere}}',
            [
                "1:22: a port is a number up to 65535",
                '1:55: the variable "NOT_SET_HERE" is not set',
                "1:78: /nowhere cannot be read: No such file or directory",
                '1:78: ca_file is used with "tls: verify" only',
            ],
        ),
        (
            'databases: {a: {url: "mysql://u:hu/sh@h/a"}, b: {url: "postgresql://u:hu[sh@h/a"}}',
            ["1:22: a port is a number up to 65535", "1:55: this is no URL"],
        ),
        (
            'state_dir: "/srv/a\\0b"',
            ['1:12: "/srv/a\0b" is not an absolute path'],
        ),
        (
            'databases: {a: {url: "sqlite:///a", tls: disable}}',
            ["1:42: tls is for servers; SQLite is a file"],
        ),
        (
            'databases: {a: {url: "sqlite3:///srv/a.db"}}',
            ['1:22: unknown scheme "sqlite3"; did you mean "sqlite://"?'],
        ),
        (
            'databases: {a: {url: "sqlite://srv/a.db"}}',
            ['1:22: a file is named by its absolute path: "sqlite:///srv/grader/grader.db"'],
        ),
        (
            'databases: {a: {url: "postgresql://u:hush@h/a"}}',
            ["1:22: no password in a URL: write it to a file and name that in password_file"],
        ),
        (
            'databases: {a: {url: "sqlite:///a", password_file: /nowhere/secret}}',
            ["1:52: /nowhere/secret cannot be read: No such file or directory"],
        ),
        (
            'databases: {a: {url: "sqlite:///a", timeout: 0s}}',
            ["1:46: a timeout of 0s lets no statement answer"],
        ),
        (
            'databases: {a: {url: "sqlite:///a", timeout: 20s}}',
            ["1:46: 20s is more than collection.timeout (10s)"],
        ),
        (
            "databases: {}\ngraders: [{profile: demo, database: grader}]",
            ['2:37: unknown database "grader"; allowed: none'],
        ),
        (
            'databases: {grader: {url: "sqlite:///a"}}\ngraders: [{profile: demos, database: grade}]',
            [
                '2:21: unknown profile "demos"; did you mean "demo"?',
                '2:38: unknown database "grade"; did you mean "grader"?',
            ],
        ),
        (
            'databases: {a: {url: "sqlite:///a"}}\ngraders: [{profile: /nowhere/p.yaml, database: a}]',
            ["2:21: /nowhere/p.yaml cannot be read: No such file or directory"],
        ),
        (
            'databases: {a: {url: "sqlite:///a"}}\n'
            "graders: [{profile: demo, database: a}, {profile: demo, database: a}]",
            ["2:41: a second grader would write the same series; run one sidecar for each grader"],
        ),
        (
            "databases: {}\ncollection: {timeout: 0s}",
            ["2:23: a timeout of 0s lets no collector answer"],
        ),
        (
            "databases: {}\ncollection: {timeout: 1s, margin: 1s}",
            ["2:35: a margin of 1s leaves nothing of the timeout of 1s"],
        ),
        (
            'databases: {}\nlisten: [":80", ":80", ":70000"]',
            ['2:17: ":80" is written twice', '2:24: ":70000": a port is at most 65535'],
        ),
        (
            "databases: {}\nlisten: [localhost]",
            ['2:10: "localhost" is not an address like "0.0.0.0:11910", "[::]:11910" or ":11910"'],
        ),
        (
            "datebases: {}\nstate_dir: here\ncollection: {timeout: 5}\n",
            [
                '1:1: unknown key "datebases"; did you mean "databases"?',
                '2:12: "here" is not an absolute path',
                '3:23: "5" is not a duration like "500ms", "30s", "5m", "1h30m" or "30d"',
            ],
        ),
    ],
)
def test_every_fault_is_named_with_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = faults(tmp_path, text)
    assert len(found) == len(expected)
    for fault, start in zip(found, expected, strict=True):
        assert fault.startswith(start)


def test_faults_of_type_do_not_hide_faults_of_meaning(tmp_path: Path) -> None:
    """What is wrong in itself is left out of the check of the whole, and leads to no second message."""
    text = """\
listen: [":99999", x]
databases:
  grader: {url: "mysql://root:hush@db/grader", timeout: 30s}
  other: {timeout: 5}
graders:
  - {profile: demos, database: other, course: here}
  - {profile: demo, database: nowhere}
collection: {timeout: 1s, margin: 1}
"""
    expected = [
        '1:10: ":99999": a port',
        '1:20: "x" is not an address',
        "3:17: no password in a URL",
        "3:57: 30s is more than collection.timeout (1s)",
        '4:10: required key "url" is missing',
        '4:20: "5" is not a duration',
        '6:15: unknown profile "demos"',
        '6:47: "here" is not an absolute path',
        "7:5: a second grader",
        '7:31: unknown database "nowhere"',
        '8:35: "1" is not a duration',
    ]
    found = faults(tmp_path, text)
    assert [fault[: len(start)] for fault, start in zip(found, expected, strict=True)] == expected
    assert "hush" not in "".join(found)


def test_a_short_collection_needs_no_shorter_statements(tmp_path: Path) -> None:
    """The default of a statement's timeout is cut by the deadline anyway."""
    path = tmp_path / "c.yaml"
    path.write_text('databases: {a: {url: "sqlite:///a"}}\ncollection: {timeout: 1s}\n', encoding="utf-8")
    assert load_config(path).value.collection.timeout == Duration(1)


def test_a_secret_that_may_not_be_read_is_a_fault(tmp_path: Path) -> None:
    """A folder in its place shows it even where root runs the tests."""
    text = f'databases: {{a: {{url: "sqlite:///a", password_file: {tmp_path}}}}}'
    assert faults(tmp_path, text) == [f"1:52: {tmp_path} cannot be read: Is a directory"]


def test_the_faults_of_a_profile_of_ones_own_are_told_with_its_file(tmp_path: Path) -> None:
    profile, path = tmp_path / "own.yaml", tmp_path / "c.yaml"
    profile.write_text("profile: own\n", encoding="utf-8")
    path.write_text(
        f'databases: {{a: {{url: "sqlite:///a"}}}}\ngraders: [{{profile: {profile}, database: b}}]'
    )
    with pytest.raises(Faults) as caught:
        load_config(path)
    assert {fault.file for fault in caught.value.faults} == {str(path), str(profile)}


def test_profiles_are_found_by_name() -> None:
    assert "demo" in profile_names()


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [(":80", "", 80), ("localhost:80", "localhost", 80), ("[::1]:80", "::1", 80), ("[::]:0", "::", 0)],
)
def test_addresses_are_split(address: str, host: str, port: int) -> None:
    assert split_address(address) == (host, port)
