"""The page's one connection to the index, shared by everybody who looks at it."""

from pathlib import Path

import streamlit as st

from indexer.engines import open_index
from indexer.finding import Finder, finder_of
from indexer.index import SearchIndex
from indexer.settings import read_settings
from search_ui.settings import PageSettings


@st.cache_resource(show_spinner=False)
def the_settings() -> PageSettings:
    return read_settings(PageSettings)


@st.cache_resource(show_spinner=False)
def the_index() -> SearchIndex:
    """The index that the settings name."""
    return open_index(the_settings())


@st.cache_resource(show_spinner=False)
def the_finder() -> Finder:
    """Plans searches of that index."""
    return finder_of(the_index(), the_settings())


def audio_folder() -> Path | None:
    """The folder of the clips' audio: the settings' own, else the one that the index was loaded with."""
    named = the_settings().audio_dir or the_index().about().audio
    return Path(named) if named else None
