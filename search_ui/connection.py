"""The page's one connection to the index, shared by everybody who looks at it."""

from pathlib import Path

import streamlit as st

from hearsay.config import read_settings
from hearsay.errors import StorageError
from hearsay.storage.s3 import SCHEME, Bucket, connect
from indexer.index import SearchReader
from indexer.open import open_reader
from indexer.query.planner import Planner, planner_of
from search_ui.media.audio import AudioFolder, AudioStore
from search_ui.settings import INBOX_DATASET, PageSettings


@st.cache_resource(show_spinner=False)
def the_settings() -> PageSettings:
    return read_settings(PageSettings)


@st.cache_resource(show_spinner=False)
def the_index() -> SearchReader:
    """The index that the settings name."""
    return open_reader(the_settings())


def the_planner() -> Planner:
    """Plans searches of that index by the sound tables that there are now; `learn` may write others at any time."""
    return _finder(_when_written(the_settings().sound_tables))


@st.cache_resource(show_spinner=False, max_entries=1)
def _finder(written: int | None) -> Planner:  # noqa: ARG001 - other tables guess otherwise
    return planner_of(the_index(), the_settings())


def _when_written(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # there is none
        return None


def audio_store() -> AudioStore:
    """Where the clips' audio lies: the folder or bucket of the settings, else the one that load named; the inbox."""
    settings = the_settings()
    place = settings.audio_dir or the_index().about().audio
    inbox = AudioFolder(settings.inbox_audio, INBOX_DATASET)
    if place and place.startswith(SCHEME):
        return AudioStore((inbox,), _opened(place, settings.aws_endpoint_url))
    return AudioStore((AudioFolder(Path(place)), inbox) if place else (inbox,))


@st.cache_resource(show_spinner=False, ttl=600, max_entries=4)
def _opened(place: str, endpoint: str | None) -> Bucket | StorageError:
    """The bucket, or why there is none: credentials are looked for in several places, which takes a while."""
    try:
        return Bucket(connect(endpoint, is_interactive=True), place)
    except StorageError as problem:
        return problem
