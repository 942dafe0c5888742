"""Headless Chromium: one run gives the picture and what the page says about itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboards.finding import Json

FOLDER = Path(__file__).parent
BUNDLE = FOLDER / "bundle"
UNPACKED = FOLDER.parents[1] / ".tools/chromium/bin/chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 240
"""Seconds for one run; a busy machine needs most of a minute."""
VIRTUAL_TIME = 6000
"""Milliseconds that the page believes to have had; its own checks run after 1500."""
_FACTS = re.compile(r'<script id="facts" type="application/json">(.*?)</script>', re.DOTALL)
_CONSOLE = re.compile(r"INFO:CONSOLE.*?\] (.*)")
# Chromium's own sentence about a missing file of fonts is not a fault of the page.
_HARMLESS = ("Failed to load resource", "Download the React DevTools")


class NoBrowserError(Exception):
    """Nothing to draw with, or it does not work; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page found about itself, by panel title where it applies."""

    panels: int
    expected: int
    errors: tuple[str, ...]
    nodata: tuple[str, ...]
    clipped: tuple[str, ...]
    singles: tuple[Json, ...] = field(default_factory=tuple)


def chromium() -> str:
    """The browser: GRADEWATCH_CHROMIUM, then PATH, then what setup/browser.sh has put into the checkout."""
    if path := os.environ.get("GRADEWATCH_CHROMIUM"):
        return path
    for name in NAMES:
        if path := shutil.which(name):
            return path
    if UNPACKED.exists():
        return str(UNPACKED)
    raise NoBrowserError("no Chromium on PATH: run setup/browser.sh, or set GRADEWATCH_CHROMIUM")


def bundle() -> None:
    """Make the page's script anew when its source is younger; raises NoBrowserError without the packages."""
    sources = [*FOLDER.glob("src/*"), FOLDER / "package-lock.json", FOLDER / "build.mjs"]
    made = BUNDLE / "page.js"
    if made.exists() and made.stat().st_mtime >= max(path.stat().st_mtime for path in sources):
        return
    node = shutil.which("node") or shutil.which("node", path=Path(sys.executable).parent)
    if not (FOLDER / "node_modules").exists() or not node:
        raise NoBrowserError("Node or the page's npm packages are missing: run setup/browser.sh")
    subprocess.run([node, "build.mjs"], cwd=FOLDER, check=True)


def page(data: Json) -> str:
    """The board as one HTML page with everything in it; raises NoBrowserError without the packages."""
    bundle()
    html = (BUNDLE / "page.html").read_text(encoding="utf-8")
    script = (BUNDLE / "page.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    html = html.replace('<script src="data.js"></script>', f"<script>{_script(data)}</script>")
    return html.replace('<script src="page.js"></script>', f"<script>{script}</script>")


def _script(data: Json) -> str:
    text = json.dumps(data, allow_nan=False).replace("</", "<\\/")
    return f"const BUNDLE = {text};\n"


def draw(data: Json, size: tuple[int, int], picture: Path | None = None) -> Facts:
    """Draw the page with its data, into a PNG file if wanted; raises NoBrowserError."""
    bundle()
    with tempfile.TemporaryDirectory(prefix="board-") as folder:
        page = Path(folder)
        for name in ("page.js", "page.html"):
            (page / name).symlink_to(BUNDLE / name)
        (page / "data.js").write_text(_script(data), encoding="utf-8")
        wanted = ["--dump-dom", "--enable-logging=stderr"]
        if picture:
            picture.parent.mkdir(parents=True, exist_ok=True)
            wanted.append(f"--screenshot={picture}")
        finished = _run(page, size, *wanted)
    return _facts(finished.stdout, finished.stderr)


def _run(page: Path, size: tuple[int, int], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        chromium(),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *("--allow-file-access-from-files", "--force-device-scale-factor=1", "--disable-dev-shm-usage"),
        f"--virtual-time-budget={VIRTUAL_TIME}",
        f"--user-data-dir={page / 'profile'}",
        f"--window-size={size[0]},{size[1]}",
        *arguments,
        (page / "page.html").as_uri(),
    ]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    except OSError as error:
        raise NoBrowserError(
            f"{command[0]} does not start ({error.strerror}): set GRADEWATCH_CHROMIUM to a Chromium that does"
        ) from None
    except subprocess.TimeoutExpired:
        raise NoBrowserError(f"Chromium did not finish the page within {PATIENCE} s") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()[-1:] or ["no reason given"]
        raise NoBrowserError(f"Chromium ended with code {error.returncode}: {said[0]}") from None


def _facts(dom: str, log: str) -> Facts:
    match = _FACTS.search(dom)
    if not match:
        return Facts(0, -1, (f"the page did not finish: {log[-600:]}",), (), ())
    found: dict[str, Any] = json.loads(match[1])
    spoken = [line for line in _CONSOLE.findall(log) if not any(text in line for text in _HARMLESS)]
    return Facts(
        panels=found["panels"],
        expected=found["expected"],
        errors=(*found["errors"], *spoken),
        nodata=tuple(found["nodata"]),
        clipped=tuple(found["clipped"]),
        singles=tuple(found["singles"]),
    )
