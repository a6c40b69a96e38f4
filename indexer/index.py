"""What every engine is: requests and results, the reader that answers them, and the writer that changes an index."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from indexer.passages import Passage
from indexer.phonetics.lexicon import Lexicon
from indexer.provenance import Origin, SourceFile
from indexer.query_tree import EVERYTHING, Query


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, both ends in; None is open."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """By a number of `indexer.schema.SORTS`, rising or ``falling``. What has none comes last either way; ties by id."""

    field: str
    falling: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One search. Filters of one facet are alternatives, filters of several must all hold.

    ``filters`` maps a facet of `indexer.schema.FACETS` to the values wanted, `UNKNOWN` for passages without one;
    ``ranges`` a number of `indexer.schema.RANGES` to its bounds. ``page`` counts from 1. Without a ``sort`` the best
    match comes first. ``seconds`` asks how long all that match last together.
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
    """A passage that was found, and how well it matches, in whatever order it comes."""

    score: float
    passage: Passage


@dataclass(frozen=True, slots=True)
class Result:
    """Hits in the order asked for; ``total`` is exact.

    ``facets`` holds the counts of each facet asked for, by value, `UNKNOWN` among them; a facet's own filter is left
    out of its counts, so that they say what choosing another value would bring. ``seconds`` adds up the durations of
    all that match; None where it was not asked for.
    """

    total: int
    hits: tuple[PassageHit, ...]
    facets: Mapping[str, Mapping[str, int]]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What an index says of itself; ``audio`` is the folder that its clips' ids are looked up in, if one was named.

    ``origin`` is None where it was not loaded from files, or by a Hearsay that did not note them.
    """

    version: str
    audio: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The version that is served now, and how many passages of clips deleted since then went out of it."""

    version: str
    deleted: int


class SearchReader(Protocol):
    """Reads an index of passages. Making one opens no connection and reads no file; errors are `IndexerError`s.

    Any number of programs read, also while one changes the index.
    """

    def get(self, passage_id: str) -> Passage | None:
        """The passage with this id."""
        ...

    def search(self, request: Request) -> Result:
        """Hits, exact total, facet counts and seconds for one request."""
        ...

    def walk(self, request: Request) -> Iterator[Passage]:
        """Every passage that `search` finds, in its order, as the index stood when the first was asked for.

        They are read as they are asked for: of however many, few are held. The request's size, page and facets say
        nothing here.
        """
        ...

    def sample(self, request: Request) -> tuple[Passage, ...]:
        """As many of the passages that `search` finds as the request's size, 10,000 at most; all where they are fewer.

        Each is as likely as any other, and none comes twice. Who asks again gets the same while nothing changes; each
        engine draws its own. The request's page, facets and sort say nothing here.
        """
        ...

    def vocabulary(self) -> dict[str, int]:
        """Every token of the transcripts, with the number of passages that have it."""
        ...

    def lexicon(self) -> Lexicon:
        """The words and pairs of neighbours that guesses are chosen from; the same object while nothing has changed.

        Made by `replace`, added to by `put`; `delete` leaves in it what no passage has any more.
        """
        ...

    def count(self, query: Query = EVERYTHING) -> int:
        """How many passages match."""
        ...

    def excess(self, query: Query) -> int:
        """How many clauses a query has beyond what the index takes; 0 where it is answered as it stands."""
        ...

    def about(self) -> About:
        """The current version and what was said when it was loaded; raises `IndexMissing` before the first load."""
        ...

    def remembered(self) -> About:
        """The same as `about`, also of an index that an earlier version of Hearsay made, or that is damaged."""
        ...

    def stored(self, clips: Collection[str]) -> Iterator[Mapping[str, Any]]:
        """What is kept of the passages of these clips, in any order, also by an earlier version of Hearsay."""
        ...

    def close(self) -> None:
        """Let go of connections and files; closing twice is once."""
        ...


class SearchWriter(SearchReader, Protocol):
    """Changes an index of passages, and reads it: what is put is merged with what is there.

    One program at a time does; while one does, a second one's change raises `IndexInUse`.
    """

    def replace(self, passages: Iterable[Passage], audio: str | None = None, origin: Origin | None = None) -> int:
        """Load a new version, which remembers where its audio is and what it was made of, then swap it in at once.

        Until the swap, and where it fails, readers see the version before. Versions beyond the number kept are removed.
        """
        ...

    def rollback(self, deleted: Sequence[str] = ()) -> RolledBack:
        """Go back to the version before, first without the clips that were ``deleted``, and drop the current one."""
        ...

    def put(self, passages: Iterable[Passage], files: Sequence[SourceFile] = ()) -> int:
        """Add clips to the current version, all passages of a clip replacing all that it had; returns how many.

        ``files`` are where they come from, which the version remembers.
        """
        ...

    def delete(self, clips: Sequence[str]) -> int:
        """Remove all passages of these clips; returns how many there were."""
        ...
