"""The message templates, shipped as one file; Alertmanager finds them by the names that receivers.py uses."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "templates"
PARTS = ("common", "email", "chat")
OUTPUT = "templates/gradewatch.tmpl"


def text() -> str:
    """All templates; without the comment of each part, which is for who edits them here."""
    return "\n".join((FOLDER / f"{part}.tmpl").read_text(encoding="utf-8").strip() for part in PARTS) + "\n"
