"""What Grafana's documentation says of its folder and dashboard API, as a server. A stub is not a Grafana:

it shows that the client sends what is documented and understands the documented answers, and nothing more.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
TOKEN = "glsa_of-a-service-account"
VIEWER = "glsa_of-a-viewer"


@dataclass
class State:
    """What the stub keeps, and every writing request that it got."""

    folders: dict[str, str] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    folder_of: dict[str, str] = field(default_factory=dict)
    provisioned: set[str] = field(default_factory=set)
    writes: list[str] = field(default_factory=list)
    url: str = ""


def _handler(state: State) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, _, uid = self.path.removeprefix("/api/").rpartition("/")
            if not self._may():
                return
            if kind == "folders" and uid in state.folders:
                self._send(200, {"uid": uid, "title": state.folders[uid]})
            elif kind == "dashboards/uid" and uid in state.dashboards:
                meta = {"folderUid": state.folder_of[uid], "provisioned": uid in state.provisioned}
                self._send(200, {"dashboard": state.dashboards[uid], "meta": meta})
            else:
                self._send(404, {"message": "Not found"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self._may():
                return
            if self.headers["Authorization"] == f"Bearer {VIEWER}":
                self._send(403, {"message": "You'll need additional permissions"})
                return
            state.writes.append(self.path)
            if self.path == "/api/folders":
                state.folders[body["uid"]] = body["title"]
                self._send(200, {"uid": body["uid"], "title": body["title"]})
            else:
                self._save(body)

        def _save(self, body: Json) -> None:
            document, folder = body["dashboard"], body["folderUid"]
            uid = document["uid"]
            titles = {d["title"]: u for u, d in state.dashboards.items() if state.folder_of[u] == folder}
            if document.get("id") is not None or folder not in state.folders:
                self._send(400, {"message": "bad request data"})
            elif titles.get(document["title"], uid) != uid:
                said = "A dashboard with the same name in the folder already exists"
                self._send(412, {"status": "name-exists", "message": said})
            elif uid in state.dashboards and not body["overwrite"]:
                self._send(412, {"status": "version-mismatch", "message": "changed by someone else"})
            else:
                version = state.dashboards.get(uid, {}).get("version", 0) + 1
                state.dashboards[uid] = document | {"id": 7, "version": version}
                state.folder_of[uid] = folder
                self._send(200, {"uid": uid, "status": "success", "version": version, "url": f"/d/{uid}/x"})

        def _may(self) -> bool:
            known = self.headers["Authorization"] in (f"Bearer {TOKEN}", f"Bearer {VIEWER}")
            if not known:
                self._send(401, {"message": "Unauthorized"})
            return known

        def _send(self, status: int, content: Json) -> None:
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def grafana_stub() -> Iterator[State]:
    """The stub on a free port of the loopback."""
    state = State()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
