"""The page's one connection to the index, shared by everybody who looks at it."""

from pathlib import Path

import streamlit as st

from hearsay.config import read_settings
from indexer.index import SearchIndex
from indexer.ingest.load import BUCKET
from indexer.open import open_index
from indexer.query.planner import Finder, finder_of
from search_ui.errors import BucketOutOfReach
from search_ui.media.bucket import Bucket, open_bucket
from search_ui.media.player import AudioFolder
from search_ui.settings import PageSettings
from search_ui.transcribe.inbox import DATASET


@st.cache_resource(show_spinner=False)
def the_settings() -> PageSettings:
    return read_settings(PageSettings)


@st.cache_resource(show_spinner=False)
def the_index() -> SearchIndex:
    """The index that the settings name."""
    return open_index(the_settings())


def the_finder() -> Finder:
    """Plans searches of that index by the sound tables that there are now; `learn` may write others at any time."""
    return _finder(_when_written(the_settings().sound_tables))


@st.cache_resource(show_spinner=False, max_entries=1)
def _finder(written: int | None) -> Finder:  # noqa: ARG001 - other tables guess otherwise
    return finder_of(the_index(), the_settings())


def _when_written(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # there is none
        return None


def audio_folders() -> tuple[AudioFolder, ...]:
    """Where the clips' audio lies, first to last: the settings' folder, else the one that load named; the inbox's."""
    named = _audio_named()
    inbox = AudioFolder(the_settings().inbox_audio, DATASET)
    return (AudioFolder(Path(named)), inbox) if named and not named.startswith(BUCKET) else (inbox,)


def audio_bucket() -> Bucket | None:
    """The bucket that settings or load named in place of a folder; raises `BucketOutOfReach` where it says why."""
    named = _audio_named()
    if not named or not named.startswith(BUCKET):
        return None
    opened = _opened(named, the_settings().aws_endpoint_url)
    if isinstance(opened, BucketOutOfReach):
        raise opened
    return opened


def _audio_named() -> str | None:
    return the_settings().audio_dir or the_index().about().audio


@st.cache_resource(show_spinner=False, ttl=600, max_entries=4)
def _opened(place: str, endpoint: str | None) -> Bucket | BucketOutOfReach:
    """The bucket, or why there is none: credentials are looked for in several places, which takes a while."""
    try:
        return open_bucket(place, endpoint)
    except BucketOutOfReach as problem:
        return problem
