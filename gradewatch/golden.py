"""Documents derived from code outside generated/: `python -m gradewatch.golden` writes, a test compares."""

from __future__ import annotations

import json
from pathlib import Path

from gradewatch.metrics_page import metrics_page
from policy.model import Policy
from typedyaml.schema import json_schema

ROOT = Path(__file__).parents[1]


def documents() -> dict[str, str]:
    """Text by path below the checkout."""
    schema = json.dumps(json_schema(Policy, "gradewatch policy"), indent=2)
    return {"docs/metrics.md": metrics_page(), "policy/policy.schema.json": f"{schema}\n"}


def main() -> None:
    """Write all of them."""
    for name, text in documents().items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
