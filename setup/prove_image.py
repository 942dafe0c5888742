#!/usr/bin/env python3
"""Carries out the Dockerfile without a container engine: each stage in a clean Debian root of its own.

    sudo setup/prove_image.py FOLDER        (about 1 GB; `debootstrap` must be installed)

FROM makes a root with debootstrap, RUN is executed in it with chroot, COPY copies, USER and ENV hold for what
follows. At the end the health check and the entry point run as the image's user, from a read-only root where
this machine allows that.
Only the instructions that our Dockerfile uses are understood; any other one is refused.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MIRROR = os.environ.get("GRADEWATCH_MIRROR", "http://deb.debian.org/debian")
PASSED_ON = ("PIP_INDEX_URL", "PIP_CERT", "http_proxy", "https_proxy")
"""What of our environment a machine without direct access needs in the root as well."""
DRIVERS = "MySQLdb, pymysql, psycopg, redis, requests, bcrypt, numpy"
WEB = """\
basic_auth_users: {prometheus: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG}
"""
CONFIGURATION = """\
listen: ["127.0.0.1:{port}"]
databases: {{grader: {{url: "sqlite:////srv/grader.db"}}}}
"""


def main(folder: Path) -> None:
    """Build every stage and try the last one."""
    folder.mkdir(parents=True, exist_ok=True)
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for keyword, rest in instructions((PROJECT / "Dockerfile").read_text(encoding="utf-8")):
        print(f"-- {keyword} {rest.splitlines()[0]}", flush=True)
        if keyword == "FROM":
            image, _, name = rest.partition(" AS ")
            stage = Stage(folder / (name or "final"), base(image, folder))
            stages[name] = stage
        else:
            assert stage
            stage.do(keyword, rest, stages)
    assert stage
    stage.prove()


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Keyword and rest of each instruction, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in re.sub(r"\\\n", "", "\n".join(lines)).splitlines():
        if line.strip():
            keyword, _, rest = line.partition(" ")
            yield keyword, rest.strip()


def base(image: str, folder: Path) -> Path:
    """A minimal root of the Debian release that `image` names; made once."""
    release = re.fullmatch(r"debian:(\w+)-slim", image)
    assert release, f"{image} is not a Debian image"
    root = folder / release[1]
    if not (root / "etc/debian_version").exists():
        subprocess.run(["debootstrap", "--variant=minbase", release[1], str(root), MIRROR], check=True)
    return root


class Stage:
    """A root directory and what instructions said about it."""

    def __init__(self, root: Path, origin: Path) -> None:
        self.root = root
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        self.directory = "/"
        self.user: tuple[int, int] | None = None
        self.command: dict[str, list[str]] = {}
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "--archive", str(origin), str(root)], check=True)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")

    def do(self, keyword: str, rest: str, stages: dict[str, Stage]) -> None:
        """Carry out one instruction."""
        if keyword == "RUN":
            self.run(["/bin/sh", "-c", rest], lent=True)
        elif keyword == "COPY":
            self.copy(shlex.split(rest), stages)
        elif keyword == "ENV":
            self.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif keyword == "WORKDIR":
            self.directory = rest
            self.inside(rest).mkdir(parents=True, exist_ok=True)
        elif keyword == "USER":
            user, group = map(int, rest.split(":"))
            self.user = (user, group)
        elif keyword in ("ENTRYPOINT", "CMD"):
            self.command[keyword] = json.loads(rest)
        elif keyword == "HEALTHCHECK":
            self.command[keyword] = json.loads(rest.partition("CMD")[2])
        elif keyword not in ("EXPOSE", "VOLUME"):
            raise SystemExit(f"{keyword} is not understood")

    def inside(self, path: str) -> Path:
        """Where a path of the image is on this machine."""
        return self.root / path.lstrip("/")

    def copy(self, words: list[str], stages: dict[str, Stage]) -> None:
        """COPY, from the project or from another stage."""
        origin = PROJECT
        if words[0].startswith("--from="):
            origin = stages[words.pop(0).removeprefix("--from=")].root
        *sources, target = words
        goal = self.inside(os.path.join(self.directory, target))
        for source in sources:
            path = origin / source.lstrip("/")
            if path.is_dir():
                shutil.copytree(
                    path,
                    goal,
                    symlinks=True,
                    ignore=shutil.ignore_patterns("__pycache__") if origin == PROJECT else None,
                )
            else:
                goal.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, goal)

    def start(self, command: list[str], quiet: bool = False, **environment: str) -> subprocess.Popen[str]:
        """Start a command in the root, as the user that the image has by now."""

        def enter() -> None:
            os.chroot(self.root)
            os.chdir(self.directory)
            if self.user:
                os.setgroups([])
                os.setgid(self.user[1])
                os.setuid(self.user[0])

        sink = subprocess.DEVNULL if quiet else None
        env = self.env | environment
        return subprocess.Popen(command, env=env, stderr=sink, preexec_fn=enter, text=True)  # noqa: PLW1509

    def run(self, command: list[str], lent: bool = False) -> None:
        """Run to the end; `lent`: with the network settings of this machine."""
        more = {name: os.environ[name] for name in PASSED_ON if lent and name in os.environ}
        if certificate := more.get("PIP_CERT"):
            goal = self.inside(certificate)
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(certificate, goal)
        if code := self.start(command, False, **more).wait():
            raise SystemExit(f"exit code {code}: {shlex.join(command)}")

    def prove(self) -> None:
        """It serves, the health check agrees, nothing was compiled on the way, and it ends well."""
        port = int(self.command["HEALTHCHECK"][-1].rpartition(":")[2])
        config = self.inside("/etc/gradewatch/sidecar.yaml")
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(CONFIGURATION.format(port=port), encoding="utf-8")
        web = self.inside("/etc/gradewatch/web.yml")
        web.write_text(WEB, encoding="utf-8")
        before = set(self.inside("/opt").rglob("*"))
        command = [
            *self.command["ENTRYPOINT"],
            *self.command["CMD"],
            "--web.config.file",
            "/etc/gradewatch/web.yml",
        ]
        self.run([self.command["ENTRYPOINT"][0], "-c", f"import {DRIVERS}"])
        self.run([*command, "--check-config"])
        with read_only(self.root, self.inside("/var/lib/gradewatch"), self.user) as mounted:
            self.serve(command)
        written = set(self.inside("/opt").rglob("*")) - before
        if written:
            raise SystemExit(f"the image wrote {sorted(map(str, written))}")
        size = subprocess.run(
            ["du", "-sm", str(self.inside("/opt"))], capture_output=True, text=True, check=True
        )
        print(f"the image serves, {mounted}; /opt is {size.stdout.split()[0]} MB")

    def serve(self, command: list[str]) -> None:
        """Start, wait for the health check, end."""
        started = time.monotonic()
        process = self.start(command)
        while self.start(self.command["HEALTHCHECK"], quiet=True).wait():
            if process.poll() is not None or time.monotonic() - started > 20:
                raise SystemExit("the image does not serve")
            time.sleep(0.1)
        process.terminate()
        if code := process.wait(30):
            raise SystemExit(f"the image ended with exit code {code}")


@contextmanager
def read_only(root: Path, state: Path, user: tuple[int, int] | None) -> Iterator[str]:
    """The root without a place to write, but for the state's volume; yields how far that went."""
    owner, group = user or (0, 0)
    mounts = [
        (["mount", "--bind", root, root], root),
        (["mount", "-o", "remount,bind,ro", root], None),
        (
            ["mount", "-t", "tmpfs", "-o", f"uid={owner},gid={group},mode=0750,size=16m", "tmpfs", state],
            state,
        ),
    ]
    made: list[Path] = []
    try:
        for command, place in mounts:
            if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode:
                break
            made += [place] if place else []
        yield (
            "from a read-only root" if len(made) == 2 else "not from a read-only root: no right to mount here"
        )
    finally:
        for place in reversed(made):
            subprocess.run(["umount", place], check=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or os.geteuid():
        sys.exit("usage, as root: setup/prove_image.py FOLDER")
    main(Path(sys.argv[1]).resolve())
