"""One search in Elasticsearch: one request for hits, total and facets; more only for pages far down."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from indexer.elastic.query import counts_of, search_body, seconds_of
from indexer.errors import IndexUnavailable
from indexer.index import PassageHit, Request, SearchHits
from indexer.passages import Passage

WINDOW: Final = 10_000
"""Hits up to which Elasticsearch pages by number; beyond, a search continues after the last hit."""

_STEP: Final = 1_000
"""Hits that are fetched at a time if all of them are wanted, each with its whole source."""

_KEPT: Final = "5m"
"""How long a reader may take with one step, for example over a slow connection."""

HOW: Final[Mapping[str, Any]] = {"search_type": "dfs_query_then_fetch", "allow_partial_search_results": False}
"""Scores use the statistics of all shards together, as in the other engine, and no shard may be missing."""


def answer(client: Elasticsearch, index: str, request: Request) -> SearchHits:
    """The requested page of hits, the exact total, facet counts and total duration."""
    start = (request.page - 1) * request.size
    body = search_body(request)
    if start + request.size <= WINDOW:
        page = {"index": index, "from_": start, "size": request.size}
        counts = _search(client, **page, **body)
        found = counts["hits"]["hits"]
    else:
        counts, found = _far_down(client, index, body, start, request.size)
    hits = tuple(PassageHit(hit["_score"], Passage.from_source(hit["_source"])) for hit in found)
    facets = {facet: counts_of(counts, facet) for facet in request.facets}
    seconds = seconds_of(counts) if request.seconds else None
    return SearchHits(counts["hits"]["total"]["value"], hits, facets, seconds)


def _search(client: Elasticsearch, **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.search(**HOW, **how).body
    return found


def _far_down(
    client: Elasticsearch, index: str, body: Mapping[str, Any], start: int, size: int
) -> tuple[dict[str, Any], list[Any]]:
    """The response with total and facets, and the hits of a page beyond the window, from one point in time."""
    with _moment(client, index) as pinned:
        counts = _search(client, **pinned, **body, size=0)
        hits_only = pinned | {name: part for name, part in body.items() if name != "aggs"}
        found: list[Any] = []
        last: Any = None
        while len(found) < size:
            is_skipping = start > 0
            step = min(start if is_skipping else size - len(found), WINDOW)
            hits = _search(client, **hits_only, size=step, source=not is_skipping, search_after=last)["hits"]["hits"]
            start, found = (start - step, found) if is_skipping else (start, found + hits)
            if len(hits) < step:
                break
            last = hits[-1]["sort"]
        return counts, found


def every_hit(client: Elasticsearch, index: str, request: Request) -> Iterator[Passage]:
    """All matching passages, in the order of `answer`, from one point in time."""
    body = search_body(request) | {"aggs": {}, "track_total_hits": False}
    last: Any = None
    with _moment(client, index) as pinned:
        while hits := _search(client, **pinned, **body, size=_STEP, search_after=last)["hits"]["hits"]:
            yield from (Passage.from_source(hit["_source"]) for hit in hits)
            last = hits[-1]["sort"]


def drawn(client: Elasticsearch, index: str, request: Request) -> tuple[Passage, ...]:
    """Randomly drawn hits, as many as the request's size: those with the highest random score of their position."""
    body = search_body(request)
    chance = {"random_score": {"seed": 0, "field": "_seq_no"}, "boost_mode": "replace"}
    query = {"function_score": {"query": body["query"]} | chance}
    hits = _search(client, index=index, query=query, post_filter=body["post_filter"], size=request.size)["hits"]["hits"]
    return tuple(Passage.from_source(hit["_source"]) for hit in hits)


@contextmanager
def _moment(client: Elasticsearch, index: str) -> Iterator[dict[str, Any]]:
    """A point in time of the index, as part of a search; kept for as long as one step may take.

    Raises `IndexUnavailable` if Elasticsearch no longer has it.
    """
    moment = client.open_point_in_time(index=index, keep_alive=_KEPT)["id"]
    try:
        yield {"pit": {"id": moment, "keep_alive": _KEPT}}
    except NotFoundError as problem:
        raise IndexUnavailable(
            "the version of the index that was being read no longer exists: newer ones replaced it, a node "
            "with a part of it was lost, or there was no request for five minutes; try again"
        ) from problem
    finally:
        with suppress(ApiError, TransportError):  # otherwise it expires
            client.close_point_in_time(id=moment)
