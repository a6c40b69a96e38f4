"""The second page: what the whole index is made of."""

import streamlit as st


def show() -> None:
    """Everything that is on the page."""
    st.html("<p></p>")
