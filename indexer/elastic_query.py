"""Elasticsearch's mapping, documents and requests, made of the field table and the query tree: no server is asked."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from indexer.documents import LONGEST_KEYWORD, SCHEMA, SENTINEL, TOKEN_FIELDS, document_of
from indexer.fields import FIELDS, UNKNOWN, Kind
from indexer.index import Range, Request
from indexer.passages import Passage
from indexer.query import AllOf, AnyOf, BestOf, Everything, Query, Term

MOST_VALUES: Final = 10_000
"""Values that are counted of one facet."""

# Nothing here needs a module that the minimal distribution lacks.
_TYPES: Final[Mapping[Kind, Mapping[str, Any]]] = {
    "id": {"type": "keyword"},
    "keyword": {"type": "keyword", "ignore_above": LONGEST_KEYWORD},
    "number": {"type": "double"},
    "integer": {"type": "long", "ignore_malformed": True},
    "date": {"type": "date", "ignore_malformed": True},
    "prose": {"type": "text", "analyzer": "standard"},
    "tokens": {"type": "text", "analyzer": "whitespace"},
    "stored": {"type": "object", "enabled": False},
}


def mapping(audio: str | None) -> dict[str, Any]:
    """Strict: a member that the field table does not know is refused, so the two cannot drift apart.

    ``vocabulary`` holds a transcript's different tokens once more, as columns on disk that can be counted; token fields
    are left out of what comes back.
    """
    return {
        "dynamic": "strict",
        "_meta": {"schema": SCHEMA, "audio": audio},
        "_source": {"excludes": [*TOKEN_FIELDS, "vocabulary"]},
        "properties": {
            **{field.name: dict(_TYPES[field.kind]) for field in FIELDS},
            "extra": {"type": "flattened", "ignore_above": LONGEST_KEYWORD},
            "vocabulary": {"type": "keyword", "index": False},
        },
    }


LOADED: Final = "loaded"
"""The mark in ``_meta`` of a version that was loaded to its end; one that a killed load left has none."""


def settings_while_loading(shards: int) -> dict[str, Any]:
    """No copies and no refresh until all is there."""
    return {"number_of_shards": shards, "number_of_replicas": 0, "refresh_interval": "-1"}


SETTINGS_WHEN_LOADED: Final = {"refresh_interval": None, "auto_expand_replicas": "0-1"}


def index_action(passage: Passage, index: str) -> dict[str, Any]:
    """The bulk action that writes a passage."""
    document = document_of(passage)
    document["vocabulary"] = sorted(set(document["tokens"].split(" ")) - {SENTINEL})
    return {"_op_type": "index", "_index": index, "_id": passage.id, "_source": document}


def compiled(tree: Query) -> dict[str, Any]:
    """The query for a query tree."""
    match tree:
        case Everything():
            return {"match_all": {"boost": 0}}
        case Term(field, token, weight):
            return {"term": {field: {"value": token, "boost": weight}}}
        case AllOf(children):
            return {"bool": {"must": [compiled(child) for child in children]}}
        case AnyOf(children):
            return {"bool": {"should": [compiled(child) for child in children], "minimum_should_match": 1}}
        case BestOf(children):
            return {"dis_max": {"queries": [compiled(child) for child in children]}}


def search_body(request: Request) -> dict[str, Any]:
    """Hits, exact total and facets in one; what hits are skipped and how many are wanted is not in it.

    Filters and ranges narrow the hits after counting, and each facet's counts are narrowed by all of them but its own
    filter. They stand beside the query and not in it: a shard without a passage in a range would answer for none, and
    its words would be missing from the statistics that scores are made of.
    """
    ranges = {name: _in_range(name, bounds) for name, bounds in request.ranges.items() if bounds != Range()}
    filters = {facet: _with_value(facet, values) for facet, values in request.filters.items()}
    conditions = ranges | filters
    return {
        "query": compiled(request.query),
        "post_filter": {"bool": {"filter": list(conditions.values())}},
        "aggs": {facet: _counting(facet, conditions) for facet in request.facets},
        "sort": [{"_score": "desc"}, {"id": "asc"}],
        "track_scores": True,
        "track_total_hits": True,
    }


def _in_range(name: str, bounds: Range) -> dict[str, Any]:
    ends = {"gte": bounds.low, "lte": bounds.high}
    return {"range": {name: {end: bound for end, bound in ends.items() if bound is not None}}}


def _with_value(facet: str, values: Collection[str]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = [{"terms": {facet: sorted(values)}}]
    if UNKNOWN in values:
        choices.append({"bool": {"must_not": {"exists": {"field": facet}}}})
    return {"bool": {"should": choices, "minimum_should_match": 1}}


def _counting(facet: str, conditions: Mapping[str, Any]) -> dict[str, Any]:
    others = [condition for name, condition in conditions.items() if name != facet]
    values = {"terms": {"field": facet, "size": MOST_VALUES, "missing": UNKNOWN}}
    return {"filter": {"bool": {"filter": others}}, "aggs": {"values": values}}


def counts_of(answer: Mapping[str, Any], facet: str) -> dict[str, int]:
    """The counts by value in the answer to a search."""
    return {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"][facet]["values"]["buckets"]}


def words_body(after: Mapping[str, str] | None) -> dict[str, Any]:
    """One page of the vocabulary, with the number of passages that have each word."""
    source = {"word": {"terms": {"field": "vocabulary"}}}
    composite = {"size": MOST_VALUES, "sources": [source], **({"after": after} if after else {})}
    return {"size": 0, "aggs": {"words": {"composite": composite}}}
