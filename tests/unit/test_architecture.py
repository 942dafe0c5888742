"""The house: which package may import which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DERIVED = {"typedyaml", "policy", "exporter.catalogue"}
MAY_IMPORT = {
    "typedyaml": set[str](),
    "policy": {"typedyaml"},
    "exporter": {"typedyaml"},
    "rules": DERIVED,
    "alertmanager": DERIVED,
    "dashboards": DERIVED,
    "gradewatch": {"typedyaml", "policy", "exporter", "rules", "alertmanager", "dashboards"},
}


def our_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in MAY_IMPORT)


def allowed(name: str, within: str, others: set[str]) -> bool:
    return any(name == other or name.startswith(f"{other}.") for other in {within, *others})


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    """A failure names the file and the import to remove."""
    files = [path for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts]
    assert files
    wrong = [
        f"{path.relative_to(ROOT)}: imports {name}"
        for path in files
        for name in our_imports(path)
        if not allowed(name, package, MAY_IMPORT[package])
    ]
    assert not wrong, "\n".join(wrong)


def test_no_file_grew_out_of_its_reason_to_exist() -> None:
    """Only the catalogue of metrics, which is data, may be longer than 500 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for package in MAY_IMPORT
        for path in (ROOT / package).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long.keys() <= {"exporter/catalogue.py"}
