"""Probes and backups of the configuration, and what their page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.config.whole import load_config
from typedyaml.faults import Faults

PAGE = (Path(__file__).parents[3] / "docs/probes.md").read_text(encoding="utf-8")


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_config(path)
    except Faults as error:
        return [f"{fault.line}:{fault.column}: {fault.message}" for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("probe", "says"),
    [
        ("{url: 'https://h/x', status: [200, 302], body: 'a|b', ca_file: /etc/hostname}", []),
        (
            "{url: 'ftp://h/x'}",
            ['4:9: unknown scheme "ftp"; allowed: http://, https://'],
        ),
        ("{url: 'http:///x'}", ["4:9: the URL names no host"]),
        (
            "{url: 'http://u:hush@h/'}",
            ["4:9: no password in a URL: write it to a file and name that in password_file"],
        ),
        ("{url: 'http://h:99999/'}", ["4:9: a port is a number up to 65535"]),
        (
            "{url: 'http://u:hush@/'}",
            [
                "4:9: no password in a URL: write it to a file and name that in password_file",
                "4:9: the URL names no host",
            ],
        ),
        (
            "{url: 'http://h', body: 'a{99999999999}'}",
            ["4:27: not a regular expression: the repetition number is too large"],
        ),
        ("{url: 'http://h', ca_file: /etc/hostname}", ["4:30: ca_file has no effect over http://"]),
        ("{url: 'http://h', method: POST}", ['4:29: unknown value "POST"; allowed: GET, HEAD']),
        ("{url: 'http://h', status: []}", ['4:21: "status" must not be empty']),
        ("{url: 'http://h', status: [20]}", ['4:30: "20": Expected `int` >= 100']),
        ("{url: 'http://h', method: HEAD, body: x}", ["4:41: an answer to HEAD has no body; body needs GET"]),
        (
            "{url: 'http://h', body: '['}",
            ["4:27: not a regular expression: unterminated character set at position 0"],
        ),
        ("{url: 'http://h', timeout: 0s}", ["4:30: a timeout of 0s lets nobody answer"]),
        ("{url: 'http://h', timeout: 11s}", ["4:30: 11s is more than collection.timeout (10s)"]),
        (
            "{url: 'http://h', version: v}\n  b: {url: 'http://h', version: v}",
            ["5:33: another probe tells the version already; a grader has one"],
        ),
    ],
)
def test_a_probe(tmp_path: Path, probe: str, says: list[str]) -> None:
    found = faults(
        tmp_path, f"listen: [':1']\n\nprobes:\n  a: {probe}\n".replace("  a: {url", "  a: {url", 1)
    )
    assert len(found) == len(says), found
    for fault, begins in zip(found, says, strict=True):
        assert fault.split(": ", 1)[1].startswith(begins.split(": ", 1)[1])
        assert fault.split(":")[0] == begins.split(":")[0]
        assert "hush" not in fault


@pytest.mark.parametrize(
    ("backup", "says"),
    [
        ("{files: '/var/b/*.gz', min_size: 10, settled: 0s}", []),
        ("{database: d, sql: 'SELECT 1'}", []),
        ("{}", ["backups are files or rows of a database: give files, or database and sql"]),
        (
            "{files: /b/*, database: d, sql: x}",
            ["backups are files or rows of a database: give files, or database and sql"],
        ),
        ("{files: 'b/*.gz'}", ['"b/*.gz" is not an absolute path']),
        (
            "{files: '/b/*/x.gz'}",
            ["only the last part of the path may have a pattern; give each folder a set of its own"],
        ),
        ("{files: /b/}", ['a folder and a pattern, such as "/var/backups/grader/*.sql.gz"']),
        ("{database: e, sql: SELECT 1}", ['unknown database "e"; allowed: d']),
        (
            "{database: d, sql: 'DELETE FROM t WHERE a = :b'}",
            [
                "refused: a statement begins with SELECT, WITH, VALUES, TABLE, SHOW, EXPLAIN or DESCRIBE,"
                ' not with "DELETE"',
                'unknown parameter ":b"; allowed: none',
            ],
        ),
        ("{database: d}", ["a database needs sql: a SELECT of finished_at, success, size_bytes"]),
        ("{database: d, sql: SELECT 1, min_size: 3}", ["min_size has no effect on backups in a database"]),
        ("{files: /b/x, sql: x}", ["sql has no effect on backups in files"]),
    ],
)
def test_a_backup(tmp_path: Path, backup: str, says: list[str]) -> None:
    text = f"databases: {{d: {{url: 'sqlite:///srv/a.db'}}}}\nbackups:\n  nightly: {backup}\n"
    found = faults(tmp_path, text)
    assert [fault.split(": ", 1)[1] for fault in found][: len(says)] == says
    assert bool(found) == bool(says)
    assert all(fault.startswith("3:") for fault in found)


def test_the_examples_are_good(tmp_path: Path) -> None:
    text = "databases: {grader: {url: 'sqlite:///srv/grader.db'}}\n" + "".join(
        re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    )
    assert faults(tmp_path, text) == []
