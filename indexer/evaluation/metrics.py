"""Metrics of single queries: running them, measuring each result, and choosing the tables for cross-fitting."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.evaluation.query_sampling import FREQUENT, SampledQuery

FIRST: Final = 10
"""Number of hits that the metrics consider."""

SearchFunction = Callable[[str, str], Sequence[str]]
"""Maps the text of a query and a mode to the clips of the first ten hits, best first."""

Fit = Callable[[Sequence[ClipRow]], SearchFunction]
"""Makes a `SearchFunction` over the same index, with tables learned on these records."""

SearchFor = Callable[[SampledQuery], SearchFunction]
"""Chooses the `SearchFunction` for a query."""

FIGURES: Final = ("success@10", "mrr@10", "zero_hits")
FREQUENT_FIGURES: Final = ("precision@10",)

Measures = Sequence[Sequence[float]]
"""The metrics of each query, in order: `FIGURES`, or `FREQUENT_FIGURES` for a frequent word."""


def measure_all(
    queries: Sequence[SampledQuery], search_for: SearchFor, mode: str, step: Callable[[], None]
) -> Measures:
    """The metrics of all queries in one mode. A query that was sampled several times is run once."""
    results: dict[tuple[SearchFunction, str], Sequence[str]] = {}
    found = []
    for query in queries:
        key = search_for(query), query.text
        if key not in results:
            results[key] = key[0](query.text, mode)
        found.append(measure(query, results[key]))
        step()
    return found


def measure(query: SampledQuery, hits: Sequence[str]) -> tuple[float, ...]:
    """The metrics of one result list."""
    if query.kind == FREQUENT:
        return (len(query.relevant & set(hits[:FIRST])) / min(FIRST, len(query.relevant)),)
    rank = next((rank for rank, clip in enumerate(hits[:FIRST], 1) if clip in query.relevant), None)
    return float(rank is not None), 1 / rank if rank else 0.0, float(not hits)


def cross_fitted(rows: Sequence[ClipRow], fit: Fit) -> SearchFor:
    """Runs each query with tables learned on the half of the sentences that does not contain its own.

    A frequent word does not belong to a single sentence; one of the halves is chosen at random.
    """
    first, second = halves(rows)
    searches = fit(second), fit(first)
    half_of = {row.id: half for half, part in enumerate((first, second)) for row in part}

    def search_for(query: SampledQuery) -> SearchFunction:
        if (half := half_of.get(query.source)) is None:
            half = Random(query.source).randrange(2)  # noqa: S311 – sampling for statistics, not for secrets
        return searches[half]

    return search_for


def halves(rows: Iterable[ClipRow]) -> tuple[list[ClipRow], list[ClipRow]]:
    """The records in two parts without a common sentence; deterministic."""
    by_sentence: defaultdict[str, list[ClipRow]] = defaultdict(list)
    for row in rows:
        by_sentence[" ".join(tokens(row.text))].append(row)
    sentences = sorted(by_sentence)
    Random("halves").shuffle(sentences)  # noqa: S311 – sampling for statistics, not for secrets
    middle = len(sentences) // 2
    first, second = (
        [row for sentence in part for row in by_sentence[sentence]] for part in (sentences[:middle], sentences[middle:])
    )
    return first, second
