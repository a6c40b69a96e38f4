"""The writer of an index in Elasticsearch: versions are indices behind one alias, which is swapped in one step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import Any, Final

from elasticsearch import ConnectionTimeout

from hearsay.text.format import counted
from indexer.documents import DocumentOf, document_of
from indexer.elastic.bulk import Refusals, write
from indexer.elastic.client import shown
from indexer.elastic.lease import Lease, held
from indexer.elastic.lexicon import add, keep
from indexer.elastic.limits import in_parts
from indexer.elastic.query import (
    SETTINGS_WHEN_LOADED,
    index_action,
    mapping,
    settings_while_loading,
)
from indexer.elastic.reader import ElasticReader
from indexer.elastic.verification import Sample
from indexer.elastic.versions import ElasticVersions, exact_count
from indexer.errors import IndexerError, LoadFailed
from indexer.index import RolledBack
from indexer.passages import Passage
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.word_counts import WordCounter, count_words, counted_documents
from indexer.provenance import Origin, SourceFile
from indexer.settings import IndexSettings

_SECONDS_TO_FORGET: Final = 75.0
"""Timeout of waiting for replicas: a little more than twice as long as they take normally."""

_SECONDS_TO_MERGE: Final = 600
"""Timeout of waiting for a merge, which continues in the background if it takes longer."""

_BRIEFLY: Final[Mapping[str, Any]] = {"request_timeout": 5, "max_retries": 1}
"""Options for a cluster that may not respond, if the next load would also clean up."""

_BEFORE_STANDS: Final = "the previous index is still served"


def _after_changes(acknowledged: int) -> str:
    made = f"{counted(acknowledged, 'other change')} {'was' if acknowledged == 1 else 'were'} made"
    return f"{made if acknowledged else 'no other change was made'}, and the command can be repeated"


class ElasticWriter(ElasticReader):
    """A `SearchWriter` of Elasticsearch; a lease lets one program at a time change the index."""

    def __init__(self, address: str, settings: IndexSettings, document_of: DocumentOf = document_of) -> None:
        """``document_of`` makes the indexed document of a passage."""
        super().__init__(address, settings)
        self._document_of = document_of

    def replace(self, passages: Iterable[Passage], audio: str | None = None, origin: Origin | None = None) -> int:
        with self._changing("load") as lease:
            if before := self._versions.served():
                self._versions.serve(before)  # changes nothing, but fails now if the later swap would
            new = self._versions.new_name()
            try:
                self._versions.create(new, mapping(audio, origin), settings_while_loading(self._settings.index_shards))
                number = self._fill(new, lease.while_held(passages))
                lease.check()
                self._versions.serve(new)
            except BaseException:
                # Remove a failed version, unless it is served after all and only the response was lost.
                versions = ElasticVersions(self._client.options(**_BRIEFLY), self._alias, shown(self._address))
                with suppress(IndexerError), self._translated():
                    if not versions.is_served(new):
                        versions.remove(new)
                raise
            with suppress(IndexerError), self._translated():  # what cannot be removed now is removed by the next load
                self._versions.remove_old(before, new, self._settings.index_versions)
        return number

    def rollback(self, deleted: Sequence[str] = ()) -> RolledBack:
        with self._changing("rollback") as lease:
            current = self._versions.current()
            before = self._versions.before(current)
            number = self._delete_from(before, deleted)
            lease.check()
            self._versions.serve(before)
            self._versions.remove(current)
        return RolledBack(before, number)

    def put(self, passages: Iterable[Passage], files: Sequence[SourceFile] = ()) -> int:
        new = {passage.id: passage for passage in passages}
        with self._changing("put") as lease:
            current = self._versions.writable()
            stale = set(self._ids_of(current, sorted({passage.clip for passage in new.values()}))) - set(new)
            self._versions.note_put(current, files, {passage.clip for passage in new.values()})
            add(self._client, current, count_words(new.values()))
            self._fetched = None
            coming = (index_action(self._document_of(passage), current) for passage in new.values())
            self._change(current, lease.while_held([*coming, *_deletions(current, stale)]))
        return len(new)

    def delete(self, clips: Sequence[str]) -> int:
        with self._changing("deletion"):
            return self._delete_from(self._versions.writable(), clips)

    @contextmanager
    def _changing(self, what: str) -> Iterator[Lease]:
        """Hold the lease while this program changes the index."""
        address = shown(self._address)
        with self._translated(), held(self._client, self._alias, address, what) as lease:
            yield lease

    def _fill(self, index: str, passages: Iterable[Passage]) -> int:
        """Write all passages and verify them; returns their number."""
        counter, sample, refusals = WordCounter(), Sample(), Refusals(self._settings.rejected_passages)
        documents = counted_documents(map(self._document_of, passages), counter)
        actions = sample.of(index_action(document, index) for document in documents)
        written = write(self._client, actions, refusals, lambda _: _BEFORE_STANDS)
        with ThreadPoolExecutor(1) as beside:
            words = beside.submit(Lexicon.of, counter, english())
            self._client.indices.put_settings(index=index, settings=SETTINGS_WHEN_LOADED)
            self._client.indices.refresh(index=index)
        lexicon = words.result()
        there = exact_count(self._client, index)
        if not written.created <= there <= written.acknowledged:
            raise LoadFailed(f"{written.created} passages were written and {there} are there; {_BEFORE_STANDS}")
        self._forget_what_was_written_twice(index)
        if there < written.acknowledged:
            here = (Passage.from_source(hit["_source"]) for hit in self._scanned(index, {}))
            lexicon = Lexicon.of(count_words(here), english())  # of the documents as they are now
        keep(self._client, index, lexicon)
        sample.check(self._client, index)
        self._versions.mark_whole(index)
        return there

    def _forget_what_was_written_twice(self, index: str) -> None:
        """Remove documents that were written twice, because their first version would count in the statistics of
        scores.

        A shard keeps it until its replicas have reported their progress, which they do every half minute.
        """
        patient = self._client.options(request_timeout=_SECONDS_TO_MERGE, retry_on_timeout=False)
        end = monotonic() + _SECONDS_TO_FORGET
        while self._deleted(index):
            with suppress(ConnectionTimeout):
                patient.indices.forcemerge(index=index, only_expunge_deletes=True)
            self._client.indices.refresh(index=index)
            if monotonic() > end:
                return  # scores are slightly off until the cluster merges by itself
            sleep(1)

    def _deleted(self, index: str) -> int:
        """The number of deleted documents that still exist; shards that have not started report none."""
        totals = self._client.indices.stats(index=index, metric="docs")["_all"]["total"]
        return int(totals.get("docs", {}).get("deleted", 0))

    def _change(self, version: str, actions: Iterable[dict[str, Any]]) -> None:
        try:
            write(self._client, actions, Refusals(self._settings.rejected_passages), _after_changes)
        finally:  # accepted changes become visible, even if others were rejected
            self._client.indices.refresh(index=version)

    def _delete_from(self, version: str, clips: Sequence[str]) -> int:
        """Delete all passages of clips from one version; returns their number."""
        ids = list(self._ids_of(version, clips))
        self._change(version, _deletions(version, ids))
        return len(ids)

    def _ids_of(self, index: str, clips: Sequence[str]) -> Iterator[str]:
        def ids(some: Sequence[str]) -> list[str]:
            query = {"query": {"terms": {"clip": list(some)}}, "_source": False}
            return [hit["_id"] for hit in self._scanned(index, query)]

        for start in range(0, len(clips), 1000):
            yield from in_parts(clips[start : start + 1000], ids)


def _deletions(index: str, ids: Iterable[str]) -> list[dict[str, Any]]:
    return [{"_op_type": "delete", "_index": index, "_id": passage_id} for passage_id in ids]
