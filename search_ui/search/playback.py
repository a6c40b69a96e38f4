"""Which of the hits can be heard, and a sentence where none of them can."""

from collections.abc import Iterable
from typing import Final

import streamlit as st

from hearsay.errors import StorageError
from hearsay.storage.s3 import may_be_audio
from indexer.passages import Passage
from search_ui.connection import audio_store
from search_ui.search.facets import escape_markdown

KEYS: Final = (
    '<p class="keys"><kbd>n</kbd> <kbd>p</kbd> next and previous hit · <kbd>space</kbd> plays and pauses · '
    "<kbd>←</kbd> <kbd>→</kbd> from word to word, <kbd>enter</kbd> plays from there</p>"
)
"""What the keyboard does, at the foot of the hits; not shown where there is none."""


def playable_clips(passages: Iterable[Passage]) -> frozenset[str]:
    """The clips that can be heard; says on the page why, where none can.

    A file is looked for. Of a bucket it is believed, since asking it for every hit takes long: a clip that it does not
    have says so when it is played.
    """
    store = audio_store()
    clips = {passage.clip for passage in passages}
    found = frozenset(clip for clip in clips if store.find_file(clip))
    if isinstance(store.bucket, StorageError):
        st.info(escape_markdown(f"The audio cannot be played. {store.bucket}."))
    elif store.bucket:
        return found | frozenset(filter(may_be_audio, clips))
    elif not found:
        where = " or ".join(str(folder.path) for folder in store.folders)
        advice = "Load them with --audio FOLDER, or set AUDIO_DIR, to the folder that their names are relative to."
        st.info(escape_markdown(f"No audio was found for these clips under {where}. {advice}"))
    return found
