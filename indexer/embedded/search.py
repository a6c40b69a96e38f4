"""One request to the embedded engine: the hits of a page in their order, facet counts and total duration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count, groupby
from operator import itemgetter
from random import Random
from typing import Any, Final

from tantivy import DocAddress, Occur, Order, Query, Searcher

from indexer.embedded.query import (
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
from indexer.index import PassageHit, Request, SearchHits, Sort
from indexer.passages import Passage
from indexer.query_tree import Everything

Found = list[tuple[Any, DocAddress]]
"""Pairs of the sort value (a score or a number, None if there is none) and the document's address."""

_BY_RANK: Final[dict[str, Any]] = {"order_by_field": "rank", "order": Order.Asc}

_STEP: Final = 50_000
"""Addresses that are fetched at a time if all hits are wanted."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The index as of one commit.

    ``is_ordered`` says that all documents are in the order of their ids, so that the engine's own order of ties is
    correct; otherwise ranks decide between equal hits.
    """

    searcher: Searcher
    is_ordered: bool
    _values: dict[str, list[str]] = field(default_factory=dict)

    def values_of(self, facet: str) -> list[str]:
        """The values of a facet, including those of deleted passages; cached, because there may be many thousands."""
        if facet not in self._values:
            self._values[facet] = [value for value, _ in self.searcher.terms_with_prefix(facet, "")]
        return self._values[facet]


def matching(searcher: Searcher, query: Query) -> int:
    """The number of matching documents."""
    return _search(searcher, query, limit=1)[0]


def answer(moment: Moment, request: Request) -> SearchHits:
    """The requested page of hits, the exact total, facet counts and total duration."""
    total, found = _page(moment, request)
    passages = [passage_of(moment.searcher.doc(address)) for _, address in found]
    if isinstance(request.query, Everything):
        scores = [0.0] * len(found)
    elif request.sort:
        scores = _scores(moment.searcher, request, passages)
    else:
        scores = [score for score, _ in found]
    facets, seconds = _counts(moment, request)
    return SearchHits(total, tuple(map(PassageHit, scores, passages)), facets, seconds)


def addresses(moment: Moment, request: Request) -> Iterator[DocAddress]:
    """The addresses of all hits, in the order of `answer`; they are fetched in batches."""
    for number in count(1):
        _, found = _page(moment, replace(request, size=_STEP, page=number))
        yield from (address for _, address in found)
        if len(found) < _STEP:
            return


def drawn(moment: Moment, request: Request) -> list[DocAddress]:
    """The addresses of randomly drawn hits, as many as the request's size. A million hits take a second."""
    alike = Query.const_score_query(filtered(request, moment.values_of), 0.0)
    _, found = _search(moment.searcher, alike, max(1, moment.searcher.num_docs))
    chance = Random(0)  # noqa: S311 - sampling, not a secret
    return [address for _, address in chance.sample(found, min(request.size, len(found)))]


def _page(moment: Moment, request: Request) -> tuple[int, Found]:
    """The total, and the hits of the requested page in the requested order, ties by id."""
    searcher, query, how = moment.searcher, filtered(request, moment.values_of), _order(request)
    most = max(1, searcher.num_docs)
    start = min((request.page - 1) * request.size, most)
    end = min(start + request.size, most)
    if moment.is_ordered or how == _BY_RANK:
        total, found = _search(searcher, query, max(1, end - start), offset=start, **how)
        return total, found[: end - start]
    if request.sort:
        total, found = _search(searcher, query, max(1, end - start), offset=start, **how)
        return total, _with_equals(searcher, query, request.sort, found[: end - start], start)
    total, found = _with_ties(searcher, query, end)
    return total, _by_rank(searcher, found)[start:end]


def _order(request: Request) -> dict[str, Any]:
    """The order in the engine's terms; it sorts missing values last by itself."""
    if sort := request.sort:
        return {"order_by_field": sort.field, "order": Order.Desc if sort.descending else Order.Asc}
    return _BY_RANK if isinstance(request.query, Everything) else {}


def _with_equals(searcher: Searcher, query: Query, sort: Sort, found: Found, start: int) -> Found:
    """The page that begins at ``start``, with each run of equal hits sorted by rank.

    The first and the last run may extend beyond this page, by any number of hits: they are fetched by their value.
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
    """The total, and at least ``end`` of the best hits, including all hits that score the same as the last of them."""
    limit = end + 1
    while True:
        total, found = _search(searcher, query, limit)
        if len(found) < limit or found[-1][0] < found[max(0, end - 1)][0]:
            return total, found
        limit *= 4


def _by_rank(searcher: Searcher, found: Found) -> Found:
    """The same hits, each run of equal ones sorted by rank."""
    ranks = searcher.fast_field_values("rank", [address for _, address in found])
    runs = groupby(range(len(found)), key=lambda at: found[at][0])
    return [found[at] for _, run in runs for at in sorted(run, key=lambda at: ranks[at] or 0)]


def _scores(searcher: Searcher, request: Request, passages: Sequence[Passage]) -> list[float]:
    """The score of each passage, if the engine has sorted by something else."""
    ids = [passage.id for passage in passages]
    among = Query.const_score_query(Query.term_set_query(SCHEMA, "id", ids), 0.0)
    _, found = _search(searcher, _both(compiled(request.query), among), max(1, len(ids)))
    scores = {passage_of(searcher.doc(address)).id: score for score, address in found}
    return [scores[passage_id] for passage_id in ids]


def _search(searcher: Searcher, query: Query, limit: int, **how: Any) -> tuple[int, Found]:
    result: Any = searcher.search(query, limit=limit, **how)  # the library's annotations lack ``count``
    return result.count, result.hits


def _counts(moment: Moment, request: Request) -> tuple[dict[str, dict[str, int]], float | None]:
    """The facet counts and the total duration; one aggregation covers all facets without a filter."""
    aggregate = moment.searcher.aggregate
    free = [facet for facet in request.facets if facet not in request.filters]
    wanted = counting(free) | (ADDING_UP if request.seconds else {})
    answer: dict[str, Any] = aggregate(filtered(request, moment.values_of), wanted) if wanted else {}
    for facet in request.facets:
        if facet in request.filters:
            answer |= aggregate(filtered(request, moment.values_of, without=facet), counting([facet]))
    facets = {facet: counts_of(answer, facet) for facet in request.facets}
    return facets, answer["seconds"]["value"] if request.seconds else None
