"""The reader of an index in a folder, by tantivy, in the same process."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from tantivy import Query

from indexer import documents
from indexer.earlier_schema import adapted, adapted_query
from indexer.embedded.folder_errors import reading
from indexer.embedded.opened_version import (
    Opened,
    damage_named,
    lexicon_of,
    open_version,
    origin_description_of,
    sources_of,
    stamp_of,
)
from indexer.embedded.query import SCHEMA, compiled, passage_of
from indexer.embedded.search import addresses, answer, drawn, matching
from indexer.embedded.versions import Versions
from indexer.errors import IndexDamaged, IndexMissing
from indexer.index import About, Request, SearchHits
from indexer.ownership import reject_later_version
from indexer.passages import Passage
from indexer.phonetics.lexicon import Lexicon
from indexer.provenance import Origin
from indexer.query_tree import EVERYTHING
from indexer.query_tree import Query as Tree


class EmbeddedReader:
    """A `SearchReader` of a folder. A version that another process swaps in is noticed at the next request."""

    def __init__(self, folder: Path) -> None:
        self._versions = Versions(folder)
        self._opened: Opened | None = None
        self._opening = Lock()
        self._lexicon: tuple[Opened, Lexicon] | None = None

    def get(self, passage_id: str) -> Passage | None:
        with self._reading() as opened:
            searcher = opened.moment.searcher
            hits = searcher.search(Query.term_query(SCHEMA, "id", passage_id), limit=1).hits
            return passage_of(searcher.doc(hits[0][1])) if hits else None

    def search(self, request: Request) -> SearchHits:
        with self._reading() as opened:
            return answer(opened.moment, adapted(request, opened.schema))

    def walk(self, request: Request) -> Iterator[Passage]:
        with self._reading() as opened:
            for address in addresses(opened.moment, adapted(request, opened.schema)):
                yield passage_of(opened.moment.searcher.doc(address))

    def sample(self, request: Request) -> tuple[Passage, ...]:
        with self._reading() as opened:
            found = drawn(opened.moment, adapted(request, opened.schema))
            return tuple(passage_of(opened.moment.searcher.doc(address)) for address in found)

    def vocabulary(self) -> dict[str, int]:
        with self._reading() as opened:
            terms = opened.moment.searcher.terms_with_prefix("tokens", "", filter_query=Query.all_query())
        return {token: count for token, count in terms if token != documents.SENTINEL}

    def lexicon(self) -> Lexicon:
        opened, known = self._open(), self._lexicon
        while known is None or known[0] is not opened:
            try:
                known = opened, lexicon_of(self._versions.path(opened.version))
            except IndexMissing:
                if opened is (opened := self._open()):  # it was not removed while it was being read
                    raise
        self._lexicon = known
        return known[1]

    def count(self, query: Tree = EVERYTHING) -> int:
        with self._reading() as opened:
            return matching(opened.moment.searcher, compiled(adapted_query(query, opened.schema)))

    def excess(self, query: Tree) -> int:  # noqa: ARG002 - this engine has no limit
        return 0

    def about(self) -> About:
        opened = self._open()
        return About(opened.version, opened.audio, opened.origin)

    def remembered(self) -> About:
        about = origin_description_of(self._versions.path(version := self._versions.current()))
        reject_later_version(f"the index in {self._versions.folder}", about)
        return About(version, about.get("audio"), Origin.from_json(about.get("origin")))

    def stored(self, clips: Collection[str]) -> Iterator[Mapping[str, Any]]:
        wanted = set(clips)
        sources = sources_of(self._versions.path(self._versions.current()))
        return (source for source in sources if source.get("clip") in wanted)

    def close(self) -> None:
        self._opened = self._lexicon = None

    @contextmanager
    def _reading(self) -> Iterator[Opened]:
        opened = self._open()
        with damage_named(self._versions.path(opened.version)):
            yield opened

    def _open(self) -> Opened:
        """The current version as it is on disk; if nothing has changed, this reads the state of two files."""
        with self._opening:
            version = self._versions.current()
            while True:
                try:
                    self._opened = self._reopened(version)
                except IndexMissing:
                    if version == (version := self._versions.current()):  # it was not removed while it was being opened
                        raise
                except IndexDamaged:
                    with reading(self._versions.folder):
                        self._versions.reject_foreign()  # the files of another program are not a damaged index
                    raise
                else:
                    return self._opened

    def _reopened(self, version: str) -> Opened:
        folder = self._versions.path(version)
        known = self._opened
        return known if known and (known.version, known.stamp) == (version, stamp_of(folder)) else open_version(folder)
