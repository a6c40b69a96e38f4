"""A small server that imitates Elasticsearch's answers about users and keys, which the minimal distribution lacks."""

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

ELASTIC_PASSWORD = 'of "elastic" \\ $HOME'
KIBANA_PASSWORD = "of 'kibana' \\n \"x\""


@dataclass
class Played:
    """The state of the imitated cluster: keys with their rights, Kibana's password, requests, secrets seen in ps."""

    port: int = 0
    keys: dict[str, Any] = field(default_factory=dict)
    kibana: str = ""
    asked: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    refuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"


class PlayedHandler(BaseHTTPRequestHandler):
    played: ClassVar[Played]

    def user(self) -> str | None:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "ApiKey":
            return value if value in self.played.keys else None
        user, _, password = base64.b64decode(value).decode().partition(":")
        passwords = {"elastic": ELASTIC_PASSWORD, "kibana_system": self.played.kibana}
        return user if password and passwords.get(user) == password else None

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = f"{self.command} {self.path.partition('?')[0]}"
        self.played.asked.append(request)
        self.played.shown += [line for line in command_lines() if ELASTIC_PASSWORD in line or KIBANA_PASSWORD in line]
        if status := self.played.refuses.get(request):
            return self.say(status, {"error": "no shard is there"})
        if (user := self.user()) is None:
            return self.say(401, {"error": "unable to authenticate"})
        return self.say(200, self.result(request, user, json.loads(body or b"null")))

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 (the standard library's names)

    def result(self, request: str, user: str, body: Any) -> Any:
        keys = self.played.keys
        if request == "GET /_security/_authenticate" and user in keys:
            return {"username": "elastic", "api_key": {"id": keys[user]["id"], "name": keys[user]["name"]}}
        if request == "POST /_security/api_key":
            made = {"id": f"id-{self.played.asked.count(request)}", "name": body["name"]}
            encoded = base64.b64encode(f"{made['id']}:secret".encode()).decode()
            keys[encoded] = made | {"rights": body["role_descriptors"]}
            return made | {"api_key": "secret", "encoded": encoded}
        if request.startswith("PUT /_security/api_key/"):
            (changed,) = (key for key in keys.values() if key["id"] == request.rpartition("/")[2])
            changed["rights"] = body["role_descriptors"]
        if request == "DELETE /_security/api_key":
            self.played.keys = {encoded: key for encoded, key in keys.items() if key["id"] not in body["ids"]}
        if request == "POST /_security/user/kibana_system/_password":
            self.played.kibana = body["password"]
        return {}

    def say(self, status: int, body: Any) -> None:
        content = json.dumps(body, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def command_lines() -> Iterator[str]:
    """The command lines of all running processes."""
    listed = subprocess.run(["ps", "-e", "-o", "args="], capture_output=True, text=True, check=True)
    yield from listed.stdout.splitlines()


@contextmanager
def playing(certificates: Path) -> Iterator[Played]:
    """The server, with the certificate in this folder."""
    played = Played()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "node.crt", certificates / "node.key")
    handler = type("Handler", (PlayedHandler,), {"played": played})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        played.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield played
        server.shutdown()
        thread.join()
