"""Searches of the page as requests to the index, and their cached results."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import streamlit as st

from indexer.errors import WrongRequest
from indexer.index import Request, SearchHits, Sort
from indexer.matching.probability import PossibleMatch
from indexer.matching.search import NONE
from indexer.passages import Passage
from indexer.query.planner import Plan
from indexer.query.similar import plan_like, plan_same, same_sentence_count
from indexer.query.suggestions import did_you_mean
from indexer.query_tree import Between
from indexer.schema import FACETS, SORTS
from search_ui.connection import the_finder, the_index, the_planner, the_settings
from search_ui.state import LONGEST_WORDS, SearchState

CACHE_SECONDS: Final = 10
"""How long results are cached; ``put`` and ``delete`` change an index without a new version. Results are cached as a
resource, which is shared and not copied, since nothing changes them."""


@dataclass(frozen=True, slots=True)
class PossibleMatches:
    """The possible matches of a search: those that are ``shown``, the most probable first, and the number of those
    ``below`` the ``least`` probability.

    ``default`` is the least probability if the address has none. ``notes`` are about the probabilities that are shown.
    """

    shown: tuple[PossibleMatch, ...]
    below: int
    least: float
    default: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of matches, the ``plan`` of the search, and its possible matches, None if it has no words that may be
    misrecognised.

    ``page`` counts from 1; it is the last page if the requested one is past the end.
    """

    plan: Plan
    result: SearchHits
    page: int
    pages: int
    possible: PossibleMatches | None


@dataclass(frozen=True, slots=True)
class Extent:
    """Properties of an index: its ``longest`` passage in seconds, whether it ``has_parts`` of longer recordings, and
    which ``numbers`` of `indexer.schema.SORTS` any passage has.
    """

    longest: float
    has_parts: bool
    numbers: frozenset[str]


def search_page(state: SearchState) -> ResultPage:
    """The results on the page of a search, or on its last page if the requested one is past the end.

    Raises `WrongRequest` if the query is too long, or if the index lacks the passage that results should be similar to.
    """
    size = the_settings().page_size
    version, plan = _planned(state)
    result, page = _answer(version, state.showing_possible(None), size, plan), state.page
    pages = max(1, ceil(result.total / size))
    if page > pages:
        result, page = _answer(version, state.showing_possible(None).on_page(pages), size, plan), pages
    return ResultPage(plan, result, page, pages, _possible(version, state, plan, result.total))


def count_results(state: SearchState) -> tuple[int, int]:
    """The numbers of matches and of possible matches of a search; raises the same errors as `search_page`."""
    version, plan = _planned(state)
    total = _total(version, _matching(state), plan)
    possible = _possible(version, state, plan, total)
    return total, len(possible.shown) if possible else 0


def possible_matches(state: SearchState) -> tuple[PossibleMatch, ...]:
    """The possible matches that a search shows; raises the same errors as `search_page`."""
    version, plan = _planned(state)
    possible = _possible(version, state, plan, _total(version, _matching(state), plan))
    return possible.shown if possible else ()


def most_probable(state: SearchState, number: int) -> list[PossibleMatch]:
    """The most probable possible matches of a search, whether or not they are shown; raises as `search_page` does."""
    version, plan = _planned(state)
    if plan.candidates is None:
        return []
    return _every_possible(version, _matching(state), plan, _total(version, _matching(state), plan))[:number]


def count_same_sentence(passage: Passage) -> int:
    """The number of clips with the same sentence as this one, including it."""
    return _count_same_sentence(the_index().about().version, passage.id, passage)


def request_of(state: SearchState) -> Request:
    """A search as a request to the index; raises the same errors as `search_page`."""
    _, plan = _planned(state)
    return _request(state, the_settings().page_size, plan)


def extent() -> Extent:
    """Properties of the whole index, independent of the search."""
    return _extent(the_index().about().version)


def spelling_suggestion(state: SearchState) -> str | None:
    """The query with a corrected spelling; None if no correction is known."""
    return _spelling_suggestion(the_index().about().version, state.words)


def _planned(state: SearchState) -> tuple[str, Plan]:
    """The version of the index, and the plan of the search."""
    if state.is_too_long:
        raise WrongRequest(
            f"a query may have up to {LONGEST_WORDS:,} characters; shorten it to the most important words"
        )
    version = the_index().about().version
    return version, _plan(version, _matching(state.without_filters()))


def _matching(state: SearchState) -> SearchState:
    """What decides which passages are matches: the search without its order, page and least probability."""
    return state.sorted_by(None).showing_possible(None)


def _possible(version: str, state: SearchState, plan: Plan, matches: int) -> PossibleMatches | None:
    if plan.candidates is None:
        return None
    default = the_finder().threshold(plan)
    least = default if state.possible is None else state.possible
    every = () if least == NONE else _every_possible(version, _matching(state), plan, matches)
    shown = tuple(one for one in every if one.probability >= least)
    notes = _notes_on_tables(version) if shown else ()
    return PossibleMatches(shown, len(every) - len(shown), least, default, notes)


def _request(state: SearchState, size: int, plan: Plan) -> Request:
    filters: Mapping[str, frozenset[str]] = {facet: frozenset(values) for facet, values in state.filters.items()}
    return Request(plan.query, filters, state.ranges, FACETS, size, state.page, state.sort, seconds=True)


def _address(state: SearchState) -> str:
    return state.address


@st.cache_resource(show_spinner=False, ttl=CACHE_SECONDS, max_entries=300, hash_funcs={SearchState: _address})
def _plan(version: str, state: SearchState) -> Plan:  # noqa: ARG001 - part of the cache key
    if state.like:
        return plan_like(the_index(), state.like)
    if state.same:
        return plan_same(the_index(), state.same)
    return the_planner().plan(state.words, state.mode)


@st.cache_resource(show_spinner=False, ttl=CACHE_SECONDS, max_entries=300, hash_funcs={SearchState: _address})
def _answer(version: str, state: SearchState, size: int, _plan: Plan) -> SearchHits:  # noqa: ARG001 - part of the cache key
    return the_index().search(_request(state, size, _plan))


@st.cache_resource(show_spinner=False, ttl=CACHE_SECONDS, max_entries=50, hash_funcs={SearchState: _address})
def _every_possible(
    version: str,  # noqa: ARG001 - part of the cache key
    state: SearchState,
    _plan: Plan,
    matches: int,
) -> list[PossibleMatch]:
    return the_finder().possible_matches(_plan, _request(state, 1, _plan), matches)


@st.cache_resource(show_spinner=False, ttl=CACHE_SECONDS, max_entries=10)
def _notes_on_tables(version: str) -> tuple[str, ...]:  # noqa: ARG001 - part of the cache key
    return the_planner().notes_on_tables()


@st.cache_resource(show_spinner=False, ttl=CACHE_SECONDS, max_entries=300, hash_funcs={SearchState: _address})
def _total(version: str, state: SearchState, _plan: Plan) -> int:  # noqa: ARG001 - part of the cache key
    return the_index().search(replace(_request(state, 1, _plan), facets=(), seconds=False)).total


@st.cache_resource(show_spinner=False, ttl=CACHE_SECONDS, max_entries=3000)
def _count_same_sentence(version: str, passage_id: str, _passage: Passage) -> int:  # noqa: ARG001 - part of the cache key
    return same_sentence_count(_passage, the_index())


@st.cache_resource(show_spinner=False, ttl=CACHE_SECONDS, max_entries=300)
def _extent(version: str) -> Extent:  # noqa: ARG001 - part of the cache key
    longest = the_index().search(Request(size=1, sort=Sort("duration", descending=True))).hits
    has_parts = the_index().count(Between("start", sys.float_info.min, None)) > 0
    numbers = frozenset(name for name in SORTS if the_index().count(Between(name, 0.0, None)))
    return Extent(max((hit.passage.row.duration or 0.0 for hit in longest), default=0.0), has_parts, numbers)


@st.cache_resource(show_spinner=False, ttl=CACHE_SECONDS, max_entries=300)
def _spelling_suggestion(version: str, words: str) -> str | None:  # noqa: ARG001 - part of the cache key
    return did_you_mean(the_planner(), words)
