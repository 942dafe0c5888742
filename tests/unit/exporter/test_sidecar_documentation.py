"""What the pages and examples about the sidecar say is true."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import yaml

from exporter import __version__
from exporter.command import add_arguments
from exporter.config.models import Labels, Place
from exporter.config.whole import DEFAULT_LISTEN, Config, load_config
from exporter.web.config import load_web_config
from gradewatch.metrics_page import ALSO_CALLED, metrics_page

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/sidecar.md").read_text(encoding="utf-8")
OTHERS = ("queues", "probes", "people", "drift")
KEYS = PAGE + "".join((ROOT / f"docs/{name}.md").read_text(encoding="utf-8") for name in OTHERS)
NAMES = "|".join(field.name for field in dataclasses.fields(Config))
SECTIONS = rf"^\| `((?:{NAMES})\b[a-z_.<>\[\]]*)` \| ([^|]+?) \|"
"""A row of a table that tells a key: it begins with a section of the configuration."""
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
KUBERNETES = (ROOT / "deploy/kubernetes.yaml").read_text(encoding="utf-8")
PORT = int(DEFAULT_LISTEN.rpartition(":")[2])


def keys(kind: Any, before: str = "") -> dict[str, str]:
    """Every key of the configuration, as the page writes it, with its default."""
    found: dict[str, str] = {}
    for field in dataclasses.fields(kind):
        want = get_type_hints(kind)[field.name]
        name = f"{before}{field.name}"
        if get_origin(want) is dict and dataclasses.is_dataclass(get_args(want)[1]):
            found |= keys(get_args(want)[1], f"{name}.<name>.")
        elif get_origin(want) is tuple and dataclasses.is_dataclass(get_args(want)[0]):
            found |= keys(get_args(want)[0], f"{name}[].")
        elif field.default_factory is dict:
            found[name] = "`{}`"
        elif field.default_factory is not dataclasses.MISSING:
            found |= keys(want, f"{name}.")
        elif field.default is dataclasses.MISSING:
            found[name] = "required"
        else:
            found[name] = "none" if field.default is None else shown(field.default)
    return found


def shown(default: Any) -> str:
    if isinstance(default, tuple):
        return f"`{json.dumps(default)}`"
    return f"`{json.dumps(default) if isinstance(default, bool) else default}`"


def test_every_key_is_on_the_page_with_its_default() -> None:
    """Sections with pages of their own are on those; places of models are optional."""
    rows = dict(re.findall(SECTIONS, KEYS, re.M))
    model = "models.<name>."
    places = keys(Place, f"{model}log.") | {f"{model}reference.profile": "none"}
    of_place = keys(Place, f"{model}labels.")
    labels = {k: v for k, v in keys(Labels, f"{model}labels.").items() if k not in of_place}
    assert rows == keys(Config) | places | labels


def test_every_option_is_on_the_page() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = [option for action in parser._actions for option in action.option_strings if option != "-h"]
    assert not [option for option in options if not re.search(rf"`{re.escape(option)}\b", PAGE)]


def examples() -> dict[str, str]:
    blocks = [b for b in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if "databases:" in b]
    (config_map,) = [d for d in yaml.safe_load_all(KUBERNETES) if d["kind"] == "ConfigMap"]
    return {
        **{f"docs/sidecar.md, example {n}": block for n, block in enumerate(blocks, 1)},
        "deploy/sidecar.yaml": (ROOT / "deploy/sidecar.yaml").read_text(encoding="utf-8"),
        "deploy/kubernetes.yaml": config_map["data"]["sidecar.yaml"],
    }


@pytest.mark.parametrize("name", examples())
def test_a_configuration_that_is_shown_is_a_good_one(name: str, tmp_path: Path) -> None:
    path = tmp_path / "sidecar.yaml"
    path.write_text(examples()[name], encoding="utf-8")
    assert load_config(path).value.graders


def test_the_page_of_metrics_is_what_the_catalogue_says() -> None:
    """Rewrite it with `python -m gradewatch.golden`."""
    assert (ROOT / "docs/metrics.md").read_text(encoding="utf-8") == metrics_page()


def test_other_names_lead_to_metrics_that_exist() -> None:
    page = metrics_page()
    assert not [ours for ours in ALSO_CALLED.values() if ours and f"\n| `{ours}` |" not in page]


def test_the_example_names_this_release() -> None:
    assert f"gradewatch-sidecar:{__version__}" in KUBERNETES


def test_the_pod_probes_nothing_but_the_health_of_the_process() -> None:
    """A sidecar that is not ready would take the grader out of service."""
    (deployment,) = [d for d in yaml.safe_load_all(KUBERNETES) if d["kind"] == "Deployment"]
    (container,) = [
        c for c in deployment["spec"]["template"]["spec"]["containers"] if c["name"] == "gradewatch"
    ]
    assert container["livenessProbe"]["httpGet"]["path"] == "/-/healthy"
    assert not {"readinessProbe", "startupProbe"} & container.keys()
    assert container["ports"] == [{"name": "metrics", "containerPort": PORT}]


def test_the_image_agrees_with_the_program() -> None:
    assert f'"exporter.health", "127.0.0.1:{PORT}"]' in DOCKERFILE
    assert f"EXPOSE {PORT}\n" in DOCKERFILE
    assert re.search(r"^USER \d+:\d+$", DOCKERFILE, re.M)
    state = get_type_hints(Config) and Config({}).state_dir
    assert f"VOLUME {state}\n" in DOCKERFILE


def test_the_image_holds_the_packages_of_the_sidecar_and_nothing_more() -> None:
    """pyproject's runtime dependencies, the extra `sidecar`, and the faster driver for MySQL."""
    text = (ROOT / "deploy/sidecar-requirements.txt").read_text(encoding="utf-8")
    listed = {_package(line) for line in text.splitlines() if line and not line.startswith("#")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {_package(line) for line in project["dependencies"]} | {"mysqlclient"}
    (sidecar,) = extras["sidecar"]
    for extra in re.findall(r"[a-z0-9]+", sidecar.partition("[")[2]):
        wanted |= {_package(line) for line in extras[extra]}
    assert listed == wanted


def _package(requirement: str) -> str:
    return re.split(r"[<>=\[]", requirement)[0]


def test_the_image_carries_the_tested_version_of_the_faster_driver() -> None:
    """It is in no constraint of the tests, because it has no wheels: pinned where it is asked for."""
    text = (ROOT / "deploy/sidecar-requirements.txt").read_text(encoding="utf-8")
    assert re.search(r"^mysqlclient==\d+\.\d+\.\d+$", text, re.M)


UNITS = ("gradewatch-sidecar.service", "gradewatch-sidecar.socket")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """With a program that exists in place of ours, which need not be installed here."""
    for name in UNITS:
        text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/opt/gradewatch/bin/gradewatch", "/bin/true"), "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in result.stderr.splitlines() if "gradewatch" in line]
    assert (result.returncode, ours) == (0, [])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_gives_the_sidecar_no_more_rights_than_it_needs() -> None:
    """systemd's own judgement, from 0 (nothing allowed) to 100."""
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager"]
    result = subprocess.run(
        [*command, str(ROOT / "deploy" / UNITS[0])], capture_output=True, text=True, check=False
    )
    if "unrecognized option" in result.stderr:
        pytest.skip("a systemd before 250")
    assert result.returncode == 0, result.stdout


def test_the_secret_of_the_pod_is_a_good_web_configuration(tmp_path: Path) -> None:
    (secret,) = [d for d in yaml.safe_load_all(KUBERNETES) if d["kind"] == "Secret"]
    path = tmp_path / "web.yml"
    path.write_text(secret["stringData"]["web.yml"], encoding="utf-8")
    assert load_web_config(path).value.basic_auth_users


def test_the_pod_finds_what_its_arguments_name() -> None:
    documents = list(yaml.safe_load_all(KUBERNETES))
    (deployment,) = [d for d in documents if d["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = [c for c in pod["containers"] if c["name"] == "gradewatch"]
    kept = {
        "configuration": next(d["data"] for d in documents if d["kind"] == "ConfigMap"),
        "web": next(d["stringData"] for d in documents if d["kind"] == "Secret"),
    }
    mounted = {
        f"{mount['mountPath']}/{name}"
        for mount in container["volumeMounts"]
        for name in kept.get(mount["name"], ())
    }
    assert {argument for argument in container["args"] if argument.startswith("/")} == mounted
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    names = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} <= names


def test_compose_mounts_what_exists() -> None:
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]
    mounted = [volume.split(":")[0] for service in services.values() for volume in service["volumes"]]
    assert not [m for m in mounted if m.startswith(".") and not (ROOT / "deploy" / m).exists()]
    assert services["sidecar"]["read_only"] is True
