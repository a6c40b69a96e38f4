"""Opens an index: the only place that decides which engine an address means."""

import re
import shlex
from pathlib import Path

from hearsay.config import DEMO_INDEX, demo_folder, from_here
from indexer.embedded.reader import EmbeddedReader
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import HOW_TO_LOAD, HOW_TO_RELOAD, IndexMissing, WrongRequest
from indexer.index import SearchReader, SearchWriter
from indexer.settings import IndexSettings, is_elastic


def open_reader(settings: IndexSettings) -> SearchReader:
    """The reader of the index in the settings.

    ``http(s)://`` means Elasticsearch, anything else a folder. Opens no connection and reads no file; raises
    `WrongRequest` for an address that is neither.
    """
    address = settings.index_url
    if is_elastic(address):
        from indexer.elastic.reader import ElasticReader

        return ElasticReader(address, settings)
    return EmbeddedReader(_folder(address))


def open_writer(settings: IndexSettings, url: str | None = None) -> SearchWriter:
    """The writer of the index at ``url``, by default that of the settings. It also reads; see `open_reader`."""
    address = url or settings.index_url
    if is_elastic(address):
        from indexer.elastic.writer import ElasticWriter

        return ElasticWriter(address, settings)
    return EmbeddedWriter(_folder(address), settings.index_versions)


def _folder(address: str) -> Path:
    shown = re.sub(r"(?<=://).*@|^[^/]*@", "", address)
    if "://" in address:
        raise WrongRequest(f"an index is a folder or http(s)://host:9200; {shown} is neither")
    if re.fullmatch(r"[^/]+:\d+/?", address):
        raise WrongRequest(f"{shown} is not a folder; for Elasticsearch write http://{shown} or https://{shown}")
    return Path(address).expanduser()


def named_as_typed(problem: Exception, url: str | None) -> str:
    """The error's message; if the index was named by ``--index``, its advice names that option instead of INDEX_URL.

    If no index was named and nothing is loaded, the message names the index of the demo, if there is one.
    """
    if url is None:
        if isinstance(problem, IndexMissing) and (demo := demo_folder() / DEMO_INDEX).is_dir():
            return f"{problem}; the demo's index is searched with --index {shlex.quote(from_here(demo))}"
        return str(problem)
    without_password = re.sub(r"(?<=://).*@", "", url)
    sentence = str(problem).replace("INDEX_URL", "--index")
    for advice in (HOW_TO_LOAD, HOW_TO_RELOAD):
        sentence = sentence.replace(advice, f"{advice} --index {shlex.quote(without_password)}")
    return sentence
