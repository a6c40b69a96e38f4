"""The reader of an index in Elasticsearch, behind one alias."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from time import monotonic
from typing import Any, Final

from elasticsearch import Elasticsearch
from elasticsearch.helpers import ScanError, scan

from indexer.earlier_schema import adapted, adapted_query
from indexer.elastic.client import connect, shown
from indexer.elastic.errors import translated
from indexer.elastic.lexicon import Fetched, fetched
from indexer.elastic.limits import Clauses
from indexer.elastic.query import (
    compiled,
    words_body,
)
from indexer.elastic.reasons import TooManyClauses
from indexer.elastic.search import answer, drawn, every_hit
from indexer.elastic.versions import ElasticVersions, exact_count
from indexer.errors import IndexMissing, IndexUnavailable
from indexer.index import About, Request, SearchHits
from indexer.passages import Passage
from indexer.phonetics.lexicon import Lexicon
from indexer.provenance import Origin
from indexer.query_tree import EVERYTHING, Query, Term
from indexer.settings import IndexSettings

_SECONDS_CHECKED: Final = 10.0
"""How long an index is read before its version is checked again."""


class ElasticReader:
    """A `SearchReader` of Elasticsearch 9; its alias is the settings' ``index_name``."""

    def __init__(self, address: str, settings: IndexSettings) -> None:
        self._address = address
        self._settings = settings
        self._alias = settings.index_name
        self._checked: tuple[float, int] | None = None
        self._fetched: Fetched | None = None
        self._clauses = Clauses()

    @cached_property
    def _client(self) -> Elasticsearch:
        return connect(self._address, self._settings)

    @property
    def _versions(self) -> ElasticVersions:
        return ElasticVersions(self._client, self._alias, shown(self._address))

    def get(self, passage_id: str) -> Passage | None:
        hits = self.search(Request(Term("id", passage_id), size=1)).hits
        return hits[0].passage if hits else None

    def search(self, request: Request) -> SearchHits:
        with self._translated():
            return answer(self._client, self._alias, adapted(request, self._checked_schema()))

    def walk(self, request: Request) -> Iterator[Passage]:
        with self._translated():
            yield from every_hit(self._client, self._alias, adapted(request, self._checked_schema()))

    def sample(self, request: Request) -> tuple[Passage, ...]:
        with self._translated():
            return drawn(self._client, self._alias, adapted(request, self._checked_schema()))

    def vocabulary(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        after: Mapping[str, str] | None = None
        with self._translated():
            self._checked_schema()
            while True:
                found = self._client.search(index=self._alias, allow_partial_search_results=False, **words_body(after))
                words = found["aggregations"]["words"]
                counts |= {bucket["key"]["word"]: bucket["doc_count"] for bucket in words["buckets"]}
                if not (after := words.get("after_key")):
                    return counts

    def lexicon(self) -> Lexicon:
        with self._translated():
            self._checked_schema()
            known = self._words_of(self._versions.current())
            self._fetched = known
            return known.lexicon

    def _words_of(self, version: str) -> Fetched:
        try:
            return fetched(self._client, version, self._fetched)
        except IndexMissing:
            if version == (current := self._versions.current()):  # it was not removed while it was being read
                raise
            return self._words_of(current)

    def count(self, query: Query = EVERYTHING) -> int:
        with self._translated():
            return exact_count(self._client, self._alias, compiled(adapted_query(query, self._checked_schema())))

    def excess(self, query: Query) -> int:
        with self._translated():
            return self._clauses.excess(self._client, self._alias, query)

    def about(self) -> About:
        with self._translated():
            current = self._versions.current()
            about = self._versions.about(current)
            return About(current, about.get("audio"), Origin.from_json(about.get("origin")))

    def remembered(self) -> About:
        with self._translated():
            self._versions.reject_later_version()
        return self.about()

    def stored(self, clips: Collection[str]) -> Iterator[Mapping[str, Any]]:
        with self._translated():
            current = self._versions.current()
            for start in range(0, len(wanted := list(clips)), 1000):
                for hit in self._scanned(current, {"query": {"terms": {"clip": wanted[start : start + 1000]}}}):
                    yield hit["_source"]

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated(shown(self._address), self._alias):
                yield
        except TooManyClauses as problem:
            self._clauses.learn(problem.most)
            raise

    def _checked_schema(self) -> int:
        """The version of the documents, if this program can search them; it is cached for a while."""
        if self._checked is None or monotonic() - self._checked[0] > _SECONDS_CHECKED:
            self._checked = monotonic(), self._versions.readable()[1]
        return self._checked[1]

    def _scanned(self, index: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            yield from scan(self._client, query, index=index)
        except ScanError as problem:
            raise IndexUnavailable(
                f"a part of the index at {shown(self._address)} is not available yet; try again when its nodes are up"
            ) from problem
