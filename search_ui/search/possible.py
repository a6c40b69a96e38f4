"""Possible matches: below the matches, in order of probability, with a slider for the least one that is shown.

They are listed on the first page only. They are few, and do not belong to a page of matches; repeated below each page,
they would look like further results. The other pages state their number, with a link.
"""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from hearsay.text.format import counted, probability
from indexer.matching.probability import PossibleMatch
from indexer.matching.search import ALL, NONE
from search_ui.connection import the_settings
from search_ui.search.audio_check import show_audio_check
from search_ui.search.hits import hits_html, link_html
from search_ui.search.request import PossibleMatches, ResultPage
from search_ui.state import SearchState
from search_ui.url import current_search, navigate, sync_widget

_KEY: Final = "possible"

_STOPS: Final = tuple(at / 20 for at in range(21))
"""The stops of the slider, besides the default."""

_LISTED: Final = "listed possible matches"
"""The address of a search whose *Show more* was clicked, and how many of its possible matches are listed since."""


def listed_possible(state: SearchState, found: ResultPage) -> tuple[PossibleMatch, ...]:
    """The possible matches that are listed below this page: as many as a page has results, more after *Show more*."""
    if found.possible is None or found.page > 1:
        return ()
    return found.possible.shown[: _listed(state)]


def show_possible(state: SearchState, found: ResultPage, items: Sequence[str]) -> None:
    """The number of possible matches; on the first page also the slider, and the list of these ``items``."""
    if (possible := found.possible) is None:
        return
    with st.container(key="possible-matches"):
        if found.page > 1:
            first = link_html("on page 1", state.on_page(1).address) if possible.shown else ""
            st.html(f'<p class="total">{heading(possible)} {first}</p>')
            return
        about = _about(state, possible, found.plan.mode)
        st.html(f'<h2 class="doubt"><span>{heading(possible)}</span></h2>{about}')
        if possible.shown or possible.below or state.possible is not None:
            _show_slider(possible)
        if items:
            st.html(hits_html(items))
        if possible.shown or possible.below:
            show_audio_check(state, found)
        if hidden := len(possible.shown) - len(items):
            more = min(hidden, the_settings().page_size)
            st.button(f"Show {more} more", key="more possible", type="tertiary", on_click=_show_more, args=(state,))


def heading(possible: PossibleMatches) -> str:
    """``1 possible match``, ``No possible matches``."""
    if possible.least == NONE:
        return "Possible matches are hidden"
    return counted(len(possible.shown), "possible match", "es") if possible.shown else "No possible matches"


def _about(state: SearchState, possible: PossibleMatches, mode: str) -> str:
    """What the probabilities are, and how many possible matches are less probable."""
    lines = [_meaning(mode)] if possible.shown else []
    if possible.below:
        fewer = counted(possible.below, "less probable one")
        verb = "is" if possible.below == 1 else "are"
        every = link_html("Show all", state.showing_possible(ALL).address)
        lines.append(f"{fewer} {verb} not shown. {every}")
    return f'<p class="total">{" ".join(lines)}</p>' if lines else ""


def _meaning(mode: str) -> str:
    if mode == "any":
        return "The number is the probability that a word was said, although none is in the transcript."
    return "The number is the probability that what you searched for was said, although it is not in the transcript."


def _show_slider(possible: PossibleMatches) -> None:
    default, least = float(probability(possible.default)), float(probability(possible.least))  # as they are shown
    st.select_slider(
        "Least probability",
        sorted({*_STOPS, default, least}),
        format_func=_label,
        key=sync_widget(_KEY, least),
        on_change=_on_slider,
        args=(default,),
        width=360,
    )


def _label(least: float) -> str:
    return {ALL: "0 (all)", NONE: "1 (none)"}.get(least, probability(least))


def _on_slider(default: float) -> None:
    least = st.session_state[_KEY]
    navigate(current_search().showing_possible(None if least == default else least))


def _listed(state: SearchState) -> int:
    address, number = st.session_state.get(_LISTED, ("", 0))
    return number if address == state.address else the_settings().page_size


def _show_more(state: SearchState) -> None:
    st.session_state[_LISTED] = (state.address, _listed(state) + the_settings().page_size)
