"""The second page: what clips are made of and how well they were heard, all or those that pass the filters."""

from html import escape
from typing import Final

import streamlit as st

from hearsay.errors import HearsayError
from indexer.insights.statistics import CollectionStatistics, collect_statistics
from search_ui.connection import the_index
from search_ui.insights.emotions import certainty_html, emotions_html
from search_ui.insights.error_rates import durations_html, figures, rates_html
from search_ui.insights.word_errors import word_errors_html
from search_ui.search.facets import escape_markdown, show_chips
from search_ui.search.page import show_how_to_load, show_trouble
from search_ui.search.request import request_of
from search_ui.state import SearchState
from search_ui.static import STATIC
from search_ui.url import current_search

STYLE: Final = STATIC / "insights.css"

SECONDS_KEPT: Final = 600
"""How long a portrait is shown again of an index whose version and number of passages are the same."""


def show() -> None:
    """Everything that is on the page, for the filters that the address tells of; its words say nothing here."""
    state = current_search().only_filters()
    st.html(STYLE)
    try:
        total = the_index().count()
        stats = _portrait(the_index().about().version, total, state)
    except HearsayError as problem:
        show_trouble(problem)
        return
    show_chips(state)
    if stats.total:
        st.html(page_html(stats, state))
    elif total:
        st.info(escape_markdown("No clip passes these filters."))
    else:
        show_how_to_load()


def page_html(stats: CollectionStatistics, state: SearchState) -> str:
    """All sections that have something to say, one under the other."""
    sections = {
        "How long they are": durations_html(stats, state),
        "How they sound": emotions_html(stats, state),
        "How sure the tagger is": certainty_html(stats, state),
        "How well they were heard": rates_html(stats, state),
        "Which words were heard wrong": word_errors_html(stats, state),
    }
    body = "".join(f"<section><h2>{escape(title)}</h2>{html}</section>" for title, html in sections.items() if html)
    return f'<div class="insights">{figures(stats)}{body}</div>'


def _address(state: SearchState) -> str:
    return state.address


@st.cache_resource(show_spinner="Counting …", ttl=SECONDS_KEPT, max_entries=20, hash_funcs={SearchState: _address})
def _portrait(version: str, total: int, state: SearchState) -> CollectionStatistics:  # noqa: ARG001 - either tells of a change
    return collect_statistics(the_index(), request_of(state))
