"""Whatever is in a configuration file, it loads or every fault is a sentence with its place: no crash."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config.whole import load_config
from exporter.web.config import load_web_config
from typedyaml.faults import Fault, Faults

ROOT = Path(__file__).parents[4]
LOADERS = {"sidecar": load_config, "web": load_web_config}
WORDS = sorted(
    set(
        re.findall(
            r"[A-Za-z_]\w+",
            " ".join(
                path.read_text(encoding="utf-8")
                for folder in ("exporter/config", "exporter/web")
                for path in sorted((ROOT / folder).glob("*.py"))
            ),
        )
    )
)
"""Every key of either file is among the words of the modules that read them."""
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=8)
    | st.sampled_from(
        [*WORDS, "5s", "0s", "127.0.0.1:0", "sqlite:////x", "postgresql://u:p@h:99999/x", "/x", ""]
    )
)
KEYS = st.sampled_from(WORDS) | st.text(string.printable, max_size=5) | st.integers()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
FILES = {
    "sidecar": st.fixed_dictionaries(
        {},
        optional={
            "databases": VALUES | st.dictionaries(st.sampled_from(["a", "b", "A"]), VALUES, max_size=3),
            "graders": VALUES | st.lists(VALUES, max_size=2),
            "listen": VALUES,
            "state_dir": VALUES,
            "collection": VALUES,
            "other": VALUES,
        },
    ),
    "web": st.fixed_dictionaries(
        {},
        optional={
            "tls_server_config": VALUES,
            "http_server_config": VALUES,
            "basic_auth_users": VALUES,
            "rate_limit": VALUES,
            "other": VALUES,
        },
    ),
}


def check(kind: str, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    lines = data.decode("utf-8", "replace").count("\n") + 2
    for fault in faults(kind, path):
        assert fault.line >= 1
        assert fault.column >= 1
        assert fault.line <= lines or fault.file != str(path)
        assert fault.message.strip()


def faults(kind: str, path: Path) -> tuple[Fault, ...]:
    """What is wrong with a file; none when it loads."""
    try:
        LOADERS[kind](path)
    except Faults as error:
        return error.faults or (Fault(str(path), 0, 0, "refused without a fault"),)
    return ()


COMMON = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("kind", LOADERS)
def test_any_value_in_any_place_is_told_with_its_line(tmp_path: Path, kind: str) -> None:
    @COMMON
    @given(FILES[kind])
    def run(value: Any) -> None:
        text = yaml.safe_dump(value, allow_unicode=True)
        check(kind, tmp_path / "x.yaml", text.encode("utf-8", "surrogatepass"))

    run()


@pytest.mark.parametrize("kind", LOADERS)
def test_a_good_file_that_was_damaged_is_told_with_its_line(tmp_path: Path, kind: str) -> None:
    """Bytes of a file that loads, replaced, left out and doubled."""
    page = (ROOT / "docs/sidecar.md").read_text(encoding="utf-8")
    wanted = {"sidecar": "graders:", "web": "tls_server_config:"}[kind]
    good = next(b for b in re.findall(r"```yaml\n(.*?)```", page, re.S) if wanted in b).encode()
    places = st.integers(0, len(good))

    @COMMON
    @given(
        places,
        places,
        st.binary(max_size=6) | st.sampled_from([b"&a", b"*a", b"!!python/x", b"\t", b"? ", b"<<: "]),
    )
    def run(start: int, end: int, put: bytes) -> None:
        check(kind, tmp_path / "x.yaml", good[:start] + put + good[max(start, min(end, start + 9)) :])

    run()


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"\0",
        b"---\n---\n",
        b"- a\n- b\n",
        b"just text",
        b"a: &a [*a]\n",
        b"a: &a {b: *a}\n",
        b"? {a: b}\n: c\n",
        b"? [a]\n: c\n",
        b"<<: {databases: {}}\n",
        b"databases: !!binary aGVsbG8=\n",
        b"databases: !!set {a, b}\n",
        b"databases: 2026-02-31\n",
        b"a: " + b"[" * 500 + b"]" * 500,
        b"x: &x [1,1,1,1,1,1,1,1]\ny: &y [*x,*x,*x,*x,*x,*x,*x,*x]\nz: &z [*y,*y,*y,*y,*y,*y,*y,*y]\n"
        b"databases: {a: *z}\nother: [*z,*z,*z,*z]\n",
    ],
)
def test_yaml_with_a_trick_in_it_is_told_too(tmp_path: Path, kind: str, data: bytes) -> None:
    check(kind, tmp_path / "x.yaml", data)
