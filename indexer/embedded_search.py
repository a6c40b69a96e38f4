"""One request to the embedded engine: the hits of a page in their one order, the facets' counts and the seconds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, groupby
from operator import itemgetter
from random import Random
from typing import Any, Final

from tantivy import DocAddress, Occur, Order, Query, Searcher

from indexer.embedded_query import (
    ADDING_UP,
    SCHEMA,
    ahead_of,
    compiled,
    counting,
    counts_of,
    equal_to,
    filtered,
    passage_of,
)
from indexer.index import Hit, Request, Result, Sort
from indexer.passages import Passage
from indexer.query import Everything

Found = list[tuple[Any, DocAddress]]
"""What decides of the order, a score or a number that is sorted by, None where there is none; and addresses."""

_BY_RANK: Final[dict[str, Any]] = {"order_by_field": "rank", "order": Order.Asc}

_STEP: Final = 50_000
"""Addresses that are fetched at a time where all hits are wanted."""


def matching(searcher: Searcher, query: Query) -> int:
    """How many documents match."""
    return _search(searcher, query, limit=1)[0]


def answer(searcher: Searcher, request: Request, *, is_ordered: bool) -> Result:
    """The page of hits asked for, the exact total, the facets' counts and the seconds.

    ``is_ordered`` says that all documents lie in the order of their ids, so that the engine's own order is ours; else
    ranks decide between equals.
    """
    total, found = _page(searcher, request, is_ordered=is_ordered)
    passages = [passage_of(searcher.doc(address)) for _, address in found]
    if isinstance(request.query, Everything):
        scores = [0.0] * len(found)
    elif request.sort:
        scores = _scores(searcher, request, passages)
    else:
        scores = [score for score, _ in found]
    facets, seconds = _counts(searcher, request)
    return Result(total, tuple(map(Hit, scores, passages)), facets, seconds)


def addresses(searcher: Searcher, request: Request, *, is_ordered: bool) -> Iterator[DocAddress]:
    """Where every hit lies, in the order of `answer`; some are fetched at a time."""
    for number in count(1):
        _, found = _page(searcher, replace(request, size=_STEP, page=number), is_ordered=is_ordered)
        yield from (address for _, address in found)
        if len(found) < _STEP:
            return


def drawn(searcher: Searcher, request: Request) -> list[DocAddress]:
    """Where hits drawn by chance lie, as many as the request's size. A million hits take a second to draw from."""
    _, found = _search(searcher, Query.const_score_query(_filtered(searcher, request), 0.0), max(1, searcher.num_docs))
    chance = Random(0)  # noqa: S311 - nothing is kept secret by it
    return [address for _, address in chance.sample(found, min(request.size, len(found)))]


def _page(searcher: Searcher, request: Request, *, is_ordered: bool) -> tuple[int, Found]:
    """The total, and the hits of the page asked for in the order asked for, ties by id."""
    query, how = _filtered(searcher, request), _order(request)
    most = max(1, searcher.num_docs)
    start = min((request.page - 1) * request.size, most)
    end = min(start + request.size, most)
    if is_ordered or how == _BY_RANK:
        total, found = _search(searcher, query, max(1, end - start), offset=start, **how)
        return total, found[: end - start]
    if request.sort:
        total, found = _search(searcher, query, max(1, end - start), offset=start, **how)
        return total, _with_equals(searcher, query, request.sort, found[: end - start], start)
    total, found = _with_ties(searcher, query, end)
    return total, _by_rank(searcher, found)[start:end]


def _filtered(searcher: Searcher, request: Request, without: str = "") -> Query:
    return filtered(request, lambda facet: [value for value, _ in searcher.terms_with_prefix(facet, "")], without)


def _order(request: Request) -> dict[str, Any]:
    """How the engine is told the order; it puts what has no value last by itself."""
    if sort := request.sort:
        return {"order_by_field": sort.field, "order": Order.Desc if sort.falling else Order.Asc}
    return _BY_RANK if isinstance(request.query, Everything) else {}


def _with_equals(searcher: Searcher, query: Query, sort: Sort, found: Found, start: int) -> Found:
    """The page that begins at ``start``, each run of equals by rank.

    Of the first and the last run some may belong on other pages, of however many: those are asked for by their value.
    """
    runs = [list(run) for _, run in groupby(_by_rank(searcher, found), key=itemgetter(0))]
    for at in {0, len(runs) - 1} if runs else ():
        value = runs[at][0][0]
        skipped = start - matching(searcher, _both(query, ahead_of(sort, value))) if at == 0 else 0
        equals = _both(query, equal_to(sort.field, value))
        _, runs[at] = _search(searcher, equals, len(runs[at]), offset=skipped, **_BY_RANK)
    return list(chain.from_iterable(runs))


def _both(query: Query, other: Query) -> Query:
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, other)])


def _with_ties(searcher: Searcher, query: Query, end: int) -> tuple[int, Found]:
    """The total, and at least ``end`` of the best hits: all of those, too, that score as much as the last of them."""
    limit = end + 1
    while True:
        total, found = _search(searcher, query, limit)
        if len(found) < limit or found[-1][0] < found[max(0, end - 1)][0]:
            return total, found
        limit *= 4


def _by_rank(searcher: Searcher, found: Found) -> Found:
    """The same hits, each run of equals by rank."""
    ranks = searcher.fast_field_values("rank", [address for _, address in found])
    runs = groupby(range(len(found)), key=lambda at: found[at][0])
    return [found[at] for _, run in runs for at in sorted(run, key=lambda at: ranks[at] or 0)]


def _scores(searcher: Searcher, request: Request, passages: Sequence[Passage]) -> list[float]:
    """How well each passage matches, where the engine has sorted by something else."""
    ids = [passage.id for passage in passages]
    among = Query.const_score_query(Query.term_set_query(SCHEMA, "id", ids), 0.0)
    _, found = _search(searcher, _both(compiled(request.query), among), max(1, len(ids)))
    scores = {passage_of(searcher.doc(address)).id: score for score, address in found}
    return [scores[passage_id] for passage_id in ids]


def _search(searcher: Searcher, query: Query, limit: int, **how: Any) -> tuple[int, Found]:
    result: Any = searcher.search(query, limit=limit, **how)  # the library's annotations lack the count
    return result.count, result.hits


def _counts(searcher: Searcher, request: Request) -> tuple[dict[str, dict[str, int]], float | None]:
    """Counts by value of the facets asked for, and the seconds; all but facets with a filter of their own in one go."""
    free = [facet for facet in request.facets if facet not in request.filters]
    wanted = counting(free) | (ADDING_UP if request.seconds else {})
    answer: dict[str, Any] = searcher.aggregate(_filtered(searcher, request), wanted) if wanted else {}
    for facet in request.facets:
        if facet in request.filters:
            answer |= searcher.aggregate(_filtered(searcher, request, without=facet), counting([facet]))
    facets = {facet: counts_of(answer, facet) for facet in request.facets}
    return facets, answer["seconds"]["value"] if request.seconds else None
