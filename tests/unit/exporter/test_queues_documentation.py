"""The examples of docs/queues.md are good configurations, and its table has every kind."""

from __future__ import annotations

import re
from pathlib import Path

from exporter.config.queues import OPTIONS
from exporter.config.whole import load_config

PAGE = (Path(__file__).parents[3] / "docs/queues.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)


def test_the_examples_are_good(tmp_path: Path) -> None:
    first, sentinels, examples = BLOCKS
    for name in ("redis", "rabbit", "ca.pem"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    first = re.sub(r"(/run/secrets|/etc/ssl)", str(tmp_path), first)
    text = f"databases: {{grader: {{url: 'sqlite:///srv/grader.db'}}}}\n{first}"
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    assert len(load_config(path).value.queues) == 2
    assert load_config(_written(path, sentinels)).value.brokers["jobs"].sentinel is not None
    path.write_text(text.partition("queues:")[0] + examples, encoding="utf-8")
    assert len(load_config(path).value.queues) == 11


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_every_kind_is_in_the_table() -> None:
    assert set(re.findall(r"^\| \*\*(\w+)\*\* \|", PAGE, re.M)) == OPTIONS.keys() - {"sql"}
