"""Engines: which one an index address means. The one place where an index is made."""

import re
from pathlib import Path

from indexer.embedded import EmbeddedIndex
from indexer.errors import WrongRequest
from indexer.index import SearchIndex
from indexer.settings import IndexSettings


def open_index(settings: IndexSettings, url: str | None = None) -> SearchIndex:
    """The index at ``url``, else at the settings' own: Elasticsearch for ``http(s)://``, else a folder.

    Opens no connection and reads no file.
    """
    address = url or settings.index_url
    if address.startswith(("http://", "https://")):
        from indexer.elastic import ElasticIndex

        return ElasticIndex(address, settings)
    if "://" in address:
        shown = re.sub(r"://.*@", "://", address)
        raise WrongRequest(f"an index is a folder, or http(s)://host:9200; {shown} is neither")
    return EmbeddedIndex(Path(address).expanduser(), settings.index_versions)
