"""Metrics of single queries: running them, measuring each result, and choosing the tables for cross-fitting."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from hearsay.records.clip import ClipRow
from indexer.matching.query_sampling import ABSENT, FREQUENT, SampledQuery, parts

FIRST: Final = 10
"""Number of results that the metrics consider."""


@dataclass(frozen=True, slots=True)
class ResultList:
    """The clips that a search found, best first: of its matches the first ten, and of its possible matches all.

    ``probabilities`` are those of the possible matches, of which those of at least ``least`` are shown.
    """

    matches: tuple[str, ...]
    possible: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    least: float = 0.0

    @property
    def shown(self) -> tuple[str, ...]:
        """The matches, and the possible matches that are shown below them."""
        return self.matches + self.possible[: self.number_shown]

    @property
    def number_shown(self) -> int:
        """The number of possible matches that are shown."""
        return sum(probability >= self.least for probability in self.probabilities)

    def with_least(self, least: float) -> "ResultList":
        """The same results with another threshold."""
        return replace(self, least=least)


SearchFunction = Callable[[str, str], ResultList]
"""Maps the text of a query and a mode to its results."""

Fit = Callable[[Sequence[ClipRow]], SearchFunction]
"""Makes a `SearchFunction` over the same index, with tables learned on these records."""

SearchFor = Callable[[SampledQuery], SearchFunction]
"""Chooses the `SearchFunction` for a query."""

FIGURES: Final = ("success@10", "mrr@10", "zero_hits", "success@10_everything")
_OTHER_FIGURES: Final[Mapping[str, Sequence[str]]] = {
    FREQUENT: ("precision@10",),
    **dict.fromkeys(ABSENT, ("zero_hits",)),
}


def figures_of(kind: str) -> Sequence[str]:
    """The metrics of queries of a kind, in the order of `measure`."""
    return _OTHER_FIGURES.get(kind, FIGURES)


def run_all(
    queries: Sequence[SampledQuery], search_for: SearchFor, mode: str, step: Callable[[], None]
) -> list[ResultList]:
    """The results of all queries in one mode. A query that was sampled several times is run once."""
    results: dict[tuple[SearchFunction, str], ResultList] = {}
    found = []
    for query in queries:
        key = search_for(query), query.text
        if key not in results:
            results[key] = key[0](query.text, mode)
        found.append(results[key])
        step()
    return found


def measure(query: SampledQuery, results: ResultList) -> tuple[float, ...]:
    """The metrics of one result list: `figures_of` the query's kind."""
    shown = results.shown
    if query.kind == FREQUENT:
        return (len(query.relevant & set(shown[:FIRST])) / min(FIRST, len(query.relevant)),)
    if query.is_absent:
        return (float(not shown),)
    rank, rank_of_all = (_rank(query, found) for found in (shown, results.matches + results.possible))
    return float(rank > 0), 1 / rank if rank else 0.0, float(not shown), float(rank_of_all > 0)


def _rank(query: SampledQuery, found: Sequence[str]) -> int:
    """The rank of the first relevant clip, at most ten; 0 if there is none."""
    return next((rank for rank, clip in enumerate(found[:FIRST], 1) if clip in query.relevant), 0)


def cross_fitted(rows: Sequence[ClipRow], fit: Fit) -> SearchFor:
    """Runs each query with tables learned on the half of the sentences that does not contain its own.

    A frequent or an absent word does not belong to a single sentence; one of the halves is chosen at random.
    """
    first, second = parts(rows, 2)
    searches = fit(second), fit(first)
    half_of = {row.id: half for half, part in enumerate((first, second)) for row in part}

    def search_for(query: SampledQuery) -> SearchFunction:
        if (half := half_of.get(query.source)) is None:
            half = Random(query.source).randrange(2)  # noqa: S311 – sampling for statistics, not for secrets
        return searches[half]

    return search_for
