"""The writer of an index in a folder, by tantivy."""

import errno
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from tantivy import Index, IndexWriter, Query, Searcher

from hearsay.records.files import replaced_whole
from indexer import documents
from indexer.documents import DocumentOf
from indexer.embedded.checksums import checksum, signed
from indexer.embedded.external_sort import AscendingPrefix, sorted_by_id
from indexer.embedded.folder_errors import cannot_be_written
from indexer.embedded.opened_version import Opened, damage_named, lexicon_of
from indexer.embedded.query import SCHEMA, passage_of
from indexer.embedded.ranks import ranks_between
from indexer.embedded.reader import EmbeddedReader
from indexer.embedded.search import matching
from indexer.embedded.segments import add, opened_at, put_in_order, write_fresh, writing
from indexer.embedded.version_files import ABOUT, ABOUT_COPY, LEXICON, META, SORTED_PASSAGES
from indexer.errors import IndexIncompatible, rollback_unavailable
from indexer.index import RolledBack
from indexer.ownership import MARK, incompatible
from indexer.passages import Passage
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.word_counts import WordCounter, count_words, counted_documents
from indexer.provenance import Origin, SourceFile


class EmbeddedWriter(EmbeddedReader):
    """A `SearchWriter` of a folder; one process at a time can lock it."""

    def __init__(self, folder: Path, keep: int = 3, document_of: DocumentOf = documents.document_of) -> None:
        """``keep`` versions are kept for rollback; ``document_of`` makes the indexed document of a passage."""
        super().__init__(folder)
        self._keep = keep
        self._document_of = document_of

    def replace(self, passages: Iterable[Passage], audio: str | None = None, origin: Origin | None = None) -> int:
        with self._versions.writing():
            return self._write_version(passages, audio, origin)

    def rollback(self, deleted: Sequence[str] = ()) -> RolledBack:
        with self._versions.writing():
            opened = self._opened_at(before := self._versions.before())
            number = self._delete_from(opened, deleted) if deleted else 0
            self._versions.go_back_to(before)
        return RolledBack(before, number)

    def put(self, passages: Iterable[Passage], files: Sequence[SourceFile] = ()) -> int:
        new = {passage.id: passage for passage in passages}
        with self._versions.writing():
            index = self._writable(opened := self._open())
            folder = self._versions.path(opened.version)
            with damage_named(folder):
                ranks = _ranks(opened.moment.searcher, sorted(new))
            origin = opened.origin and opened.origin.after_put(files, {passage.clip for passage in new.values()})
            if ranks is None:
                # there is no gap left between two ranks, so a new version is written
                clips = {passage.clip for passage in new.values()}
                kept = (passage for passage in _everything(opened.moment.searcher) if passage.clip not in clips)
                self._write_version(chain(kept, new.values()), opened.audio, origin)
                return len(new)
            _describe(folder, opened.audio, origin, is_ordered=False, is_settled=False)
            _keep(folder, Lexicon.of(count_words(new.values()), english(), lexicon_of(folder)))
            with writing(index, folder) as writer:
                _delete_clips(writer, {passage.clip for passage in new.values()})
                for passage_id in sorted(new):
                    add(writer, self._document_of(new[passage_id]), ranks[passage_id])
            _describe(folder, opened.audio, origin, is_ordered=False)
        return len(new)

    def delete(self, clips: Sequence[str]) -> int:
        with self._versions.writing():
            return self._delete_from(self._open(), clips)

    def _opened_at(self, version: str) -> Opened:
        """The version to roll back to; no other process can remove it while this one is writing."""
        try:
            self._writable(opened := self._reopened(version))
        except IndexIncompatible as problem:
            raise rollback_unavailable(version, self._versions.current()) from problem
        else:
            return opened

    def _writable(self, opened: Opened) -> Index:
        if opened.schema != documents.SCHEMA:
            raise incompatible(f"the index in {self._versions.folder}", opened.about)
        if opened.index is None:
            folder = self._versions.path(opened.version)
            raise cannot_be_written(self._versions.folder, PermissionError(errno.EACCES, f"{folder} is read-only"))
        return opened.index

    def _delete_from(self, opened: Opened, clips: Sequence[str]) -> int:
        """Delete all passages of clips from one version; returns their number."""
        index, folder = self._writable(opened), self._versions.path(opened.version)
        with damage_named(folder):
            found = matching(opened.moment.searcher, _of_clips(clips))
        is_ordered = opened.about["ordered"] and opened.moment.searcher.num_segments <= 1  # else their order changes
        _describe(folder, opened.audio, opened.origin, is_ordered=is_ordered, is_settled=False)
        with writing(index, folder) as writer:
            _delete_clips(writer, clips)
        _describe(folder, opened.audio, opened.origin, is_ordered=is_ordered)
        return found

    def _write_version(self, passages: Iterable[Passage], audio: str | None, origin: Origin | None) -> int:
        """Written directly if the ids ascend; otherwise a second time, after sorting."""
        ascending = AscendingPrefix(passages)
        with self._versions.new(self._keep) as folder:
            number = self._fill(folder, ascending)
            if ascending.rest is not None:
                early = _everything(opened_at(folder).searcher())
                with sorted_by_id(chain(early, ascending.rest), folder / SORTED_PASSAGES) as ordered:
                    number = self._fill(folder, ordered)
            _describe(folder, audio, origin, is_ordered=put_in_order(folder))
        return number

    def _fill(self, folder: Path, passages: Iterable[Passage]) -> int:
        counter = WordCounter()
        counted = counted_documents(map(self._document_of, passages), counter)
        return write_fresh(folder, counted, lambda: _keep(folder, Lexicon.of(counter, english())))


def _describe(
    folder: Path, audio: str | None, origin: Origin | None, *, is_ordered: bool, is_settled: bool = True
) -> None:
    """Write a version's description, and its copy. Ordered means that all documents are in the order of their ids.

    A change of the segments is not settled until it is committed: then the description gets the checksum of meta.json,
    which it must not have before, as a writer may be killed between the two.
    """
    about = {**MARK, "schema": documents.SCHEMA, "audio": audio, "ordered": is_ordered}
    about |= {"origin": origin.to_json()} if origin else {}
    about["meta"] = checksum(folder / META) if is_settled else None
    for name in (ABOUT, ABOUT_COPY):
        with replaced_whole(folder / name) as temporary:
            temporary.write_text(json.dumps(signed(about)), encoding="utf-8")


def _keep(folder: Path, lexicon: Lexicon) -> None:
    with replaced_whole(folder / LEXICON) as temporary:
        temporary.write_bytes(lexicon.to_bytes())


def _of_clips(clips: Iterable[str]) -> Query:
    return Query.term_set_query(SCHEMA, "clip", sorted(clips))


def _delete_clips(writer: IndexWriter, clips: Iterable[str]) -> None:
    writer.delete_documents_by_query(_of_clips(clips))


def _everything(searcher: Searcher) -> Iterator[Passage]:
    for _, address in searcher.search(Query.all_query(), limit=max(1, searcher.num_docs)).hits:
        yield passage_of(searcher.doc(address))


def _ranks(searcher: Searcher, new_ids: Sequence[str]) -> dict[str, int] | None:
    """The rank of each id, its existing one or a new one between its neighbours'; None if there is no gap left."""
    terms = searcher.terms_with_prefix("id", "", filter_query=Query.all_query())
    ids = sorted(term for term, _ in terms)
    known = set(ids)

    def rank_of(passage_id: str) -> int:
        ((_, address),) = searcher.search(Query.term_query(SCHEMA, "id", passage_id), limit=1).hits
        (rank,) = searcher.fast_field_values("rank", [address])
        return int(rank or 0)

    ranks = {passage_id: rank_of(passage_id) for passage_id in new_ids if passage_id in known}
    for ranked in ranks_between([passage_id for passage_id in new_ids if passage_id not in known], ids, rank_of):
        if ranked is None:
            return None
        ranks[ranked[0]] = ranked[1]
    return ranks
