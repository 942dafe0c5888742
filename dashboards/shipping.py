"""One board in the forms in which it travels: as a file, as a request to Grafana, as a Kubernetes object."""

from __future__ import annotations

import json

from dashboards.palette import Json

FOLDER_UID = "gradewatch"
FOLDER_TITLE = "gradewatch"
MESSAGE = "built by gradewatch"


def api_payload(document: Json, folder_uid: str = FOLDER_UID) -> Json:
    """The body of `POST /api/dashboards/db`; `overwrite`, so that the uid decides what is replaced."""
    return {"dashboard": document, "folderUid": folder_uid, "message": MESSAGE, "overwrite": True}


def config_map(document: Json) -> Json:
    """A ConfigMap for the sidecar that looks for `grafana_dashboard: "1"`; JSON is YAML, too.

    Minified: `kubectl apply` keeps a copy in an annotation of at most 262,144 bytes.
    """
    uid = str(document["uid"])
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": uid,
            "labels": {"grafana_dashboard": "1", "app.kubernetes.io/part-of": "gradewatch"},
            "annotations": {"grafana_folder": FOLDER_TITLE},
        },
        "data": {f"{uid}.json": minified(document)},
    }


def minified(document: Json) -> str:
    """The document on one line, keys in order."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
