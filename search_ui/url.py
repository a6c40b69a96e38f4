"""The search in the browser's address: read from there on every run, written there by every change.

Nothing else remembers what is looked for, so that Back, reload and a sent link show the same. Widgets follow the
address (`sync_widget`); their callbacks write it (`navigate`), and each write makes an entry in the browser's history.
"""

import json
from typing import Any

import streamlit as st

from search_ui.state import SearchState


def current_search() -> SearchState:
    """The search that the address tells of."""
    return SearchState.from_params({name: st.query_params.get_all(name) for name in st.query_params})


def navigate(state: SearchState) -> None:
    """Make this search the address's."""
    st.query_params.from_dict(state.to_params())


def replace_url(state: SearchState) -> None:
    """Make this search the address's in place of what was wrong in it: going back does not lead to that again."""
    script = f'history.replaceState(history.state, "", {json.dumps(state.address)})'
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def sync_widget(key: str, value: Any) -> str:
    """Let the widget with this key show ``value``; returns the key.

    A value that it shows already is not set again: the browser would lose what is being typed.
    """
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return key
