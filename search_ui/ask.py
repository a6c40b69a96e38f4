"""Asking the index: a search as the page holds it, as the index takes it and as it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from indexer.errors import WrongRequest
from indexer.fields import FACETS
from indexer.finding import Plan
from indexer.index import Request, Result
from indexer.modes import DEFAULT_MODE
from search_ui.connection import the_finder, the_index, the_settings
from search_ui.state import ANY_DURATION, LONGEST_WORDS, SearchState

MODE: Final = DEFAULT_MODE
"""How words are found; the page offers no choice while there is one way to choose from."""

SECONDS_KEPT: Final = 10
"""How long an answer is given again: ``put`` and ``delete`` change a version in its place."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of an answer: ``page`` counts from 1 and may be less than was asked for, where that lay past the end."""

    result: Result
    page: int
    pages: int


def request_of(state: SearchState, size: int) -> Request:
    """The request for one page of hits with the counts of all facets; raises `WrongRequest` for endless words."""
    if state.is_too_long:
        raise WrongRequest(f"a search takes up to {LONGEST_WORDS:,} characters; shorten it to what matters most")
    filters: Mapping[str, frozenset[str]] = {facet: frozenset(values) for facet, values in state.filters.items()}
    ranges = {"duration": state.duration} if state.duration != ANY_DURATION else {}
    return Request(plan_of(state).query, filters, ranges, FACETS, size, state.page)


def plan_of(state: SearchState) -> Plan:
    """How a state's words are searched for, with what explains each hit."""
    return the_finder().plan(state.words, MODE)


def ask(state: SearchState) -> Found:
    """The hits of a state's page, or of the last page where the state's is past the end."""
    size = the_settings().page_size
    version = the_index().about().version
    result = _answer(version, state, size)
    pages = max(1, ceil(result.total / size))
    if state.page > pages:
        return Found(_answer(version, state.on_page(pages), size), pages, pages)
    return Found(result, state.page, pages)


def _address(state: SearchState) -> str:
    return urlencode(state.to_params(), doseq=True)


@st.cache_data(show_spinner=False, ttl=SECONDS_KEPT, max_entries=300, hash_funcs={SearchState: _address})
def _answer(version: str, state: SearchState, size: int) -> Result:  # noqa: ARG001 - a new version is another answer
    return the_index().search(request_of(state, size))
