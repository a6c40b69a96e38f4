"""The embedded engine: an index in a folder, by tantivy, inside the process that asks."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

from tantivy import Index, IndexWriter, Query, Searcher

from hearsay.records.files import replaced_whole
from indexer import documents
from indexer.documents import DocumentOf
from indexer.embedded_query import SCHEMA, compiled, passage_of
from indexer.embedded_search import Moment, addresses, answer, drawn, matching
from indexer.embedded_writing import add, opened_at, put_in_order, write_fresh, writing
from indexer.errors import IndexIncompatible, IndexMissing, no_way_back
from indexer.index import About, Request, Result, RolledBack
from indexer.ownership import MARK
from indexer.passages import Passage
from indexer.query import EVERYTHING
from indexer.query import Query as Tree
from indexer.ranks import ranks_between
from indexer.sounds.lexicon import Lexicon
from indexer.sounds.spelling import english
from indexer.sounds.tally import Tally, heard_in, tallied
from indexer.spool import Rising, in_order
from indexer.version_files import ABOUT, LEXICON, SPOOL
from indexer.versions import Versions


@dataclass(frozen=True, slots=True)
class Opened:
    """A version that is open for reading; ``stamp`` changes when a writer commits to it.

    All is asked of the one ``moment``: a new one may see a later commit, in which documents lie in another order.
    """

    version: str
    stamp: tuple[int, int]
    index: Index
    moment: Moment
    audio: str | None


class EmbeddedIndex:
    """A `SearchIndex` in a folder. A version that is swapped in by another process is noticed at the next question."""

    def __init__(self, folder: Path, keep: int = 3, document_of: DocumentOf = documents.document_of) -> None:
        self._versions = Versions(folder, keep)
        self._document_of = document_of
        self._opened: Opened | None = None
        self._opening = Lock()
        self._lexicon: tuple[Opened, Lexicon] | None = None

    def replace(self, passages: Iterable[Passage], audio: str | None = None) -> int:
        with self._versions.writing():
            return self._write_version(passages, audio)

    def rollback(self, deleted: Sequence[str] = ()) -> RolledBack:
        with self._versions.writing():
            opened = self._opened_at(before := self._versions.before())
            number = self._delete_from(opened, deleted) if deleted else 0
            self._versions.go_back_to(before)
        return RolledBack(before, number)

    def put(self, passages: Iterable[Passage]) -> int:
        new = {passage.id: passage for passage in passages}
        with self._versions.writing():
            opened = self._open()
            if (ranks := _ranks(opened.moment.searcher, sorted(new))) is None:
                return self._renumber(opened, new)
            folder = self._versions.path(opened.version)
            _describe(folder, opened.audio, is_ordered=False)
            _keep(folder, Lexicon.of(heard_in(new.values()), english(), _kept(folder)))
            with writing(opened.index) as writer:
                _delete_clips(writer, {passage.clip for passage in new.values()})
                for passage_id in sorted(new):
                    add(writer, self._document_of(new[passage_id]), ranks[passage_id])
        return len(new)

    def delete(self, clips: Sequence[str]) -> int:
        with self._versions.writing():
            return self._delete_from(self._open(), clips)

    def get(self, passage_id: str) -> Passage | None:
        searcher = self._open().moment.searcher
        hits = searcher.search(Query.term_query(SCHEMA, "id", passage_id), limit=1).hits
        return passage_of(searcher.doc(hits[0][1])) if hits else None

    def search(self, request: Request) -> Result:
        return answer(self._open().moment, request)

    def walk(self, request: Request) -> Iterator[Passage]:
        opened = self._open()
        for address in addresses(opened.moment, request):
            yield passage_of(opened.moment.searcher.doc(address))

    def sample(self, request: Request) -> tuple[Passage, ...]:
        opened = self._open()
        return tuple(passage_of(opened.moment.searcher.doc(address)) for address in drawn(opened.moment, request))

    def vocabulary(self) -> dict[str, int]:
        terms = self._open().moment.searcher.terms_with_prefix("tokens", "", filter_query=Query.all_query())
        return {token: count for token, count in terms if token != documents.SENTINEL}

    def lexicon(self) -> Lexicon:
        opened, known = self._open(), self._lexicon
        while known is None or known[0] is not opened:
            try:
                known = opened, _kept(self._versions.path(opened.version))
            except IndexMissing:
                if opened is (opened := self._open()):  # it did not go while it was being read
                    raise
        self._lexicon = known
        return known[1]

    def count(self, query: Tree = EVERYTHING) -> int:
        return matching(self._open().moment.searcher, compiled(query))

    def about(self) -> About:
        opened = self._open()
        return About(opened.version, opened.audio)

    def close(self) -> None:
        self._opened = self._lexicon = None

    def _open(self) -> Opened:
        """The current version as it stands on disk now; one look at two files where nothing has changed."""
        with self._opening:
            version = self._versions.current()
            while not (opened := self._reopened(version)):
                if version == (version := self._versions.current()):  # it did not go while it was being opened
                    raise self._gone(version)
            self._opened = opened
            return opened

    def _opened_at(self, version: str) -> Opened:
        """The version to roll back to, which goes nowhere while this process is writing."""
        try:
            if opened := self._reopened(version):
                return opened
        except IndexIncompatible as problem:
            raise no_way_back(version, self._versions.current()) from problem
        raise self._gone(version)

    def _gone(self, version: str) -> IndexMissing:
        return IndexMissing(f"version {version} of the index is gone from {self._versions.folder}; load again")

    def _delete_from(self, opened: Opened, clips: Sequence[str]) -> int:
        """Delete all passages of clips from one version; returns how many there were."""
        found = matching(opened.moment.searcher, _of_clips(clips))
        if opened.moment.searcher.num_segments > 1:  # the engine lists them anew
            _describe(self._versions.path(opened.version), opened.audio, is_ordered=False)
        with writing(opened.index) as writer:
            _delete_clips(writer, clips)
        return found

    def _reopened(self, version: str) -> Opened | None:
        folder = self._versions.path(version)
        try:
            stat = (folder / "meta.json").stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if self._opened and (self._opened.version, self._opened.stamp) == (version, stamp):
                return self._opened
            searcher = (index := _index(folder)).searcher()
            about = _about(folder)  # after what it tells of: who writes tells first that the order will be lost
        except FileNotFoundError:
            return None
        except IndexIncompatible:
            if folder.exists():
                raise
            return None  # a load removed it while it was being opened
        return Opened(version, stamp, index, Moment(searcher, about["ordered"]), about["audio"])

    def _write_version(self, passages: Iterable[Passage], audio: str | None) -> int:
        """Written as they come where their ids rise, and once more, put in order first, where they do not."""
        rising = Rising(passages)
        with self._versions.new() as folder:
            number = self._fill(folder, rising)
            if rising.rest is not None:
                early = _everything(opened_at(folder).searcher())
                with in_order(chain(early, rising.rest), folder / SPOOL) as ordered:
                    number = self._fill(folder, ordered)
            _describe(folder, audio, is_ordered=put_in_order(folder))
        return number

    def _fill(self, folder: Path, passages: Iterable[Passage]) -> int:
        tally = Tally()
        counted = tallied(map(self._document_of, passages), tally)
        return write_fresh(folder, counted, lambda: _keep(folder, Lexicon.of(tally, english())))

    def _renumber(self, opened: Opened, new: dict[str, Passage]) -> int:
        """Put by loading everything anew, where there is no rank left between two neighbours."""
        clips = {passage.clip for passage in new.values()}
        kept = (passage for passage in _everything(opened.moment.searcher) if passage.clip not in clips)
        self._write_version(chain(kept, new.values()), opened.audio)
        return len(new)


def _index(folder: Path) -> Index:
    try:
        return opened_at(folder)
    except ValueError as problem:
        raise _incompatible(folder) from problem


def _about(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    if about.get("schema") != documents.SCHEMA:
        raise _incompatible(folder)
    return about


def _incompatible(folder: Path) -> IndexIncompatible:
    return IndexIncompatible(
        f"the index in {folder.parent.parent} was made by another version of Hearsay; load your files again"
    )


def _describe(folder: Path, audio: str | None, *, is_ordered: bool) -> None:
    """Write what a version tells of itself; ordered means that all documents lie in the order of their ids."""
    about = {**MARK, "schema": documents.SCHEMA, "audio": audio, "ordered": is_ordered}
    with replaced_whole(folder / ABOUT) as temporary:
        temporary.write_text(json.dumps(about), encoding="utf-8")


def _keep(folder: Path, lexicon: Lexicon) -> None:
    with replaced_whole(folder / LEXICON) as temporary:
        temporary.write_bytes(lexicon.to_bytes())


def _kept(folder: Path) -> Lexicon:
    try:
        return Lexicon.from_bytes((folder / LEXICON).read_bytes())
    except FileNotFoundError as problem:
        raise IndexMissing(f"{folder / LEXICON} is gone; load your files again") from problem


def _of_clips(clips: Iterable[str]) -> Query:
    return Query.term_set_query(SCHEMA, "clip", sorted(clips))


def _delete_clips(writer: IndexWriter, clips: Iterable[str]) -> None:
    writer.delete_documents_by_query(_of_clips(clips))


def _everything(searcher: Searcher) -> Iterator[Passage]:
    for _, address in searcher.search(Query.all_query(), limit=max(1, searcher.num_docs)).hits:
        yield passage_of(searcher.doc(address))


def _ranks(searcher: Searcher, new_ids: Sequence[str]) -> dict[str, int] | None:
    """The rank of each id, that it has already or a new one between its neighbours'; None where there is no room."""
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
