"""Asking the index: a search as the page holds it, as the index takes it and as it is answered."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import streamlit as st

from indexer.errors import WrongRequest
from indexer.index import Request, Result, Sort
from indexer.query.planner import Plan
from indexer.query.similar import plan_like, plan_same
from indexer.query.suggestions import did_you_mean
from indexer.query_tree import Between
from indexer.schema import FACETS, SORTS
from search_ui.connection import the_index, the_planner, the_settings
from search_ui.state import LONGEST_WORDS, SearchState

SECONDS_KEPT: Final = 10
"""How long an answer is given again: ``put`` and ``delete`` change a version in its place. It is kept as a resource,
which is not copied for everybody who asks, since nobody changes it."""


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of an answer, and the ``plan`` that it was found by.

    ``page`` counts from 1 and may be less than was asked for, where that lay past the end. Certainty ends before the
    hit at ``certain``, 0 where it ended before this page, None where all of it is certain or sorted by something else.
    """

    plan: Plan
    result: Result
    page: int
    pages: int
    certain: int | None


@dataclass(frozen=True, slots=True)
class Extent:
    """What an index holds: its ``longest`` passage in seconds, parts of longer recordings, and the ``numbers`` of
    `indexer.schema.SORTS` that any passage has.
    """

    longest: float
    has_parts: bool
    numbers: frozenset[str]


def search_page(state: SearchState) -> ResultPage:
    """The hits of a state's page, or of the last page where the state's is past the end.

    Raises `WrongRequest` for endless words, and where a passage that others should be like is not in the index.
    """
    size = the_settings().page_size
    version, plan = _planned(state)
    result, page = _answer(version, state, size, plan), state.page
    pages = max(1, ceil(result.total / size))
    if page > pages:
        result, page = _answer(version, state.on_page(pages), size, plan), pages
    doubted = (at for at, hit in enumerate(result.hits) if not plan.is_certain(hit))
    uncertain = None if state.sort else next(doubted, None)
    return ResultPage(plan, result, page, pages, uncertain)


def count_hits(state: SearchState) -> int:
    """How many hits a state's search has; raises what `search_page` does."""
    version, plan = _planned(state)
    return _total(version, state.sorted_by(None), plan)


def request_of(state: SearchState) -> Request:
    """A state's search as the index takes it; raises what `search_page` does."""
    _, plan = _planned(state)
    return _request(state, the_settings().page_size, plan)


def extent() -> Extent:
    """What the whole index holds, whatever is looked for."""
    return _extent(the_index().about().version)


def spelling_suggestion(state: SearchState) -> str | None:
    """What may have been meant by the words; None where there is nothing better."""
    return _spelling_suggestion(the_index().about().version, state.words)


def _planned(state: SearchState) -> tuple[str, Plan]:
    """The version that is asked, and how."""
    if state.is_too_long:
        raise WrongRequest(f"a search takes up to {LONGEST_WORDS:,} characters; shorten it to what matters most")
    version = the_index().about().version
    return version, _plan(version, state.without_filters().sorted_by(None))


def _request(state: SearchState, size: int, plan: Plan) -> Request:
    filters: Mapping[str, frozenset[str]] = {facet: frozenset(values) for facet, values in state.filters.items()}
    return Request(plan.query, filters, state.ranges, FACETS, size, state.page, state.sort, seconds=True)


def _address(state: SearchState) -> str:
    return state.address


@st.cache_resource(show_spinner=False, ttl=SECONDS_KEPT, max_entries=300, hash_funcs={SearchState: _address})
def _plan(version: str, state: SearchState) -> Plan:  # noqa: ARG001 - a new version has other words
    if state.like:
        return plan_like(the_index(), state.like)
    if state.same:
        return plan_same(the_index(), state.same)
    return the_planner().plan(state.words, state.mode)


@st.cache_resource(show_spinner=False, ttl=SECONDS_KEPT, max_entries=300, hash_funcs={SearchState: _address})
def _answer(version: str, state: SearchState, size: int, _plan: Plan) -> Result:  # noqa: ARG001 - as above
    return the_index().search(_request(state, size, _plan))


@st.cache_resource(show_spinner=False, ttl=SECONDS_KEPT, max_entries=300, hash_funcs={SearchState: _address})
def _total(version: str, state: SearchState, _plan: Plan) -> int:  # noqa: ARG001 - as above
    return the_index().search(replace(_request(state, 1, _plan), facets=(), seconds=False)).total


@st.cache_resource(show_spinner=False, ttl=SECONDS_KEPT, max_entries=300)
def _extent(version: str) -> Extent:  # noqa: ARG001 - as above
    longest = the_index().search(Request(size=1, sort=Sort("duration", falling=True))).hits
    has_parts = the_index().count(Between("start", sys.float_info.min, None)) > 0
    numbers = frozenset(name for name in SORTS if the_index().count(Between(name, 0.0, None)))
    return Extent(max((hit.passage.row.duration or 0.0 for hit in longest), default=0.0), has_parts, numbers)


@st.cache_resource(show_spinner=False, ttl=SECONDS_KEPT, max_entries=300)
def _spelling_suggestion(version: str, words: str) -> str | None:  # noqa: ARG001 - as above
    return did_you_mean(the_planner(), words)
