"""The version is defined once, and everything that shows a version shows it."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from asr.api.app import create_app
from asr.pipeline.remote import open_remote_pipeline
from asr.settings import AsrSettings
from hearsay.errors import HearsayError
from hearsay.http.retry import RetryPolicy
from hearsay.version import USER_AGENT, VERSION
from indexer.open import open_writer
from indexer.settings import IndexSettings
from search_ui.transcribe.api_client import PageApiClient
from tests.conftest import PROJECT


def test_the_newest_release_in_the_changelog_is_this_version():
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])
    assert headings[1].startswith(f"{VERSION} - ")


def test_the_changelog_has_only_sections_of_keep_a_changelog():
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_version_is_written_in_one_place():
    assert f'"{VERSION}"' not in (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"hearsay/{VERSION}" == USER_AGENT


def test_the_openapi_document_has_the_version():
    assert create_app(AsrSettings()).openapi()["info"]["version"] == VERSION


@pytest.mark.parametrize("program", ["hearsay", "asr", "indexer", "search_ui"])
def test_every_program_shows_the_version(program: str):
    command = [sys.executable, "-m", program, "--version"]
    shown = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert shown.stdout == f"hearsay {VERSION}\n"


class Recorder(BaseHTTPRequestHandler):
    """Rejects every request and records its user agent."""

    agents: set[str]

    def do_GET(self) -> None:
        self.agents.add(self.headers["User-Agent"])
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the name is http.server's


@pytest.fixture
def recorder() -> Iterator[tuple[str, set[str]]]:
    """The address of a server, and the user agents of all requests to it so far."""
    handler = type("Handler", (Recorder,), {"agents": set()})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler.agents
        server.shutdown()
        thread.join()


def ask_as_decode(address: str) -> None:
    open_remote_pipeline(address, AsrSettings(), print, RetryPolicy(0))


def ask_as_the_page(address: str) -> None:
    PageApiClient(address, "", 60).is_ready()


def ask_as_the_indexer(address: str) -> None:
    open_writer(IndexSettings(), address).about()


@pytest.mark.parametrize("ask", [ask_as_decode, ask_as_the_page, ask_as_the_indexer])
def test_every_client_sends_the_user_agent(ask, recorder: tuple[str, set[str]]):  # noqa: ANN001
    address, agents = recorder
    with suppress(HearsayError):
        ask(address)
    assert agents == {USER_AGENT}
