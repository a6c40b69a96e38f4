"""A proxy in front of a real Elasticsearch node: it limits the size of requests, and can answer some of them itself."""

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

REFUSED_FOR_ITS_SIZE = b"<html><head><title>413 Request Entity Too Large</title></head></html>"
OF_ELASTICSEARCH = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that the proxy sends in place of the node."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/html", "Server": "nginx"})


@dataclass
class Proxy:
    """A proxy in front of ``node``: ``limit`` is the largest accepted body, ``plays`` may answer for the node."""

    node: str
    limit: int | None = None
    plays: Callable[[str], Answer | None] = lambda _: None
    port: int = 0
    passed: list[tuple[str, int]] = field(default_factory=list)
    refused: list[tuple[str, int]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: str, size: int) -> Answer | None:
        """The proxy's own answer to a request of this size; None if the node must answer."""
        if self.limit is not None and size > self.limit:
            self.refused.append((request, size))
            return Answer(413, REFUSED_FOR_ITS_SIZE)
        self.passed.append((request, size))
        return self.plays(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # one piece per answer: a second one would wait until the first is acknowledged
    proxy: ClassVar[Proxy]

    def go(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.proxy.answer(f"{self.command} {self.path}", len(body)) or self.forwarded(body)
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = go  # noqa: N815 (the standard library's names)

    def forwarded(self, body: bytes) -> Answer:
        """The node's own answer."""
        node = http.client.HTTPConnection(urlsplit(self.proxy.node).netloc, timeout=600)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        node.request(self.command, self.path, body, headers)
        answer = node.getresponse()
        kept = {
            name: value for name, value in answer.getheaders() if name.lower() in ("content-type", "x-elastic-product")
        }
        found = Answer(answer.status, answer.read(), kept)
        node.close()
        return found

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def proxied(
    node: str, limit: int | None = None, plays: Callable[[str], Answer | None] = lambda _: None
) -> Iterator[Proxy]:
    """A running proxy in front of the node at this address."""
    proxy = Proxy(node, limit, plays)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        proxy.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
