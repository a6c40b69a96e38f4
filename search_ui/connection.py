"""The page's connection to the index, shared by all visitors."""

from pathlib import Path

import streamlit as st

from hearsay.config import read_settings
from hearsay.errors import StorageError
from hearsay.storage.s3 import SCHEME, Bucket, connect
from indexer.index import SearchReader
from indexer.matching.search import Finder, finder_of
from indexer.open import open_reader
from indexer.query.planner import Planner
from search_ui.media.audio import AudioFolder, AudioStore
from search_ui.settings import INBOX_DATASET, PageSettings


@st.cache_resource(show_spinner=False)
def the_settings() -> PageSettings:
    """The settings of the page; raises `BadSettings`."""
    return read_settings(PageSettings)


@st.cache_resource(show_spinner=False)
def the_index() -> SearchReader:
    """The index named in the settings."""
    return open_reader(the_settings())


def the_finder() -> Finder:
    """Runs searches with the current phonetic tables, which `learn` may replace at any time."""
    return _finder(_modified(the_settings().phonetic_tables))


def the_planner() -> Planner:
    """Plans searches with the same tables."""
    return the_finder().planner


@st.cache_resource(show_spinner=False, max_entries=1)
def _finder(modified: int | None) -> Finder:  # noqa: ARG001 - part of the cache key
    return finder_of(the_index(), the_settings())


def _modified(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # no such file: the built-in tables are used
        return None


def audio_store() -> AudioStore:
    """The audio of clips: the folder or bucket in the settings, otherwise the one given to load; then the inbox."""
    settings = the_settings()
    place = settings.audio_dir or the_index().about().audio
    inbox = AudioFolder(settings.inbox_audio, INBOX_DATASET)
    if place and place.startswith(SCHEME):
        return AudioStore((inbox,), _opened(place, settings.aws_endpoint_url))
    return AudioStore((AudioFolder(Path(place)), inbox) if place else (inbox,))


@st.cache_resource(show_spinner=False, ttl=600, max_entries=4)
def _opened(place: str, endpoint: str | None) -> Bucket | StorageError:
    """The bucket, or the error; cached, because the lookup of credentials takes a while."""
    try:
        return Bucket(connect(endpoint, is_interactive=True), place)
    except StorageError as problem:
        return problem
