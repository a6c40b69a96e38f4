"""The Elasticsearch engine: versions are indices behind one alias, which is swapped in one step."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from indexer.documents import SCHEMA
from indexer.elastic_bulk import write
from indexer.elastic_client import connect, shown
from indexer.elastic_errors import translated
from indexer.elastic_lexicon import Fetched, fetched, index_of, keep
from indexer.elastic_query import (
    LOADED,
    SETTINGS_WHEN_LOADED,
    compiled,
    index_action,
    mapping,
    settings_while_loading,
    words_body,
)
from indexer.elastic_search import answer
from indexer.errors import IndexerError, IndexIncompatible, IndexMissing, LoadFailed
from indexer.index import About, Request, Result
from indexer.passages import Passage
from indexer.query import EVERYTHING, Query, Term
from indexer.settings import IndexSettings
from indexer.sounds.lexicon import Lexicon, Tally, heard_in, tallied
from indexer.sounds.spelling import english


class ElasticIndex:
    """A `SearchIndex` in an Elasticsearch of version 9, whose alias is the settings' ``index_name``."""

    def __init__(self, address: str, settings: IndexSettings) -> None:
        self._address = address
        self._settings = settings
        self._alias = settings.index_name
        self._checked = False
        self._fetched: Fetched | None = None

    @cached_property
    def _client(self) -> Elasticsearch:
        return connect(self._address, self._settings)

    def replace(self, passages: Iterable[Passage], audio: str | None = None) -> int:
        with self._translated():
            before = self._served()
            new = f"{self._alias}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
            shape = settings_while_loading(self._settings.index_shards)
            self._client.indices.create(index=new, mappings=mapping(audio), settings=shape)
            try:
                number = self._fill(new, passages)
                self._serve(new, before)
            except BaseException:
                self._discard(new)
                raise
            self._remove_old(new)
        return number

    def rollback(self) -> str:
        with self._translated():
            current = self._current()
            if not (before := [name for name in self._whole() if name < current]):
                raise IndexMissing(
                    f"there is no version before {current} at {shown(self._address)}; it is still served"
                )
            self._serve(before[-1], current)
            self._remove(current)
        return before[-1]

    def put(self, passages: Iterable[Passage]) -> int:
        new = {passage.id: passage for passage in passages}
        with self._translated():
            self._check()
            current = self._current()
            stale = set(self._ids_of(current, sorted({passage.clip for passage in new.values()}))) - set(new)
            actions = [*(index_action(passage, current) for passage in new.values()), *_deletions(current, stale)]
            before = fetched(self._client, current, None).lexicon
            keep(self._client, current, Lexicon.of(heard_in(new.values()), english(), before))
            self._fetched = None
            write(self._client, actions)
            self._client.indices.refresh(index=current)
        return len(new)

    def delete(self, clips: Sequence[str]) -> int:
        with self._translated():
            current = self._current()
            ids = list(self._ids_of(current, clips))
            write(self._client, _deletions(current, ids))
            self._client.indices.refresh(index=current)
        return len(ids)

    def get(self, passage_id: str) -> Passage | None:
        hits = self.search(Request(Term("id", passage_id), size=1)).hits
        return hits[0].passage if hits else None

    def search(self, request: Request) -> Result:
        with self._translated():
            self._check()
            return answer(self._client, self._alias, request)

    def vocabulary(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        after: Mapping[str, str] | None = None
        with self._translated():
            self._check()
            while True:
                words = self._client.search(index=self._alias, **words_body(after))["aggregations"]["words"]
                counts |= {bucket["key"]["word"]: bucket["doc_count"] for bucket in words["buckets"]}
                if not (after := words.get("after_key")):
                    return counts

    def lexicon(self) -> Lexicon:
        with self._translated():
            self._check()
            self._fetched = fetched(self._client, self._current(), self._fetched)
            return self._fetched.lexicon

    def count(self, query: Query = EVERYTHING) -> int:
        with self._translated():
            self._check()
            return int(self._client.count(index=self._alias, query=compiled(query))["count"])

    def about(self) -> About:
        with self._translated():
            current = self._current()
            return About(current, self._meta(current).get("audio"))

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(shown(self._address), self._alias):
            yield

    def _fill(self, index: str, passages: Iterable[Passage]) -> int:
        """Write all passages and see that they are there; returns how many."""
        tally = Tally()
        created = write(self._client, (index_action(passage, index) for passage in tallied(passages, tally)))
        keep(self._client, index, Lexicon.of(tally, english()))
        self._client.indices.put_settings(index=index, settings=SETTINGS_WHEN_LOADED)
        self._client.indices.refresh(index=index)
        if (there := self._client.count(index=index)["count"]) != created:
            raise LoadFailed(f"{created} passages were written and {there} are there; the index before still stands")
        self._client.indices.put_mapping(index=index, meta=self._meta(index) | {LOADED: True})
        return created

    def _serve(self, new: str, before: str | None) -> None:
        away = [{"remove": {"index": before, "alias": self._alias}}] if before else []
        self._client.indices.update_aliases(actions=[*away, {"add": {"index": new, "alias": self._alias}}])

    def _discard(self, half: str) -> None:
        """Remove a version that failed, unless it is served after all and only the answer was lost."""
        with suppress(IndexerError), self._translated():
            if self._served() != half:
                self._remove(half)

    def _remove_old(self, current: str) -> None:
        """Remove the versions beyond those to keep, and what killed loads left."""
        kept = self._whole()[-self._settings.index_versions :]
        for name in self._metas():
            if name < current and name not in kept:
                self._remove(name)

    def _remove(self, version: str) -> None:
        self._client.indices.delete(index=[version, index_of(version)], ignore_unavailable=True)

    def _served(self) -> str | None:
        aliased = self._client.options(ignore_status=404).indices.get_alias(name=self._alias).body
        return None if "error" in aliased else max(aliased, default=None)

    def _current(self) -> str:
        if (served := self._served()) is None:
            raise IndexMissing(
                f"there is no index {self._alias} at {shown(self._address)} yet; "
                "load your clips with: ./run.sh load FILE"
            )
        return served

    def _metas(self) -> dict[str, dict[str, Any]]:
        """What each version tells of itself, by its name."""
        found = self._client.indices.get_mapping(index=f"{self._alias}-*").body
        own = re.compile(rf"{re.escape(self._alias)}-\d{{20}}")
        return {name: found[name]["mappings"].get("_meta", {}) for name in sorted(found) if own.fullmatch(name)}

    def _whole(self) -> list[str]:
        """The versions that were loaded to their end, oldest first."""
        return [name for name, meta in self._metas().items() if meta.get(LOADED)]

    def _meta(self, index: str) -> dict[str, Any]:
        return dict(self._client.indices.get_mapping(index=index).body[index]["mappings"].get("_meta", {}))

    def _check(self) -> None:
        """Refuse, at the first question, an index that another version of Hearsay made."""
        if not self._checked and self._meta(self._current()).get("schema") != SCHEMA:
            raise IndexIncompatible(
                f"the index {self._alias} at {shown(self._address)} was made by another version of Hearsay; "
                "load your files again"
            )
        self._checked = True

    def _ids_of(self, index: str, clips: Sequence[str]) -> Iterator[str]:
        for start in range(0, len(clips), 1000):
            query = {"query": {"terms": {"clip": list(clips[start : start + 1000])}}, "_source": False}
            yield from (hit["_id"] for hit in scan(self._client, query, index=index))


def _deletions(index: str, ids: Iterable[str]) -> list[dict[str, Any]]:
    return [{"_op_type": "delete", "_index": index, "_id": passage_id} for passage_id in ids]
