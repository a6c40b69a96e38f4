"""The lexicon of an Elasticsearch index, in its own small index beside its version.

It is one document. If it is too large for one request, it names other documents with its parts. They are stored before
it under unique names, so that a reader finds either all of them or a newer lexicon.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Final
from uuid import uuid4

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from indexer.elastic.errors import found_or_error
from indexer.elastic.limits import size_is_refused
from indexer.elastic.versions import create, index_of_words
from indexer.errors import IndexMissing
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.word_counts import WordCounter

_ID: Final = "lexicon"

_PROPERTIES: Final[dict[str, Any]] = {"packed": {"type": "binary"}, "parts": {"type": "keyword", "index": False}}
_MAPPING: Final[dict[str, Any]] = {"dynamic": "strict", "properties": _PROPERTIES}
_SETTINGS: Final = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}

_SMALLEST_PART: Final = 1000
"""If not even this many characters fit into a request, the error is raised."""

CACHE_SECONDS: Final = 10.0
"""How long a lexicon is used before Elasticsearch is asked whether it has changed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetched lexicon: its version, the number of its latest change, and when it was last known to be current."""

    version: str
    change: int
    lexicon: Lexicon
    at: float


def keep(client: Elasticsearch, version: str, lexicon: Lexicon) -> None:
    """Store the lexicon of a new version; at most about 10 MB."""
    create(client, index_of_words(version), _MAPPING, _SETTINGS)
    _store(client, version, lexicon)


def add(client: Elasticsearch, version: str, counter: WordCounter) -> None:
    """Add words to a version's lexicon; only for the program that holds the lease."""
    index = index_of_words(version)
    before = found_or_error(lambda: client.get(index=index, id=_ID, source_includes="parts"))
    words = Lexicon.of(counter, english(), fetched(client, version, None).lexicon)
    _store(client, version, words)
    for part in before.get("_source", {}).get("parts", ()):
        client.options(ignore_status=404).delete(index=index, id=part)


def _store(client: Elasticsearch, version: str, lexicon: Lexicon) -> None:
    index, packed = index_of_words(version), b64encode(lexicon.to_bytes()).decode()
    try:
        client.index(index=index, id=_ID, document={"packed": packed})
    except ApiError as problem:
        if not size_is_refused(problem):
            raise
        client.indices.put_mapping(index=index, properties=_PROPERTIES)  # an older Hearsay created it without parts
        parts = _store_parts(client, index, packed)
        client.index(index=index, id=_ID, document={"packed": "", "parts": parts})


def _store_parts(client: Elasticsearch, index: str, packed: str) -> list[str]:
    """Store the lexicon in parts that fit into a request; returns their names."""
    size = len(packed) // 2
    while True:
        name = uuid4().hex
        parts = {f"{name}-{start}": packed[start : start + size] for start in range(0, len(packed), size)}
        try:
            for part, content in parts.items():
                client.index(index=index, id=part, document={"packed": content})
        except ApiError as problem:
            if not size_is_refused(problem) or size < _SMALLEST_PART:
                raise
            size //= 2
        else:
            return list(parts)


def fetched(client: Elasticsearch, version: str, before: Fetched | None) -> Fetched:
    """The lexicon of a version, ``before`` if it is still current; raises `IndexMissing` if there is none."""
    known = before if before and before.version == version else None
    if known and monotonic() - known.at < CACHE_SECONDS:
        return known
    index = index_of_words(version)
    try:
        if known and client.get(index=index, id=_ID, source=False)["_seq_no"] == known.change:
            return replace(known, at=monotonic())
        change, packed = _stored(client, index)
    except NotFoundError as problem:
        raise IndexMissing(f"the lexicon of {version} is missing; load your files again") from problem
    return Fetched(version, change, Lexicon.from_bytes(b64decode(packed)), monotonic())


def _stored(client: Elasticsearch, index: str) -> tuple[int, str]:
    """The number of the latest change, and the packed lexicon, joined from its parts if it has any."""
    found = client.get(index=index, id=_ID)
    document, change = found["_source"], found["_seq_no"]
    try:
        parts = [client.get(index=index, id=part)["_source"]["packed"] for part in document.get("parts", ())]
    except NotFoundError:
        if client.get(index=index, id=_ID, source=False)["_seq_no"] == change:
            raise
        return _stored(client, index)  # replaced by a newer lexicon in the meantime
    return change, "".join((document["packed"], *parts))
