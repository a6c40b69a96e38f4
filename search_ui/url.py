"""The search in the browser's address: every run reads it, and every change writes it.

It is stored nowhere else, so that Back, reload and a shared link show the same results. Widgets take their values from
the address (`sync_widget`); their callbacks write it (`navigate`), and each write adds an entry to the history.
"""

import json
from typing import Any

import streamlit as st

from search_ui.state import SearchState


def current_search() -> SearchState:
    """The search in the address."""
    return SearchState.from_params({name: st.query_params.get_all(name) for name in st.query_params})


def navigate(state: SearchState) -> None:
    """Write this search to the address."""
    st.query_params.from_dict(state.to_params())


def replace_url(state: SearchState) -> None:
    """Replace the address, which was not valid, by this search; Back does not return to it."""
    script = f'history.replaceState(history.state, "", {json.dumps(state.address)})'
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def sync_widget(key: str, value: Any) -> str:
    """Set the widget with this key to ``value``; returns the key.

    An unchanged value is not set again, because the browser would lose what is being typed.
    """
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return key
