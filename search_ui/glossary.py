"""The *Glossary* page: the terms that the other pages use. It needs no network."""

import streamlit as st

from hearsay.glossary import GLOSSARY


def show() -> None:
    """Show the page."""
    title, _, terms = GLOSSARY.read_text(encoding="utf-8").partition("\n")
    with st.container(key="glossary"):
        st.markdown(f"#{title}\n{terms}")  # the first heading of every page is its header
