"""Elasticsearch's mapping, documents and requests, from the field table and the query tree; without a connection."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from indexer.documents import DERIVED_FIELDS, LONGEST_KEYWORD, SCHEMA, TOKEN_FIELDS, transcript_text
from indexer.index import Range, Request
from indexer.provenance import Origin
from indexer.query_tree import (
    AllOf,
    AnyOf,
    BestOf,
    Between,
    Constant,
    Everything,
    Favouring,
    Leaf,
    Missing,
    Phrase,
    Prefix,
    Query,
    Term,
    Without,
)
from indexer.schema import (
    FIELDS,
    INTEGERS,
    UNKNOWN,
    VALUE_FACETS,
    VALUE_KEYS,
    Kind,
    counted_in,
    merged_counts,
    value_key,
)

MOST_VALUES: Final = 10_000
"""Maximum number of values that are counted of one facet."""

_UNSAID: Final = ("", UNKNOWN)
"""Keywords that count as empty."""

_KEYWORD: Final = {"type": "keyword", "ignore_above": LONGEST_KEYWORD}

# Nothing here requires a module that the minimal distribution lacks.
_TYPES: Final[Mapping[Kind, Mapping[str, Any]]] = {
    "id": {"type": "keyword"},
    "keyword": _KEYWORD,
    "values": _KEYWORD,
    "number": {"type": "double"},
    "integer": {"type": "long", "ignore_malformed": True},
    "date": {"type": "date", "ignore_malformed": True},
    "prose": {"type": "text", "analyzer": "standard", "fields": {"keyword": _KEYWORD}},  # the keyword can be counted
    "tokens": {"type": "text", "analyzer": "whitespace"},
    "stored": {"type": "object", "enabled": False},
}


def mapping(audio: str | None, origin: Origin | None = None) -> dict[str, Any]:
    """The mapping of a version. It is strict: a field that is not in the field table is rejected, so both stay in step.

    ``vocabulary`` repeats the different tokens of a transcript in a columnar field, which can be counted. Token fields
    are not returned with hits.
    """
    return {
        "dynamic": "strict",
        "_meta": {"schema": SCHEMA, "audio": audio, **({"origin": origin.to_json()} if origin else {})},
        "_source": {"excludes": [*DERIVED_FIELDS, "vocabulary"]},
        "properties": {
            **{field.name: dict(_TYPES[field.kind]) for field in FIELDS},
            "extra": {"type": "flattened", "ignore_above": LONGEST_KEYWORD},
            "vocabulary": {"type": "keyword", "index": False},
        },
    }


def settings_while_loading(shards: int) -> dict[str, Any]:
    """Settings during a load: no refresh, and a replica of each shard if there is a second node, in case one is lost.

    A requested merge removes all replaced documents, even if there are few.
    """
    return {
        "number_of_shards": shards,
        "auto_expand_replicas": "0-1",
        "refresh_interval": "-1",
        "merge": {"policy": {"expunge_deletes_allowed": 0}},
    }


SETTINGS_WHEN_LOADED: Final = {"refresh_interval": None}


def index_action(document: Mapping[str, Any], index: str) -> dict[str, Any]:
    """The bulk action that writes a document."""
    source = {**document, "vocabulary": sorted(set(transcript_text(document).split()))}
    return {"_op_type": "index", "_index": index, "_id": document["id"], "_source": source}


def compiled(tree: Query) -> dict[str, Any]:
    """Elasticsearch's query for a query tree."""
    match tree:
        case Everything():
            return {"match_all": {"boost": 0}}
        case AllOf(children):
            return {"bool": {"must": [compiled(child) for child in children]}}
        case AnyOf(children):
            return _either(compiled(child) for child in children)
        case BestOf(children):
            return {"dis_max": {"queries": [compiled(child) for child in children]}}
        case Favouring(child, favours):
            return {"bool": {"must": [compiled(child)], "should": [compiled(favour) for favour in favours]}}
        case Constant(child, score):
            return _scoring(compiled(child), score)
        case Without(child, excluded):
            return {"bool": {"must": [compiled(child)], "must_not": [compiled(excluded)]}}
        case _:
            return _leaf(tree)


def _leaf(tree: Leaf) -> dict[str, Any]:
    match tree:
        case Term(field, token, weight) if field in TOKEN_FIELDS:
            return {"term": {field: {"value": token, "boost": weight}}}
        case Term(field, token, weight) if token in _UNSAID and _may_be_unsaid(field):
            return _scoring(_nothing("tokens"), weight)
        case Term(field, token, weight):  # cut beyond the longest value, because the length of a term is limited
            return _scoring({"term": {field: {"value": token[: LONGEST_KEYWORD + 1]}}}, weight)
        case Phrase(field, tokens):  # without the second part, a shard without the tokens would report no statistics
            return _either([{"match_phrase": {field: " ".join(tokens)}}, _nothing(field)])
        case Prefix(field, start):
            prefix = {"prefix": {field: {"value": start}}}
            unsaid = [{"term": {field: {"value": value}}} for value in _UNSAID if value.startswith(start)]
            return {"bool": {"must": [prefix], "must_not": unsaid}} if unsaid and _may_be_unsaid(field) else prefix
        case Between():
            ends = Range(*tree.whole()) if tree.field in INTEGERS else Range(tree.low, tree.high)
            return _scoring(_opaque(_in_range(tree.field, ends)), 0)
        case Missing(field):
            return _scoring(_opaque(_missing(field)), 0)


def _may_be_unsaid(field: str) -> bool:
    return field not in TOKEN_FIELDS and field not in ("id", "clip")


def _either(queries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def _scoring(query: Mapping[str, Any], score: float) -> dict[str, Any]:
    return {"constant_score": {"filter": query, "boost": score}}


def _nothing(field: str) -> dict[str, Any]:
    """Matches no passage, but a shard does not know that before it has searched."""
    return {"term": {field: {"value": ""}}}


def _opaque(query: Mapping[str, Any]) -> dict[str, Any]:
    """The query in a form that no shard rewrites to match all or none of its passages.

    A shard that did so would leave its words out of the statistics on which scores are based.
    """
    return {"bool": {"must": [_either([query, _nothing("tokens")])], "must_not": [_nothing("stems")]}}


def _missing(field: str) -> dict[str, Any]:
    """Empty or "unknown"; the empty cell of an unknown column is a value here."""
    nothing = {"bool": {"must_not": {"exists": {"field": field}}}}
    return _either([nothing, {"terms": {field: list(_UNSAID)}}])


def search_body(request: Request) -> dict[str, Any]:
    """The request for hits, exact total, facets and total duration, without its page.

    Filters and ranges are applied after counting, and each facet's counts are filtered by all of them except its own.
    They are separate from the query, because a shard without a passage in a range would leave its words out of the
    statistics on which scores are based.
    """
    ranges = {name: _in_range(name, bounds) for name, bounds in request.ranges.items() if bounds != Range()}
    filters = {facet: _with_value(facet, values) for facet, values in request.filters.items()}
    conditions = ranges | filters
    counts = {
        facet: _among(
            conditions, facet, {"terms": {"field": counted_in(facet), "size": MOST_VALUES, "missing": UNKNOWN}}
        )
        for facet in request.facets
    }
    seconds = {"seconds": _among(conditions, "", _SUM)} if request.seconds else {}
    order: dict[str, Any] = {"_score": "desc"}
    if sort := request.sort:
        order = {sort.field: {"order": "desc" if sort.descending else "asc", "missing": "_last"}}
    return {
        "query": compiled(request.query),
        "post_filter": {"bool": {"filter": list(conditions.values())}},
        "aggs": counts | seconds,
        "sort": [order, {"id": "asc"}],
        "track_scores": True,
        "track_total_hits": True,
    }


def _in_range(name: str, bounds: Range) -> dict[str, Any]:
    ends = {"gte": bounds.low, "lte": bounds.high}
    return {"range": {name: {end: bound for end, bound in ends.items() if bound is not None}}}


def _with_value(facet: str, values: Collection[str]) -> dict[str, Any]:
    if facet in VALUE_FACETS:
        terms = {VALUE_KEYS: sorted({value_key(facet, value) for value in values})}
    else:
        terms = {facet: sorted(values)}
    choices: list[dict[str, Any]] = [{"terms": terms}]
    if UNKNOWN in values:
        choices.append(_missing(counted_in(facet)))
    return _either(choices)


_SUM: Final = {"sum": {"field": "duration"}}


def _among(conditions: Mapping[str, Any], without: str, counted: Mapping[str, Any]) -> dict[str, Any]:
    """The aggregation over all passages that pass the conditions, except the one named ``without``."""
    others = [condition for name, condition in conditions.items() if name != without]
    return {"filter": {"bool": {"filter": others}}, "aggs": {"all": counted}}


def counts_of(answer: Mapping[str, Any], facet: str) -> dict[str, int]:
    """The counts by value in the response to a search."""
    buckets = answer["aggregations"][facet]["all"]["buckets"]
    return merged_counts(facet, {bucket["key"]: bucket["doc_count"] for bucket in buckets})


def seconds_of(answer: Mapping[str, Any]) -> float:
    """The total duration in the response to a search that requested it."""
    return float(answer["aggregations"]["seconds"]["all"]["value"])


def words_body(after: Mapping[str, str] | None) -> dict[str, Any]:
    """The request for one page of the vocabulary, with the number of passages that contain each word."""
    source = {"word": {"terms": {"field": "vocabulary"}}}
    composite = {"size": MOST_VALUES, "sources": [source], **({"after": after} if after else {})}
    return {"size": 0, "aggs": {"words": {"composite": composite}}}
