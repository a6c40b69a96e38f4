"""One request to the embedded engine: the hits of a page in their one order, and the facets' counts."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Final

from tantivy import DocAddress, Order, Query, Searcher

from indexer.embedded_query import counting, counts_of, filtered
from indexer.index import Request
from indexer.query import Everything

Found = list[tuple[float, DocAddress]]
"""Scores and addresses."""

_STEP: Final = 50_000
"""Addresses that are fetched at a time where all hits are wanted."""


def matching(searcher: Searcher, query: Query) -> int:
    """How many documents match."""
    return _search(searcher, query, limit=1)[0]


def page(searcher: Searcher, request: Request, *, is_ordered: bool) -> tuple[int, Found]:
    """The total, and the hits of the page asked for, by falling score and ties by id.

    ``is_ordered`` says that all documents lie in the order of their ids, so that the engine's own order is ours; else
    ranks decide between equal scores.
    """
    query = filtered(request)
    most = max(1, searcher.num_docs)
    start = min((request.page - 1) * request.size, most)
    end = min(start + request.size, most)
    if isinstance(request.query, Everything):
        total, found = _search(
            searcher, query, max(1, end - start), offset=start, order_by_field="rank", order=Order.Asc
        )
        return total, [(0.0, address) for _, address in found[: end - start]]
    if is_ordered:
        total, found = _search(searcher, query, max(1, end - start), offset=start)
        return total, found[: end - start]
    total, found = _with_ties(searcher, query, end)
    return total, _by_rank(searcher, found)[start:end]


def addresses(searcher: Searcher, request: Request, *, is_ordered: bool) -> Iterator[DocAddress]:
    """Where every hit lies, in the order of `answer`; some are fetched at a time."""
    for number in count(1):
        _, found = _page(searcher, replace(request, size=_STEP, page=number), is_ordered=is_ordered)
        yield from (address for _, address in found)
        if len(found) < _STEP:
            return


def _page(searcher: Searcher, request: Request, *, is_ordered: bool) -> tuple[int, Found]:
    """The total, and the hits of the page asked for in the order asked for, ties by id."""
    query, how = filtered(request), _order(request)
    most = max(1, searcher.num_docs)
    start = min((request.page - 1) * request.size, most)
    end = min(start + request.size, most)
    if is_ordered or how == _BY_RANK:
        total, found = _search(searcher, query, max(1, end - start), offset=start, **how)
        return total, found[: end - start]
    total, found = _with_ties(searcher, query, end, how)
    return total, _by_rank(searcher, found)[start:end]


def _order(request: Request) -> dict[str, Any]:
    """How the engine is told the order; it puts what has no value last by itself."""
    if sort := request.sort:
        return {"order_by_field": sort.field, "order": Order.Desc if sort.falling else Order.Asc}
    return _BY_RANK if isinstance(request.query, Everything) else {}


def _with_ties(searcher: Searcher, query: Query, end: int) -> tuple[int, Found]:
    """The total, and at least ``end`` of the best hits: all of those, too, that score as much as the last of them."""
    limit = end + 1
    while True:
        total, found = _search(searcher, query, limit)
        if len(found) < limit or found[-1][0] < found[max(0, end - 1)][0]:
            return total, found
        limit *= 4


def _by_rank(searcher: Searcher, found: Found) -> Found:
    ranks = searcher.fast_field_values("rank", [address for _, address in found])
    order = sorted(range(len(found)), key=lambda at: (-found[at][0], ranks[at]))
    return [found[at] for at in order]


def _search(searcher: Searcher, query: Query, limit: int, **how: Any) -> tuple[int, Found]:
    result: Any = searcher.search(query, limit=limit, **how)  # the library's annotations lack the count
    return result.count, result.hits


def facets(searcher: Searcher, request: Request) -> dict[str, dict[str, int]]:
    """Counts by value of the facets asked for; those without a filter of their own are counted in one go."""
    free = [facet for facet in request.facets if facet not in request.filters]
    answer: dict[str, Any] = searcher.aggregate(filtered(request), counting(free)) if free else {}
    for facet in request.facets:
        if facet in request.filters:
            answer |= searcher.aggregate(filtered(request, without=facet), counting([facet]))
    return {facet: counts_of(answer, facet) for facet in request.facets}
