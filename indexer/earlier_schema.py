"""Requests to an index of an earlier schema, which is searched without the fields that it lacks."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from indexer.documents import OLDEST_SEARCHABLE, SCHEMA
from indexer.errors import HOW_TO_RELOAD, WrongRequest
from indexer.index import Range, Request
from indexer.query_tree import (
    EVERYTHING,
    NOTHING,
    AllOf,
    AnyOf,
    BestOf,
    Constant,
    Everything,
    Favouring,
    Leaf,
    Missing,
    Query,
    Without,
)
from indexer.schema import FIELDS

_SINCE: Final = {field.name: field.since for field in FIELDS}


def is_searchable(about: Mapping[str, Any]) -> bool:
    """Whether this program can search an index with this description."""
    return type(schema := about.get("schema")) is int and OLDEST_SEARCHABLE <= schema <= SCHEMA


def adapted(request: Request, schema: int) -> Request:
    """The request for an index of this schema; raises `WrongRequest` if it needs a field that the index lacks."""
    if schema == SCHEMA:
        return request
    wanted = [name for name, bounds in request.ranges.items() if bounds != Range()]
    for name in [*wanted, *([request.sort.field] if request.sort else [])]:
        if _SINCE.get(name, 0) > schema:
            raise WrongRequest(
                f"the index was made by an earlier version of Hearsay and has no field {name}; "
                f"load its files again as a new version: {HOW_TO_RELOAD}"
            )
    return replace(request, query=adapted_query(request.query, schema))


def adapted_query(tree: Query, schema: int) -> Query:
    """The same query, in which conditions on fields that an index of this schema lacks match nothing."""
    if schema == SCHEMA:
        return tree

    def of(child: Query) -> Query:
        return adapted_query(child, schema)

    match tree:
        case Everything():
            return tree
        case AllOf(children) | AnyOf(children) | BestOf(children):
            return replace(tree, children=tuple(map(of, children)))
        case Favouring(child, favours):
            return Favouring(of(child), tuple(map(of, favours)))
        case Constant(child):
            return replace(tree, child=of(child))
        case Without(child, excluded):
            return Without(of(child), of(excluded))
        case _:
            return _adapted_leaf(tree, schema)


def _adapted_leaf(leaf: Leaf, schema: int) -> Query:
    if _SINCE.get(leaf.field, 0) <= schema:
        return leaf
    return EVERYTHING if isinstance(leaf, Missing) else NOTHING
