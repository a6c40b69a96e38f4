"""The interface of all engines: requests and results, the reader that answers them, the writer that changes an
index.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from indexer.passages import Passage
from indexer.phonetics.lexicon import Lexicon
from indexer.provenance import Origin, SourceFile
from indexer.query_tree import EVERYTHING, Query


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, both inclusive; None is unbounded."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by a number of `indexer.schema.SORTS`. Passages without that number come last, in either direction.

    Ties are ordered by id.
    """

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One search. Filters of one facet are alternatives; filters of several facets must all match.

    ``filters`` maps facets of `indexer.schema.FACETS` to the accepted values, where `UNKNOWN` means no value;
    ``ranges`` maps numbers of `indexer.schema.RANGES` to their bounds. ``size`` is the number of hits on a page and
    ``page`` counts from 1. Without ``sort`` the order is by relevance. ``seconds`` requests the total duration of all
    matching passages.
    """

    query: Query = EVERYTHING
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    size: int = 10
    page: int = 1
    sort: Sort | None = None
    seconds: bool = False


@dataclass(frozen=True, slots=True)
class PassageHit:
    """A matching passage and its relevance score, which does not depend on the order."""

    score: float
    passage: Passage


@dataclass(frozen=True, slots=True)
class SearchHits:
    """The hits of one page, in the requested order, and the exact ``total`` of matching passages.

    ``facets`` has the counts of each requested facet by value, `UNKNOWN` included. A facet's own filter does not affect
    its counts, so they state what another choice would return. ``seconds`` is the total duration of all matching
    passages; None if it was not requested.
    """

    total: int
    hits: tuple[PassageHit, ...]
    facets: Mapping[str, Mapping[str, int]]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class About:
    """The served version of an index. ``audio`` is the folder or bucket of its clips, if one was named.

    ``origin`` is None if the index was not loaded from files, or by a version of Hearsay that did not record them.
    """

    version: str
    audio: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The version that is served after a rollback, and the number of passages of deleted clips removed from it."""

    version: str
    deleted: int


class SearchReader(Protocol):
    """Reads an index of passages. The constructor opens no connection and reads no file; errors are `IndexerError`s.

    Any number of processes can read at the same time, also while one changes the index.
    """

    def get(self, passage_id: str) -> Passage | None:
        """The passage with this id; None if there is none."""
        ...

    def search(self, request: Request) -> SearchHits:
        """Hits, exact total, facet counts and total duration for one request."""
        ...

    def walk(self, request: Request) -> Iterator[Passage]:
        """All passages that match, in the order of `search`, as of the moment at which the first one is read.

        They are read in batches, so memory does not grow with their number. The request's size, page and facets are
        ignored.
        """
        ...

    def sample(self, request: Request) -> tuple[Passage, ...]:
        """A uniform random sample of the matching passages, without repetition.

        Its size is the request's, at most 10,000, or all passages if there are fewer. It is the same each time while
        the index does not change, but differs between engines. The request's page, facets and sort are ignored.
        """
        ...

    def vocabulary(self) -> dict[str, int]:
        """All tokens of the transcripts, with the number of passages that contain each."""
        ...

    def lexicon(self) -> Lexicon:
        """The words and pairs of neighbouring words for expansions; the same object as long as nothing changes.

        `replace` creates it and `put` adds to it; `delete` does not remove words from it.
        """
        ...

    def count(self, query: Query = EVERYTHING) -> int:
        """The number of matching passages."""
        ...

    def excess(self, query: Query) -> int:
        """By how many clauses a query exceeds the limit of the index; 0 if it can be run as it is."""
        ...

    def about(self) -> About:
        """The served version and what was recorded when it was loaded; raises `IndexMissing` before the first load."""
        ...

    def remembered(self) -> About:
        """Like `about`, but also for an index that is damaged or was made by an earlier version of Hearsay."""
        ...

    def stored(self, clips: Collection[str]) -> Iterator[Mapping[str, Any]]:
        """The stored sources of these clips' passages, in any order, also those of an earlier version of Hearsay."""
        ...

    def close(self) -> None:
        """Close connections and files; can be called more than once."""
        ...


class SearchWriter(SearchReader, Protocol):
    """Reads and changes an index of passages.

    One process at a time can change it; meanwhile, changes by another one raise `IndexInUse`.
    """

    def replace(self, passages: Iterable[Passage], audio: str | None = None, origin: Origin | None = None) -> int:
        """Load a new version and swap it in atomically; returns the number of passages.

        ``audio`` and ``origin`` are recorded in it. Until the swap, and if the load fails, readers see the previous
        version. Versions beyond the number to keep are removed.
        """
        ...

    def rollback(self, deleted: Sequence[str] = ()) -> RolledBack:
        """Serve the previous version again, without clips that were ``deleted`` since, and remove the current one."""
        ...

    def put(self, passages: Iterable[Passage], files: Sequence[SourceFile] = ()) -> int:
        """Add passages to the current version, replacing all passages of their clips; returns their number.

        ``files``, from which they were read, are recorded in the version.
        """
        ...

    def delete(self, clips: Sequence[str]) -> int:
        """Remove all passages of these clips; returns their number."""
        ...
