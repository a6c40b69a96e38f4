"""The *Glossary* page: the terms that the other pages use. It needs no network."""

from typing import Final

import streamlit as st

from search_ui.static import STATIC

GLOSSARY: Final = STATIC / "glossary.md"
"""A copy of ``docs/glossary.md``, which is not part of the wheel."""


def show() -> None:
    """Show the page."""
    title, _, terms = GLOSSARY.read_text(encoding="utf-8").partition("\n")
    with st.container(key="glossary"):
        st.markdown(f"#{title}\n{terms}")  # the first heading of every page is its header
