"""The embedded engine's schema, and requests compiled to its queries; without access to files."""

import json
import math
from collections.abc import Callable, Collection, Mapping
from functools import reduce
from typing import Any, Final

from tantivy import Document, FieldType, Occur, Query, Schema, SchemaBuilder

from indexer.documents import DERIVED_FIELDS, LONGEST_KEYWORD, OLDEST_SEARCHABLE, TOKEN_FIELDS
from indexer.index import Range, Request, Sort
from indexer.passages import Passage
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
    Term,
    Without,
)
from indexer.query_tree import Query as Tree
from indexer.schema import (
    FIELDS,
    INTEGERS,
    UNKNOWN,
    VALUE_FACETS,
    VALUE_KEYS,
    Field,
    counted_in,
    merged_counts,
    value_key,
)

MOST_VALUES: Final = 10_000
"""Maximum number of values that are counted of one facet."""

_SEARCHABLE: Final = tuple(field for field in FIELDS if field.kind not in ("prose", "stored"))

_KEYWORDS: Final = tuple(field.name for field in FIELDS if field.kind == "keyword" and field.name != "clip")

_TAKEN_AS_THEY_ARE: Final = tuple(
    field.name for field in _SEARCHABLE if field.name not in _KEYWORDS and field.name not in INTEGERS
)

_JSON: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False)

_LARGEST_INTEGER: Final = 2**63 - 1

_EXTRA: Final = "extra."

_FEW: Final = 8
"""In a narrow query, up to this many other values of a facet are excluded instead of searching for the chosen ones: the
engine reads all documents of a union, but checks an excluded value only if the rest of the query matches."""

ValuesOf = Callable[[str], Collection[str]]
"""Returns the values of a facet that occur in the index."""


def schema() -> Schema:
    """The schema of the field table; ``rank`` orders passages by id, ``source`` is what is returned of them.

    The engine addresses fields by their number, so later fields come last: those of earlier indexes keep theirs.
    """
    builder = SchemaBuilder()
    for field in _SEARCHABLE:
        if field.since <= OLDEST_SEARCHABLE:
            _add_field(builder, field)
    builder.add_json_field("extra", tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_unsigned_field("rank", fast=True)
    builder.add_bytes_field("source", stored=True)
    for field in _SEARCHABLE:
        if field.since > OLDEST_SEARCHABLE:
            _add_field(builder, field)
    return builder.build()


def _add_field(builder: SchemaBuilder, field: Field) -> None:
    match field.kind:
        case "id" | "keyword" | "values" | "date":
            fast = field.kind in ("keyword", "values")
            builder.add_text_field(field.name, tokenizer_name="raw", index_option="basic", fast=fast)
        case "tokens":  # this analyser only splits at spaces; it neither lowercases nor truncates
            builder.add_text_field(field.name, tokenizer_name="whitespace", index_option="position")
        case "number":
            builder.add_float_field(field.name, indexed=True, fast=True)
        case "integer":
            builder.add_integer_field(field.name, indexed=True, fast=True)


SCHEMA: Final = schema()


def engine_document(document: Mapping[str, Any], rank: int) -> Document:
    """A document as this engine expects it; raises `ValueError` if a text is not valid Unicode."""
    members: dict[str, Any] = {name: document[name] for name in _TAKEN_AS_THEY_ARE if name in document}
    for name in _KEYWORDS:
        if name in document and _says_something(document[name]):
            members[name] = document[name]
    for name in INTEGERS:
        if name in document and abs(document[name]) <= _LARGEST_INTEGER:
            members[name] = document[name]
    if "extra" in document:
        extra = document["extra"].items()
        members["extra"] = {name: _extra_value(value) for name, value in extra if _says_something(value)}
    source = {name: value for name, value in document.items() if name not in DERIVED_FIELDS}
    members["source"] = _JSON.encode(source).encode()
    members["rank"] = rank
    return Document.from_dict(members, SCHEMA)


def _says_something(value: str) -> bool:
    """Whether a keyword can be searched for; "unknown" counts as empty."""
    return value not in ("", UNKNOWN) and len(value) <= LONGEST_KEYWORD


def _extra_value(value: str) -> str:
    """The indexed form of an unknown column's value, because the engine would parse a text like a date as one."""
    return "=" + value


def passage_of(document: Document) -> Passage:
    """The passage that a stored document was made of."""
    source: Any = document.get_first("source")
    return Passage.from_source(json.loads(source))


def compiled(tree: Tree) -> Query:
    """The engine's query for a query tree."""
    match tree:
        case Everything():
            return Query.const_score_query(Query.all_query(), 0.0)
        case AllOf(children):
            return Query.boolean_query([(Occur.Must, compiled(child)) for child in children])
        case AnyOf(children):
            return Query.boolean_query([(Occur.Should, compiled(child)) for child in children])
        case BestOf(children):
            return Query.disjunction_max_query([compiled(child) for child in children])
        case Favouring(child, favours):
            return reduce(_favouring, map(compiled, favours), compiled(child))
        case Constant(child, score):
            return Query.const_score_query(compiled(child), score)
        case Without(child, excluded):
            return _but(compiled(child), compiled(excluded))
        case _:
            return _leaf(tree)


def _leaf(tree: Leaf) -> Query:
    match tree:
        case Term(field, token, weight) if field in TOKEN_FIELDS:
            term = Query.term_query(SCHEMA, field, token)
            return term if weight == 1 else Query.boost_query(term, weight)
        case Term(field, token, weight):
            return Query.const_score_query(Query.term_query(SCHEMA, _path(field), _value(field, token)), weight)
        case Phrase(field, tokens):
            return Query.phrase_query(SCHEMA, field, list(tokens))
        case Prefix(field, start):  # a fuzzy query without fuzziness is the only one that takes any prefix literally
            return Query.fuzzy_term_query(SCHEMA, _path(field), _value(field, start), distance=0, prefix=True)
        case Between(field) if field in INTEGERS:
            least, most = tree.whole()
            low = -_LARGEST_INTEGER - 1 if least is None else least
            high = _LARGEST_INTEGER if most is None else most
            between = Query.range_query(SCHEMA, field, FieldType.Integer, lower_bound=low, upper_bound=high)
            return Query.const_score_query(between, 0.0)
        case Between(field, low, high):
            return Query.const_score_query(_in_range(field, Range(low, high)), 0.0)
        case Missing(field):
            return Query.const_score_query(_but(Query.all_query(), Query.exists_query(_path(field))), 0.0)


def _but(query: Query, *excluded: Query) -> Query:
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, one) for one in excluded)])


def _favouring(query: Query, favour: Query) -> Query:
    """One at a time: several would be a union, whose documents the engine reads completely."""
    return Query.boolean_query([(Occur.Must, query), (Occur.Should, favour)])


def _path(field: str) -> str:
    """The field's name as the engine expects it, which treats a dot as a separator."""
    if not field.startswith(_EXTRA):
        return field
    return _EXTRA + field.removeprefix(_EXTRA).replace("\\", "\\\\").replace(".", "\\.")


def _value(field: str, value: str) -> str:
    return _extra_value(value) if field.startswith(_EXTRA) else value


def filtered(request: Request, values_of: ValuesOf, without: str = "") -> Query:
    """The request's query with its ranges and filters, except the filter of the facet ``without``."""
    conditions = [_in_range(name, bounds) for name, bounds in request.ranges.items() if bounds != Range()]
    is_narrow = not isinstance(request.query, Everything)
    for facet, values in request.filters.items():
        if facet != without:
            conditions.append(_with_value(facet, values, values_of, is_narrow=is_narrow))
    query = compiled(request.query)
    if not conditions:
        return query
    silent = [(Occur.Must, Query.const_score_query(condition, 0.0)) for condition in conditions]
    return Query.boolean_query([(Occur.Must, query), *silent])


def equal_to(field: str, value: float | None) -> Query:
    """Documents with this value; None means those without a value."""
    return compiled(Missing(field)) if value is None else _in_range(field, Range(value, value))


def ahead_of(sort: Sort, value: float | None) -> Query:
    """Documents that sort before all documents with this value."""
    if value is None:
        return Query.exists_query(sort.field)
    if sort.descending:
        return _in_range(sort.field, Range(low=math.nextafter(value, math.inf)))
    return _in_range(sort.field, Range(high=math.nextafter(value, -math.inf)))


def _in_range(name: str, bounds: Range) -> Query:
    low = -math.inf if bounds.low is None else float(bounds.low)
    high = math.inf if bounds.high is None else float(bounds.high)
    return Query.range_query(SCHEMA, name, FieldType.Float, lower_bound=low, upper_bound=high)


def _with_value(facet: str, values: Collection[str], values_of: ValuesOf, *, is_narrow: bool) -> Query:
    """Documents with one of the values, where `UNKNOWN` means no value."""
    known = _terms(facet, set(values) - {UNKNOWN})
    if len(values) == len(known) == 1:
        return known[0]
    everything, having = Query.all_query(), Query.exists_query(counted_in(facet))
    if is_narrow and facet not in VALUE_FACETS and len(every := values_of(facet)) <= len(values) + _FEW:
        return _but(everything if UNKNOWN in values else having, *_terms(facet, set(every).difference(values)))
    if UNKNOWN in values:
        return _but(everything, _but(having, *known))
    return Query.boolean_query([(Occur.Should, term) for term in known])


def _terms(facet: str, values: Collection[str]) -> list[Query]:
    if facet in VALUE_FACETS:
        found = sorted({value_key(facet, value) for value in values})
        return [Query.term_query(SCHEMA, VALUE_KEYS, value) for value in found]
    return [Query.term_query(SCHEMA, facet, value) for value in sorted(values)]


def counting(facets: Collection[str]) -> dict[str, Any]:
    """The aggregations that count the values of these facets, `UNKNOWN` for passages without a value."""
    return {facet: {"terms": {"field": counted_in(facet), "size": MOST_VALUES, "missing": UNKNOWN}} for facet in facets}


ADDING_UP: Final[dict[str, Any]] = {"seconds": {"sum": {"field": "duration"}}}
"""The aggregation that adds up durations."""


def counts_of(answer: Mapping[str, Any], facet: str) -> dict[str, int]:
    """The counts by value in the result of `counting`."""
    return merged_counts(facet, {bucket["key"]: bucket["doc_count"] for bucket in answer[facet]["buckets"]})
