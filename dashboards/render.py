"""All boards of a policy as the files that operations import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dashboards.boards.adoption import adoption
from dashboards.boards.alerting import alerting
from dashboards.boards.assignments import assignments
from dashboards.boards.database import database
from dashboards.boards.grader import grader
from dashboards.boards.model import model
from dashboards.boards.objectives import objective_board
from dashboards.boards.overview import overview
from dashboards.boards.queue import queues
from dashboards.boards.system import system
from dashboards.finalise import dump, finalise
from dashboards.palette import Json
from dashboards.shell import (
    ADOPTION,
    ALERTING,
    ASSIGNMENTS,
    DATABASE,
    GRADER,
    MODEL,
    OVERVIEW,
    QUEUE,
    SLO,
    SYSTEM,
)
from dashboards.shipping import api_payload, config_map, minified
from policy.model import Policy
from policy.rendered import Rendered
from typedyaml.load import Document

FOLDER = "grafana"
BOARDS: Mapping[str, Callable[[Policy], Any]] = {
    OVERVIEW: overview,
    GRADER: grader,
    ASSIGNMENTS: assignments,
    QUEUE: queues,
    DATABASE: database,
    SYSTEM: system,
    MODEL: model,
    SLO: objective_board,
    ALERTING: alerting,
    ADOPTION: adoption,
}
"""By uid, in the order in which a user meets them."""
PROVIDER = f"{FOLDER}/provider.yaml"
# To be copied to Grafana's provisioning/dashboards; the boards to the path in it.
_PROVIDER = """\
# Copy this file to /etc/grafana/provisioning/dashboards/ and the boards (grafana/*.json, not those in
# its folders) to the path below.
apiVersion: 1
providers:
  - name: gradewatch
    type: file
    folder: gradewatch
    folderUid: gradewatch
    allowUiUpdates: false
    disableDeletion: true
    updateIntervalSeconds: 60
    options:
      path: /var/lib/grafana/dashboards/gradewatch
"""


def documents(policy: Policy) -> dict[str, Json]:
    """Each board by its uid, as JSON data."""
    return {uid: finalise(build(policy)) for uid, build in BOARDS.items()}


def render(doc: Document[Policy]) -> Rendered:
    """Each board as a file, as a request to the API and as a ConfigMap; and the file that provisions them."""
    files = {PROVIDER: _PROVIDER}
    for uid, board in documents(doc.value).items():
        files[f"{FOLDER}/{uid}.json"] = dump(board)
        files[f"{FOLDER}/api/{uid}.json"] = minified(api_payload(board)) + "\n"
        files[f"{FOLDER}/configmaps/{uid}.json"] = dump(config_map(board))
    return Rendered(files=files)
