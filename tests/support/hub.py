"""A hub of checkpoints on this machine, which implements as much of the Hugging Face hub as a download needs."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.support.servers import ThreadedServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadedServer):
    """Serves the files of published folders, and records the requested paths."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self.gated: set[str] = set()
        self.asked: list[str] = []
        self.revision = COMMIT
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.asked.append(self.path)
                body = hub.body_of(self.path.partition("?")[0])
                self.send_response(404 if body is None else 200)
                if body is None:
                    self.send_header("X-Error-Code", hub.reason(self.path))
                self.send_header("X-Repo-Commit", hub.revision)
                self.send_header("ETag", f'"{hashlib.sha1(body or b"").hexdigest()}"')
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body or b"")

            do_HEAD = do_GET  # noqa: N815  # the name is http.server's

            def log_message(self, *args: object) -> None:
                pass

        super().__init__(Handler)

    def publish(self, name: str, folder: Path) -> None:
        self.folders[name] = folder

    def reason(self, path: str) -> str:
        if any(name in path for name in self.gated):
            return "GatedRepo"
        return "EntryNotFound" if any(name in path for name in self.folders) else "RepoNotFound"

    def body_of(self, path: str) -> bytes | None:
        for name, folder in self.folders.items():
            if path == f"/api/models/{name}":
                files = [{"rfilename": file.name} for file in folder.iterdir()]
                return json.dumps({"id": name, "sha": self.revision, "siblings": files}).encode()
            start, _, file = path.rpartition("/")
            if start in (f"/{name}/resolve/main", f"/{name}/resolve/{self.revision}") and (folder / file).is_file():
                return (folder / file).read_bytes()
        return None
