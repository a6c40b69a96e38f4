"""The lexicon of an Elasticsearch index: one document, in a small index of its own beside the version it belongs to."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Final

from elasticsearch import Elasticsearch, NotFoundError

from indexer.elastic_versions import create, index_of_words
from indexer.errors import IndexMissing
from indexer.sounds.lexicon import Lexicon
from indexer.sounds.spelling import english
from indexer.sounds.tally import Tally

_ID: Final = "lexicon"

_MAPPING: Final[dict[str, Any]] = {"dynamic": "strict", "properties": {"packed": {"type": "binary"}}}
_SETTINGS: Final = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}

SECONDS_BELIEVED: Final = 10.0
"""How long a lexicon is used before Elasticsearch is asked whether it has changed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A lexicon as it was fetched: of which version, at which change of it, and when it was last known to hold."""

    version: str
    change: int
    lexicon: Lexicon
    at: float


def keep(client: Elasticsearch, version: str, lexicon: Lexicon) -> None:
    """Store the lexicon of a new version; at most some 10 MB."""
    name = index_of_words(version)
    create(client, name, _MAPPING, _SETTINGS)
    client.index(index=name, id=_ID, document=_document(lexicon))


def add(client: Elasticsearch, version: str, tally: Tally) -> None:
    """Add words to a version's lexicon; by the one program that changes the index."""
    words = Lexicon.of(tally, english(), fetched(client, version, None).lexicon)
    client.index(index=index_of_words(version), id=_ID, document=_document(words))


def fetched(client: Elasticsearch, version: str, before: Fetched | None) -> Fetched:
    """The lexicon of a version, ``before`` again where that still holds; `IndexMissing` where there is none."""
    known = before if before and before.version == version else None
    if known and monotonic() - known.at < SECONDS_BELIEVED:
        return known
    try:
        if known and client.get(index=index_of_words(version), id=_ID, source=False)["_seq_no"] == known.change:
            return replace(known, at=monotonic())
        found = client.get(index=index_of_words(version), id=_ID)
    except NotFoundError as problem:
        raise IndexMissing(f"the words of {version} are gone; load your files again") from problem
    lexicon = Lexicon.from_bytes(b64decode(found["_source"]["packed"]))
    return Fetched(version, found["_seq_no"], lexicon, monotonic())


def _document(lexicon: Lexicon) -> dict[str, str]:
    return {"packed": b64encode(lexicon.to_bytes()).decode()}
