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


def audio_folders() -> tuple[Path, ...]:
    """Where the clips' audio lies, first to last: the settings' folder, else the one that load named; the inbox's."""
    named = the_settings().audio_dir or the_index().about().audio
    inbox = the_settings().inbox_dir / "audio"
    return (Path(named), inbox) if named else (inbox,)
