"""Engines: which one an index address means. The one place where an index is made."""

import re
import shlex
from pathlib import Path

from indexer.embedded.index import EmbeddedIndex
from indexer.errors import HOW_TO_LOAD, HOW_TO_RELOAD, WrongRequest
from indexer.index import SearchIndex
from indexer.settings import IndexSettings


def open_index(settings: IndexSettings, url: str | None = None) -> SearchIndex:
    """The index at ``url``, else at the settings' own: Elasticsearch for ``http(s)://``, else a folder.

    Opens no connection and reads no file.
    """
    address = url or settings.index_url
    if is_elastic(address):
        from indexer.elastic.index import ElasticIndex

        return ElasticIndex(address, settings)
    shown = re.sub(r"(?<=://).*@|^[^/]*@", "", address)
    if "://" in address:
        raise WrongRequest(f"an index is a folder, or http(s)://host:9200; {shown} is neither")
    if re.fullmatch(r"[^/]+:\d+/?", address):
        raise WrongRequest(f"{shown} is no folder; for Elasticsearch write http://{shown} or https://{shown}")
    return EmbeddedIndex(Path(address).expanduser(), settings.index_versions)


def as_asked(problem: Exception, url: str | None) -> str:
    """What went wrong, in the words of who asked: where ``url`` came by ``--index``, advice names that."""
    if url is None:
        return str(problem)
    without_password = re.sub(r"(?<=://).*@", "", url)
    said = str(problem).replace("INDEX_URL", "--index")
    for advice in (HOW_TO_LOAD, HOW_TO_RELOAD):
        said = said.replace(advice, f"{advice} --index {shlex.quote(without_password)}")
    return said


def is_elastic(address: str) -> bool:
    """Whether the address of an index is one of Elasticsearch."""
    return re.match("https?://", address, re.IGNORECASE) is not None
