"""The embedded engine: an index in a folder, by tantivy, inside the process that asks."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

from tantivy import Index, IndexWriter, Query, Searcher

from clips.table import replaced_whole
from indexer import documents
from indexer.embedded_query import SCHEMA, compiled, engine_document, passage_of
from indexer.embedded_search import facets, matching, page
from indexer.errors import IndexIncompatible, IndexMissing, LoadFailed
from indexer.index import About, Hit, Request, Result
from indexer.passages import Passage
from indexer.query import EVERYTHING
from indexer.query import Query as Tree
from indexer.ranks import fresh_rank, ranks_between
from indexer.sounds.lexicon import Lexicon, heard_in
from indexer.sounds.spelling import english
from indexer.versions import Versions

_WRITER_BYTES: Final = 1_000_000_000
"""At most, for documents not yet on disk; as much as a million short ones need to become one segment."""

_ABOUT: Final = "about.json"
_LEXICON: Final = "lexicon.npz"


@dataclass(frozen=True, slots=True)
class Opened:
    """A version that is open for reading; ``stamp`` changes when a writer commits to it."""

    version: str
    stamp: tuple[int, int]
    index: Index
    audio: str | None
    is_ordered: bool

    def searcher(self) -> Searcher:
        return self.index.searcher()


class EmbeddedIndex:
    """A `SearchIndex` in a folder. A version that is swapped in by another process is noticed at the next question."""

    def __init__(self, folder: Path, keep: int = 3) -> None:
        self._versions = Versions(folder, keep)
        self._opened: Opened | None = None
        self._opening = Lock()
        self._lexicon: tuple[Opened, Lexicon] | None = None

    def replace(self, passages: Iterable[Passage], audio: str | None = None) -> int:
        with self._versions.writing():
            return self._write_version(passages, audio)

    def rollback(self) -> str:
        with self._versions.writing():
            return self._versions.rollback()

    def put(self, passages: Iterable[Passage]) -> int:
        new = _by_id(passages)
        with self._versions.writing():
            opened = self._open()
            if (ranks := _ranks(opened.searcher(), sorted(new))) is None:
                return self._renumber(opened, new)
            folder = self._versions.path(opened.version)
            _describe(folder, opened.audio, is_ordered=False)
            _keep(folder, Lexicon.of(heard_in(new.values()), english(), _kept(folder)))
            with _writer(opened.index) as writer:
                _delete_clips(writer, {passage.clip for passage in new.values()})
                for passage_id in sorted(new):
                    _add(writer, new[passage_id], ranks[passage_id])
        return len(new)

    def delete(self, clips: Sequence[str]) -> int:
        with self._versions.writing():
            opened = self._open()
            found = matching(opened.searcher(), _of_clips(clips))
            with _writer(opened.index) as writer:
                _delete_clips(writer, clips)
        return found

    def get(self, passage_id: str) -> Passage | None:
        searcher = self._open().searcher()
        hits = searcher.search(Query.term_query(SCHEMA, "id", passage_id), limit=1).hits
        return passage_of(searcher.doc(hits[0][1])) if hits else None

    def search(self, request: Request) -> Result:
        opened = self._open()
        searcher = opened.searcher()
        total, found = page(searcher, request, is_ordered=opened.is_ordered)
        hits = tuple(Hit(score, passage_of(searcher.doc(address))) for score, address in found)
        return Result(total, hits, facets(searcher, request))

    def vocabulary(self) -> dict[str, int]:
        terms = self._open().searcher().terms_with_prefix("tokens", "", filter_query=Query.all_query())
        return {token: count for token, count in terms if token != documents.SENTINEL}

    def lexicon(self) -> Lexicon:
        opened = self._open()
        if self._lexicon is None or self._lexicon[0] is not opened:
            self._lexicon = opened, _kept(self._versions.path(opened.version))
        return self._lexicon[1]

    def count(self, query: Tree = EVERYTHING) -> int:
        return matching(self._open().searcher(), compiled(query))

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
                    raise IndexMissing(
                        f"version {version} of the index is gone from {self._versions.folder}; load again"
                    )
            self._opened = opened
            return opened

    def _reopened(self, version: str) -> Opened | None:
        folder = self._versions.path(version)
        try:
            stat = (folder / "meta.json").stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if self._opened and (self._opened.version, self._opened.stamp) == (version, stamp):
                return self._opened
            about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        try:
            return Opened(version, stamp, _index(folder, about), about["audio"], about["ordered"])
        except IndexIncompatible:
            if folder.exists():
                raise
            return None  # a load removed it while it was being opened

    def _write_version(self, passages: Iterable[Passage], audio: str | None) -> int:
        by_id = _by_id(passages)
        with self._versions.new() as folder:
            with _writer(Index(SCHEMA, str(folder))) as writer:
                for position, passage_id in enumerate(sorted(by_id)):
                    _add(writer, by_id[passage_id], fresh_rank(position))
            _keep(folder, Lexicon.of(heard_in(by_id.values()), english()))
            _describe(folder, audio, is_ordered=True)
        return len(by_id)

    def _renumber(self, opened: Opened, new: dict[str, Passage]) -> int:
        """Put by loading everything anew, where there is no rank left between two neighbours."""
        clips = {passage.clip for passage in new.values()}
        kept = (passage for passage in _everything(opened.searcher()) if passage.clip not in clips)
        self._write_version([*kept, *new.values()], opened.audio)
        return len(new)


def _by_id(passages: Iterable[Passage]) -> dict[str, Passage]:
    return {passage.id: passage for passage in passages}


def _index(folder: Path, about: dict[str, Any]) -> Index:
    problem: Exception | None = None
    if about.get("schema") == documents.SCHEMA:
        try:
            return Index.open(str(folder))
        except ValueError as error:
            problem = error
    raise IndexIncompatible(
        f"the index in {folder.parent.parent} was made by another version of Hearsay; load your files again"
    ) from problem


def _describe(folder: Path, audio: str | None, *, is_ordered: bool) -> None:
    """Write what a version tells of itself; ordered means that all documents were written in the order of their ids."""
    about = {"schema": documents.SCHEMA, "audio": audio, "ordered": is_ordered}
    with replaced_whole(folder / _ABOUT) as temporary:
        temporary.write_text(json.dumps(about), encoding="utf-8")


def _keep(folder: Path, lexicon: Lexicon) -> None:
    with replaced_whole(folder / _LEXICON) as temporary:
        temporary.write_bytes(lexicon.to_bytes())


def _kept(folder: Path) -> Lexicon:
    try:
        return Lexicon.from_bytes((folder / _LEXICON).read_bytes())
    except FileNotFoundError as problem:
        raise IndexMissing(f"{folder / _LEXICON} is gone; load your files again") from problem


@contextmanager
def _writer(index: Index) -> Iterator[IndexWriter]:
    """A writer whose changes become visible together when the block ends well, and not at all when it does not."""
    try:
        writer = index.writer(_WRITER_BYTES, 1)  # one thread keeps documents in the order in which they are written
        yield writer
        writer.commit()
        writer.wait_merging_threads()
    except (ValueError, OSError) as problem:
        raise LoadFailed(f"the index could not be written: {problem}; the one that was there still stands") from problem


def _add(writer: IndexWriter, passage: Passage, rank: int) -> None:
    try:
        writer.add_document(engine_document(passage, rank))
    except (ValueError, OverflowError) as problem:
        raise LoadFailed(
            f"{passage.id} cannot be indexed: {problem}; the index that was there still stands"
        ) from problem


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
