"""The index from Python: search it, load it, change it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from hearsay.api.index_location import Location, index_errors, paths, settings_of, shown
from hearsay.api.loading import LoadSummary, load_into
from hearsay.api.results import SearchResult, result_of
from hearsay.config import cache_path
from hearsay.errors import BadArgument

if TYPE_CHECKING:
    from indexer.index import Range, Request, SearchWriter
    from indexer.matching.checking import CheckedPossibleMatch
    from indexer.query.planner import Plan
    from indexer.settings import IndexSettings

Values: TypeAlias = str | Iterable[str] | None
"""The requested values of a facet: one, several, or several in one text, separated by commas."""

Bounds: TypeAlias = tuple[float | None, float | None] | None
"""Lower and upper bound, both inclusive; None is unbounded."""


@dataclass(frozen=True, slots=True)
class PutSummary:
    """How many clips were put into an index, and how many were deleted because their records say ``deleted``.

    ``notes`` are sentences about problems in the records that were corrected.
    """

    clips: int
    deleted: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteSummary:
    """The number of deleted passages, and the ids that the index did not have; later loads exclude those as well."""

    passages: int
    missing: tuple[str, ...]


class Index:
    """An index, from `open_index`: a folder, or Elasticsearch. Use it in a ``with`` statement, or close it."""

    def __init__(self, index: "SearchWriter", settings: "IndexSettings") -> None:
        from indexer.matching.search import finder_of

        self._index = index
        self._settings = settings
        self._finder = finder_of(index, settings)

    @property
    def place(self) -> str:
        """The folder, or the address of Elasticsearch without its password."""
        return shown(self._settings.index_url)

    def search(
        self,
        words: str = "",
        *,
        mode: str = "forgiving",
        like: str | None = None,
        same: str | None = None,
        sentiment: Values = None,
        emotion: Values = None,
        age: Values = None,
        gender: Values = None,
        accent: Values = None,
        language: Values = None,
        model: Values = None,
        duration: Bounds = None,
        confidence: Bounds = None,
        wer: Bounds = None,
        agreement: Bounds = None,
        sort: str | None = None,
        size: int = 10,
        page: int = 1,
        possible: float | None = None,
        verify: bool = False,
    ) -> SearchResult:
        """Find passages by their words, as ``hearsay search`` does; without words, all of them.

        ``words`` is a query: ``"a phrase"``, ``-not``, ``OR``, ``prefix*``, ``field:value``. ``mode`` is ``forgiving``,
        ``exact``, ``sounds-like``, ``any`` or ``baseline``. ``possible`` is the least probability of the possible
        matches that are returned apart from the matches: 0 returns all, 1 none, and the default is calibrated for the
        speech model. Instead of words, ``like`` or ``same`` can be the id of a passage,
        to find similar passages, or passages with the same sentence. A passage must pass all filters; several values of
        one filter are alternatives, and ``unknown`` selects clips without a value. ``sort`` is ``duration``,
        ``confidence``, ``wer`` or ``agreement``, with a leading minus in descending order; the default is by
        relevance. ``page`` counts from 1. ``verify`` checks the five most probable possible matches against their
        audio, with the speech model that ``hearsay search --verify`` takes; `SearchResult.checked` has the outcome.

        Raises `IndexMissing` if nothing was loaded yet, and `WrongRequest` if the request is invalid; with ``verify``
        also `MissingExtra` if no speech model is installed.
        """
        typed = {
            "sentiment": sentiment,
            "emotion": emotion,
            "age": age,
            "gender": gender,
            "accent": accent,
            "language": language,
            "asr_model": model,
        }
        ranges = {"duration": duration, "confidence": confidence, "wer": wer, "agreement": agreement}
        with index_errors(self.place):
            from indexer.query.similar import planned

            filters, notes = self._filters(typed)
            plan = planned(self._index, self._finder.planner, words, mode, like=like, same=same)
            request = _request(plan, filters, _ranges(ranges), sort, size, page)
            found = self._finder.find(plan, request, _least(possible))
            checked, least = self._checked(plan, request, found.matches.total) if verify else ([], 1.0)
            return result_of(found, plan, notes, checked, least)

    def count(self, words: str = "", *, mode: str = "forgiving") -> int:
        """The number of passages that match; without words, of all passages."""
        with index_errors(self.place):
            return self._index.count(self._finder.planner.plan(words, mode).query)

    def load(
        self,
        files: Location | Iterable[Location],
        *,
        audio: Location | None = None,
        inbox: bool = True,
        progress: bool = True,
    ) -> LoadSummary:
        """Load files of records as a new version that replaces the index; see `hearsay.load`."""
        with index_errors(self.place):
            return load_into(self._index, self._settings, files, audio, inbox=inbox, progress=progress)

    def put(self, files: Location | Iterable[Location]) -> PutSummary:
        """Add or replace the clips of these files of records (.csv, .jsonl) in the present index."""
        with index_errors(self.place):
            from indexer.ingest import load as loading
            from indexer.provenance import SourceFile

            named = paths(files)
            rows = loading.read_rows(named).values()
            notes: list[str] = []
            sources = [SourceFile.of(file) for file in named]
            came, went = loading.put(self._index, rows, self._settings.deletions, notes.append, sources)
            return PutSummary(came, went, tuple(notes))

    def delete(self, ids: str | Iterable[str]) -> DeleteSummary:
        """Delete clips from the index by their ids, also from later loads."""
        with index_errors(self.place):
            from indexer.ingest import load as loading
            from indexer.query_tree import Term

            clips = list(dict.fromkeys([ids] if isinstance(ids, str) else ids))
            missing = tuple(clip for clip in clips if not self._index.count(Term("clip", clip)))
            return DeleteSummary(loading.delete(self._index, clips, self._settings.deletions), missing)

    def rollback(self) -> str:
        """Go back to the version before the latest load, and delete that one; returns the version then served."""
        with index_errors(self.place):
            from indexer.ingest import load as loading

            return loading.rollback(self._index, self._settings.deletions).version

    def close(self) -> None:
        """Close files and connections; calling it again has no effect."""
        self._index.close()

    def _checked(self, plan: "Plan", request: "Request", matches: int) -> "tuple[list[CheckedPossibleMatch], float]":
        """The most probable possible matches after their check, and the probability from which on they are likely."""
        from hearsay.api.verification import LocalScorer
        from indexer.export.collection import audio_finder
        from indexer.matching.checking import checked, ranked
        from indexer.matching.probability import words_of
        from indexer.matching.verification import verification_model

        scorer, words = LocalScorer(), words_of(plan)
        possible = self._finder.possible_matches(plan, request, matches)
        found = checked(possible, words, audio_finder(self._index), scorer, cache_path("checks"))
        return ranked(found), verification_model(scorer.model).threshold(words)

    def _filters(self, typed: Mapping[str, Values]) -> tuple[dict[str, frozenset[str]], list[str]]:
        from indexer.query.filters import selected_filters

        wanted = {
            name: [values] if isinstance(values, str) else list(values) for name, values in typed.items() if values
        }
        return selected_filters(self._index, wanted)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Index({self.place!r})"


def open_index(
    place: Location | None = None,
    *,
    name: str | None = None,
    api_key: str | None = None,
    username: str | None = None,
    password: str | None = None,
    ca_cert: Location | None = None,
) -> Index:
    """Open an index: a folder, or the address of Elasticsearch such as ``http://127.0.0.1:9200``.

    What is not given is taken from the settings (``INDEX_URL``, ``INDEX_NAME``, ``INDEX_API_KEY`` and so on). No file
    is read and no connection is opened before the first request. Raises `WrongRequest` for any other address.
    """
    given = {"index_name": name, "index_api_key": api_key, "index_username": username, "index_password": password}
    address = "INDEX_URL" if place is None else str(place)
    with index_errors(address):
        from indexer.open import open_writer

        settings = settings_of(place, **given, index_ca_cert=ca_cert)
        return Index(open_writer(settings), settings)


def load(
    files: Location | Iterable[Location],
    *,
    index: Location | None = None,
    audio: Location | None = None,
    inbox: bool = True,
    progress: bool = True,
) -> LoadSummary:
    """Load files of records (.csv, .jsonl) as a new version of an index, which replaces the old one once complete.

    The files are merged by clip and column; cells of later files take precedence. ``index`` is a folder or the address
    of Elasticsearch (default: the setting ``INDEX_URL``). ``audio`` is the folder or ``s3://BUCKET/PREFIX`` with the
    clips' audio, which the page plays. Clips that were added on the page are included if the index is that of the
    settings, unless ``inbox`` is false. Raises `WrongRequest` if the files contain no records, and `IndexInUse` if
    another program is writing to the index.
    """
    with open_index(index) as opened:
        return opened.load(files, audio=audio, inbox=inbox, progress=progress)


def _request(
    plan: "Plan",
    filters: Mapping[str, frozenset[str]],
    ranges: "Mapping[str, Range]",
    sort: str | None,
    size: int,
    page: int,
) -> "Request":
    from indexer.index import Request
    from indexer.query.filters import sorted_by
    from indexer.schema import FACETS

    for name, number in (("size", size), ("page", page)):
        if number < 1:
            raise BadArgument(f"{name} must be a whole number of at least 1, not {number}")
    order = None if sort is None else sorted_by(sort)
    return Request(plan.query, filters, ranges, FACETS, size, page, order, seconds=True)


def _least(possible: float | None) -> float | None:
    if possible is not None and not 0 <= possible <= 1:
        raise BadArgument(f"possible must be a probability from 0 to 1, not {possible}")
    return possible


def _ranges(typed: Mapping[str, Bounds]) -> "dict[str, Range]":
    from indexer.index import Range
    from indexer.query.filters import is_range

    ranges = {name: Range(*bounds) for name, bounds in typed.items() if bounds is not None}
    for name, bounds in ranges.items():
        if not is_range(bounds):
            raise BadArgument(f"{name} must be a pair such as (2, 8), (2, None) or (None, 8), not {typed[name]}")
    return ranges
