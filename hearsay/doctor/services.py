"""Services: the ports, the index, the API."""

import json
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

from hearsay.config import read_settings
from hearsay.doctor.findings import Finding, ok, problem, warning
from hearsay.extras import how_to_install
from hearsay.http.listening import in_url, reached
from hearsay.terminal.commands import to_type

SECONDS: Final = 3.0
"""Time limit for a response."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port of Hearsay: the setting that names it, and how a server of Hearsay is recognised there."""

    setting: str
    what: str
    host: str
    number: int
    path: str
    sign: str


def look_at_ports() -> Iterator[Finding]:
    """Whether the ports of the API, the page and Elasticsearch are free, or what responds there."""
    for port in _ports():
        try:
            socket.create_connection((port.host, port.number), SECONDS).close()
            is_taken = True
        except OSError:
            is_taken = False
        place = f"{in_url(port.host)}:{port.number}"
        if not is_taken:
            yield ok(f"{place} is free for {port.what}")
        elif re.search(port.sign, answer(f"http://{place}{port.path}") or ""):
            yield ok(f"{place}: {port.what} answers")
        else:
            yield warning(f"{place} is in use by another program than {port.what}", f"set {port.setting}")


def _ports() -> Iterator[Port]:
    from asr.settings import AsrSettings
    from search_ui.settings import PageSettings

    api, page = read_settings(AsrSettings), read_settings(PageSettings)
    yield Port("API_PORT", "the API", reached(api.api_host), api.api_port, "/ping", "pong")
    yield Port("PAGE_PORT", "the page", reached(page.page_host), page.page_port, "/_stcore/health", "^ok$")
    elastic = os.environ.get("ES_PORT", "")
    number = int(elastic) if elastic.isdecimal() else 9200
    yield Port("ES_PORT", "Elasticsearch", "127.0.0.1", number, "/", "cluster_name|security_exception")


def answer(url: str) -> str | None:
    """The body of the response of a URL, whatever its status; None if there is no response in time."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().read(100_000).decode("utf-8", "replace")
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def look_at_index() -> Iterator[Finding]:
    """Whether the index responds, which version is served, and its size."""
    from indexer.settings import IndexSettings

    settings = read_settings(IndexSettings)
    try:
        from indexer.errors import HOW_TO_LOAD, IndexMissing
        from indexer.open import open_reader
        from indexer.query.planner import planner_of
    except ModuleNotFoundError as missing:
        yield warning(f"not checked, because {missing.name} is not installed", f"run: {how_to_install('indexer')}")
        return
    place = re.sub(r"(?<=://).*@", "", settings.index_url)
    index = open_reader(settings)
    try:
        version = index.about().version
        yield ok(f"{place}: version {version}, {index.count():,} passages")
        yield ok(f"phonetic tables learned from {planner_of(index, settings).tables().source}")
    except IndexMissing:
        yield warning(f"{place}: the index does not exist yet", HOW_TO_LOAD)
    finally:
        index.close()


def look_at_api() -> Iterator[Finding]:
    """Whether the API at ``API_URL`` responds, which the *Transcribe* page requires."""
    from search_ui.settings import PageSettings

    url = read_settings(PageSettings).api_url.rstrip("/")
    if urlsplit(url).scheme not in ("http", "https"):
        yield problem(f"API_URL is {url}, which is not an address", "set it to http://HOST:PORT")
        return
    if "pong" not in (answer(f"{url}/ping") or ""):
        yield warning(f"no response from an API at {url}; the page cannot transcribe", f"run: {to_type('api')}")
        return
    yield ok(f"{url}: {_models_of(answer(f'{url}/health'))}")


def _models_of(body: str | None) -> str:
    try:
        health: Any = json.loads(body or "")
        return f"{health['status']}, speech: {health['asr_model']}, emotion: {health['ser_model']}"
    except (ValueError, LookupError, TypeError):  # it requires a key, or is of another version
        return "answers"
