"""Which results can be played, and a message if none can."""

from collections.abc import Iterable
from typing import Final

import streamlit as st

from hearsay.errors import StorageError
from hearsay.storage.s3 import may_be_audio
from indexer.passages import Passage
from search_ui.connection import audio_store
from search_ui.search.facets import escape_markdown

KEYS: Final = (
    '<p class="keys"><kbd>n</kbd> <kbd>p</kbd> next and previous result · <kbd>space</kbd> play or pause · '
    "<kbd>←</kbd> <kbd>→</kbd> previous and next word · <kbd>enter</kbd> play from the word</p>"
)
"""The keyboard shortcuts, below the results; hidden on devices without a keyboard."""


def playable_clips(passages: Iterable[Passage]) -> frozenset[str]:
    """The clips that can be played; if there are none, the page shows why.

    Files are looked up. Clips in a bucket are assumed to exist, because a lookup for every result takes long; if one
    is missing, the player reports it.
    """
    store = audio_store()
    clips = {passage.clip for passage in passages}
    found = frozenset(clip for clip in clips if store.find_file(clip))
    if isinstance(store.bucket, StorageError):
        st.info(escape_markdown(f"The audio cannot be played. {store.bucket}."))
    elif store.bucket:
        return found | frozenset(filter(may_be_audio, clips))
    elif not found:
        folders = " or ".join(str(folder.path) for folder in store.folders)
        advice = "Run load with --audio FOLDER, or set AUDIO_DIR; clip ids are paths relative to that folder."
        st.info(escape_markdown(f"No audio was found for these clips in {folders}. {advice}"))
    return found
