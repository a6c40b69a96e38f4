"""The *Insights* page: statistics and word errors of all clips, or of those that match the filters."""

from html import escape
from operator import attrgetter
from typing import Final

import streamlit as st

from hearsay.errors import HearsayError
from indexer.insights.statistics import CollectionStatistics, collect_statistics
from search_ui.connection import the_index
from search_ui.insights.agreement import agreement_html
from search_ui.insights.emotions import certainty_html, emotions_html
from search_ui.insights.error_rates import durations_html, figures, rates_html
from search_ui.insights.word_errors import word_errors_html
from search_ui.search.facets import show_chips
from search_ui.search.page import show_how_to_load, show_problem
from search_ui.search.request import request_of
from search_ui.state import SearchState
from search_ui.static import STATIC
from search_ui.url import current_search

STYLE: Final = STATIC / "insights.css"

CACHE_SECONDS: Final = 600
"""How long statistics are cached while the version and the number of passages of the index are unchanged."""


def show() -> None:
    """Show the page for the filters in the address; a query in it is ignored."""
    state = current_search().only_filters()
    st.html(STYLE)
    try:
        total = the_index().count()
        stats = _statistics(the_index().about().version, total, state)
    except HearsayError as problem:
        show_problem(problem)
        return
    show_chips(state)
    if stats.total:
        st.html(page_html(stats, state))
    elif total:
        st.info("No clip matches the filters.")
    else:
        show_how_to_load()


def page_html(stats: CollectionStatistics, state: SearchState) -> str:
    """All sections that have content."""
    sections = {
        "Durations": durations_html(stats, state),
        "Sentiments and emotions": emotions_html(stats, state),
        "Scores of the emotion model": certainty_html(stats, state),
        "Agreement of two transcripts": agreement_html(stats, state),
        "Word error rates": rates_html(stats, state),
        "Most frequent word errors": word_errors_html(stats, state),
    }
    body = "".join(f"<section><h2>{escape(title)}</h2>{html}</section>" for title, html in sections.items() if html)
    return f'<div class="insights">{figures(stats)}{body}</div>'


@st.cache_resource(
    show_spinner="Computing statistics …",
    ttl=CACHE_SECONDS,
    max_entries=20,
    hash_funcs={SearchState: attrgetter("address")},
)
def _statistics(version: str, total: int, state: SearchState) -> CollectionStatistics:  # noqa: ARG001 - part of the cache key
    return collect_statistics(the_index(), request_of(state))
